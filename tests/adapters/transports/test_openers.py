"""Sources that no transport opens, and options that none has."""

import pytest

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports.address import host_and_port, joined, peer_name, public
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import impatient


async def test_a_scheme_that_nobody_opens_is_told_with_those_that_are_opened(
    city_home: Home, plan: BusPlan
) -> None:
    """The sentence lists them, and shows no secret."""
    with pytest.raises(FeedMisconfigured, match="no transport opens 'gopher://host/'") as caught:
        async with impatient(city_home, plan, "gopher://user:secret@host/?key=secret"):
            pytest.fail("it started")

    assert "secret" not in str(caught.value)
    for scheme in ("drop", "http-listen", "mllp", "mqtts", "sftp", "sql", "tcp-connect", "udp"):
        assert scheme in str(caught.value)


async def test_an_option_that_a_transport_does_not_have_is_told(
    city_home: Home, plan: BusPlan
) -> None:
    """So is one of the wrong type."""
    for options in ({"patience": 3}, {"max_waiting": "many"}):
        with pytest.raises(FeedMisconfigured, match=r"\[feed.transport\] is not right"):
            async with impatient(city_home, plan, "tcp://127.0.0.1:0", **options):
                pytest.fail("it started")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host:8443/a/b?key=1", "https://host:8443/a/b"),
        ("https://host", "https://host"),
        ("https://host/a@b?x=y@z", "https://host/a@b"),
        ("https://us@er:pa@ss@host/a", "https://host/a"),
        ("https://host?key=a/b@c", "https://host"),
        ("drop:inbox/water", "drop:inbox/water"),
        ("sql+postgresql+psycopg://u:p@host/db", "sql+postgresql+psycopg://host/db"),
        ("tcp://127.0.0.1:7212", "tcp://127.0.0.1:7212"),
    ],
)
def test_a_source_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """User, password and query are nobody's business."""
    assert public(url) == shown


def test_addresses_of_the_sixth_version_stand_in_brackets() -> None:
    """As URLs want it."""
    assert host_and_port("feed", "tcp://[::1]:7212") == ("::1", 7212)
    assert joined("tcp", "::1", 7212) == "tcp://[::1]:7212"
    assert peer_name(("::1", 7212, 0, 0)) == "[::1]:7212"
    assert peer_name(None) == "unknown"
