"""Which agencies a bus can have."""

import pytest

from broker.errors import PlanWrong
from broker.plan import BusPlan, stream_name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Water",
        "1water",
        "_water",
        "-water",
        "wa.ter",
        "wa ter",
        "water*",
        ">",
        "*",
        "water\n",
        "水务",
        'water"',
        "../water",
        "w" * 33,
    ],
)
def test_a_malformed_name_is_refused(name: str) -> None:
    """It would be a token of subjects, part of permissions and the name of files."""
    with pytest.raises(PlanWrong, match="the name is malformed; a name is"):
        BusPlan(agencies=("police", name))


@pytest.mark.parametrize("name", ["admin", "ca", "console", "gateway", "hub", "nats", "ops", "sys"])
def test_a_name_of_the_bus_itself_is_refused(name: str) -> None:
    """Its keys and certificates would be somebody else's."""
    with pytest.raises(PlanWrong, match="own"):
        BusPlan(agencies=(name,))


@pytest.mark.parametrize("second", ["fire-brigade", "fire_brigade"])
def test_agencies_that_would_share_an_account_are_refused(second: str) -> None:
    """A hyphen and an underscore make the same account."""
    with pytest.raises(PlanWrong, match="twice"):
        BusPlan(agencies=("fire-brigade", "water", second))


@pytest.mark.parametrize("name", ["w", "water", "water2", "fire-brigade", "fire_brigade", "w" * 32])
def test_a_good_name_is_taken(name: str) -> None:
    """Its account is called like it, in capitals."""
    plan = BusPlan(agencies=(name,))

    assert plan.agencies == (name,)
    assert stream_name(name) == name.upper().replace("-", "_")
