"""SFTP servers that are away, are others than they were, or hold two files of one name."""

from pathlib import Path
from typing import Any

import pytest

from adapters.sdk.errors import FeedMisconfigured
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import impatient, until
from tests.adapters.transports.stage import reading
from tests.adapters.transports.store_senders import QUICK, sftp_server


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Return the folder as the server has it."""
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


async def test_the_same_name_twice_keeps_both_files(
    city_home: Home, plan: BusPlan, tmp_path: Path, inbox: Path
) -> None:
    """What lies in done is not overwritten."""
    async with sftp_server(tmp_path, city_home.path) as (port, options):
        source = f"sftp://legacy@127.0.0.1:{port}/in"
        async with impatient(city_home, plan, source, **QUICK, **options) as feed:
            (inbox / "a").write_bytes(reading("one"))
            await until((inbox / "done" / "a").exists)
            (inbox / "a").write_bytes(reading("other"))
            await until((inbox / "done" / "a.1").exists)

            assert (inbox / "done" / "a").read_bytes() == reading("one")
            assert feed.ledger.stored == 2


async def test_a_server_that_was_away_is_read_when_it_is_back(
    city_home: Home, plan: BusPlan, tmp_path: Path, inbox: Path
) -> None:
    """The feed says that it is away; the connection is made anew."""
    async with sftp_server(tmp_path, city_home.path) as (port, options):
        source = f"sftp://legacy@127.0.0.1:{port}/in"
        async with impatient(city_home, plan, source, **QUICK, **options) as feed:
            (inbox / "a").write_bytes(reading("one"))
            await until((inbox / "done" / "a").exists)
            feed.transport._folder._connection.abort()
            (inbox / "b").write_bytes(reading("other"))
            await until((inbox / "done" / "b").exists)

            assert feed.ledger.stored == 2


async def test_a_server_with_another_key_is_not_read(
    city_home: Home, plan: BusPlan, tmp_path: Path, inbox: Path
) -> None:
    """Anyone can listen at an address; only the server has its key."""
    async with sftp_server(tmp_path, city_home.path) as (port, options):
        known = city_home.path / "known_hosts"
        async with sftp_server(tmp_path, city_home.path):
            pass
        other = known.read_text().split(" ", 1)[1]
        known.write_text(f"[127.0.0.1]:{port} {other}")
        (inbox / "a").write_bytes(reading("one"))
        source = f"sftp://legacy@127.0.0.1:{port}/in"
        async with impatient(city_home, plan, source, **QUICK, **options) as feed:
            await until(lambda: "Host key is not trusted" in feed.error)

            assert (inbox / "a").exists()
            assert feed.ledger.received == 0


async def test_a_server_whose_key_is_not_known_is_refused(city_home: Home, plan: BusPlan) -> None:
    """There is no trust at first sight."""
    tried: tuple[tuple[str, dict[str, Any]], ...] = (
        ("sftp://legacy@127.0.0.1/in", {}),
        ("sftp://127.0.0.1/in", {"known_hosts": "known_hosts"}),
    )
    for source, options in tried:
        with pytest.raises(FeedMisconfigured, match="without a user or without its key"):
            async with impatient(city_home, plan, source, **options):
                pytest.fail("it started")
