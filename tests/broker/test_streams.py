"""The streams are made what their definitions say, against the real server."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from nats.js.api import StorageType, StreamConfig

from broker.accounts import hub_room
from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.errors import PublishRefused, StreamsDiffer
from broker.home import Home
from broker.outgoing import Outgoing, Stored
from broker.plan import MEBIBYTE, BusPlan
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from tests.conftest import small_plan


@pytest.fixture
def plan() -> BusPlan:
    """Return the plan of a bus of the test's own, with a small quarantine."""
    return msgspec.structs.replace(small_plan(("water",)), quarantine_bytes=MEBIBYTE)


@pytest.fixture
async def home(tmp_path: Path, plan: BusPlan) -> AsyncIterator[Home]:
    """Run a server of the test's own, with every stream."""
    made = Home(tmp_path / "home")
    async with EmbeddedServer(made, plan):
        assert await reconcile(made, plan) == [
            f"added stream {name}"
            for name in (
                "WATER",
                "QUARANTINE_WATER",
                "FEEDS_WATER",
                "KV_checkpoints",
                "CITY",
                "FEEDS",
                "AUDIT",
            )
        ]
        yield made


async def test_a_second_run_changes_nothing(home: Home, plan: BusPlan) -> None:
    """What is as defined stays untouched."""
    assert await reconcile(home, plan) == []


async def test_a_changed_limit_is_applied_and_told(home: Home, plan: BusPlan) -> None:
    """One sentence for each stream says what changed of it."""
    other = msgspec.structs.replace(plan, agency_bytes=48 * MEBIBYTE, history=16)

    assert await reconcile(home, other) == [
        "changed max_bytes of stream WATER",
        "changed max_msgs_per_subject of stream CITY",
    ]
    async with Bus(BusSettings.of(home, plan, "admin.water")) as bus:
        assert (await bus.js.stream_info("WATER")).config.max_bytes == 48 * MEBIBYTE
    assert await reconcile(home, other) == []


async def test_limits_that_are_lowered_reach_streams_that_were_promised_more(
    tmp_path: Path,
) -> None:
    """The server starts with what they have; once they have less, so has their account."""
    home = Home(tmp_path / "home")
    large = msgspec.structs.replace(
        small_plan(("water",)), agency_bytes=1024 * MEBIBYTE, city_bytes=1024 * MEBIBYTE
    )
    small = msgspec.structs.replace(
        large, agency_bytes=16 * MEBIBYTE, city_bytes=64 * MEBIBYTE, quarantine_bytes=16 * MEBIBYTE
    )
    async with EmbeddedServer(home, large):
        await reconcile(home, large)

    async with EmbeddedServer(home, small):
        changed = await reconcile(home, small)
    async with EmbeddedServer(home, small):
        changed_again = await reconcile(home, small)

    assert changed == [
        "changed max_bytes of stream WATER",
        "changed max_bytes of stream QUARANTINE_WATER",
        "changed max_bytes of stream CITY",
    ]
    assert changed_again == []
    assert f"max_file_store: {hub_room(small).disk}\n" in home.nats_config.read_text()


async def test_a_change_that_cannot_be_made_is_told(home: Home, plan: BusPlan) -> None:
    """Storage is for good: the sentence names the stream, the difference and the way out."""
    async with Bus(BusSettings.of(home, plan, "admin.water")) as bus:
        await bus.js.delete_stream("FEEDS_WATER")
        await bus.js.add_stream(
            StreamConfig(
                name="FEEDS_WATER",
                subjects=["feed.water.>"],
                storage=StorageType.MEMORY,
                max_bytes=MEBIBYTE,
            )
        )

    with pytest.raises(StreamsDiffer, match=r"FEEDS_WATER differs .* storage.* restore the def"):
        await reconcile(home, plan)


async def test_a_stream_that_cannot_be_made_is_told(home: Home, plan: BusPlan) -> None:
    """Another one holds its subjects: the server's reason is in the sentence."""
    async with Bus(BusSettings.of(home, plan, "admin.water")) as bus:
        await bus.js.delete_stream("FEEDS_WATER")
        await bus.js.add_stream(
            StreamConfig(name="OTHER", subjects=["feed.water.x"], max_bytes=MEBIBYTE)
        )

    with pytest.raises(StreamsDiffer, match=r"FEEDS_WATER is not there .* overlap"):
        await reconcile(home, plan)


async def test_ids_are_not_compared_across_agencies(home: Home, plan: BusPlan) -> None:
    """A city that was laid out to compare them is changed."""
    async with Bus(BusSettings.of(home, plan, "admin.hub")) as bus:
        config = (await bus.js.stream_info("CITY")).config
        config.duplicate_window = 600
        await bus.js.update_stream(config)

        assert await reconcile(home, plan) == ["changed duplicate_window of stream CITY"]
        assert not (await bus.js.stream_info("CITY")).config.duplicate_window


async def test_a_full_quarantine_refuses_and_keeps_what_it_has(home: Home, plan: BusPlan) -> None:
    """What fits is stored, the rest is told at once: trying again would be of no use."""
    messages = [Outgoing("quarantine.water.x", bytes(100_000), uuid.uuid4().hex) for _ in range(20)]
    settings = BusSettings.of(home, plan, "water")
    async with Bus(settings) as bus, Publisher(bus, "QUARANTINE_WATER", budget_s=1e6) as publisher:
        results = await publisher.publish_all(messages)

        stored = [type(result) for result in results].index(PublishRefused)
        assert 0 < stored < 20
        assert all(isinstance(result, Stored) for result in results[:stored])
        assert all(isinstance(result, PublishRefused) for result in results[stored:])
        assert (
            str(results[-1])
            == "JetStream refused the message: maximum bytes exceeded (error 10077)"
        )
        held = [d.sequence async for d in scan(bus, "QUARANTINE_WATER", ">", headers_only=True)]
        assert len(held) == stored


def test_every_stream_has_a_limit_and_survives_a_restart(plan: BusPlan) -> None:
    """None grows without bound or lies in memory."""
    for stream in definitions(plan):
        assert stream.config.max_bytes
        assert stream.config.storage == StorageType.FILE


def test_the_hub_takes_from_each_agency_by_subject(plan: BusPlan) -> None:
    """A source without a filter would take whatever an agency's stream holds."""
    sources = [s for stream in definitions(plan) for s in stream.config.sources or []]

    assert [source.filter_subject for source in sources] == ["share.water.>", "feed.water.>"]
