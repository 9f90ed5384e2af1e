"""The quarantine, against the real server: what goes in comes out, whoever put it there."""

import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.errors import RecordTooLarge, StreamUnavailable
from broker.home import Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.quarantine import (
    Kept,
    QuarantineEntry,
    entries,
    feeds_held,
    outgoing,
    remove,
)
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import quarantine_subject
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
STREAM = "QUARANTINE_WATER"


def entry(feed: str, raw: bytes, reason: str = "stage: no number") -> QuarantineEntry:
    """Make an entry."""
    return QuarantineEntry(
        agency="water",
        feed=feed,
        raw=raw,
        cause="crc",
        reason=reason,
        received_at=datetime(2026, 6, 15, 18, 0, tzinfo=timezone(timedelta(hours=8))),
        source="192.0.2.7:40000",
        adapter="water/sl651 1",
    )


@pytest.fixture
def feed() -> str:
    """Return a feed that no other test uses."""
    return f"water.{uuid.uuid4().hex}"


async def held(bus: Bus, feed: str) -> list[QuarantineEntry]:
    """Read a feed's quarantine."""
    return [one async for one in entries(bus, "water", feed)]


async def test_an_entry_comes_back_as_it_was(bus_of: Connect, feed: str) -> None:
    """Bytes of any kind, a reason in any script with line breaks, times in UTC."""
    given = entry(feed, bytes(range(256)), "水位: %2E\r\nForged: 1 — 期望数字")
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(outgoing(given, f"{feed}-1"))

        (found,) = await held(bus, feed)

    assert found.sequence is not None
    assert found == QuarantineEntry(
        agency="water",
        feed=feed,
        raw=given.raw,
        cause=given.cause,
        reason=given.reason,
        received_at=datetime(2026, 6, 15, 10, 0, tzinfo=UTC),
        source=given.source,
        adapter=given.adapter,
        sequence=found.sequence,
    )


async def test_entries_of_all_feeds_come_in_the_order_of_their_arrival(
    bus_of: Connect, feed: str
) -> None:
    """However the feeds are called, the first to come is the first to be read."""
    feeds = [f"{feed}z", f"{feed}a", f"{feed}m.x", f"{feed}a"]
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        for number, name in enumerate(feeds):
            await publisher.publish(outgoing(entry(name, b"%d" % number), f"{feed}-{number}"))

        everything = [one async for one in entries(bus, "water")]

    mine = [one for one in everything if one.feed.startswith(feed)]
    assert [(one.feed, one.raw) for one in mine] == [
        (name, b"%d" % number) for number, name in enumerate(feeds)
    ]
    sequences = [one.sequence or 0 for one in everything]
    assert sequences == sorted(sequences)


@pytest.mark.parametrize("headers", [b"", b"Liandong-Received: yesterday\r\n"])
async def test_an_entry_without_our_headers_is_read_all_the_same(
    bus_of: Connect, feed: str, headers: bytes
) -> None:
    """Somebody put it there by hand: its bytes are kept, its time is that of storing."""
    before = datetime.now(UTC) - timedelta(minutes=1)
    raw = Outgoing(f"quarantine.water.{feed}", b"by hand", f"{feed}-1", headers)
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(raw)

        found = [one async for one in entries(bus, "water") if one.feed == feed]

    assert [(one.raw, one.cause) for one in found] == [(b"by hand", "untold")]
    assert "did not say why" in found[0].reason
    assert before < found[0].received_at < datetime.now(UTC) + timedelta(minutes=1)


async def test_operators_read_the_quarantine_and_add_nothing(bus_of: Connect, feed: str) -> None:
    """The reader of an agency sees what the agency stored."""
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(outgoing(entry(feed, b"x"), f"{feed}-1"))
    async with bus_of("ops.water") as bus:
        assert [one.raw for one in await held(bus, feed)] == [b"x"]


async def test_a_long_reason_counts_towards_the_size(bus_of: Connect, feed: str) -> None:
    """Headers are part of a message: what is too large with them is refused unsent."""
    large = outgoing(entry(feed, bytes((1 << 20) - 4096), "水" * 2000), f"{feed}-1")
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        with pytest.raises(RecordTooLarge):
            await publisher.publish(large)

        await publisher.publish(outgoing(entry(feed, bytes((1 << 20) - 4096)), f"{feed}-2"))

        assert len(await held(bus, feed)) == 1


async def test_what_is_kept_of_a_message_and_what_stands_before_it_come_back(
    bus_of: Connect, feed: str
) -> None:
    """A header of any bytes, and that the bytes are not the whole message."""
    given = msgspec.structs.replace(
        entry(feed, b"row"), kept=Kept.CONCEALED, opening=bytes(range(256))
    )
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(outgoing(given, f"{feed}-1"))

        (found,) = await held(bus, feed)

    assert (found.kept, found.opening, found.counted) == (Kept.CONCEALED, given.opening, True)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [(b"Liandong-Kept: otherwise\r\n", Kept.CUT), (b"Liandong-Opening: =?\r\n", Kept.WHOLE)],
)
async def test_headers_of_a_later_version_or_a_forger_do_no_harm(
    bus_of: Connect, feed: str, headers: bytes, kept: Kept
) -> None:
    """What is not understood is not taken for a whole message; nobody's books count it."""
    raw = Outgoing(quarantine_subject("water", feed), b"x", f"{feed}-1", headers)
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(raw)

        (found,) = await held(bus, feed)

    assert (found.kept, found.opening, found.counted) == (kept, b"", False)


async def test_a_part_is_read_by_numbers_and_without_its_bytes(bus_of: Connect, feed: str) -> None:
    """From one number to another; the headers are all there."""
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        for number in range(4):
            await publisher.publish(outgoing(entry(feed, b"%d" % number), f"{feed}-{number}"))
        start, upto = [one.sequence or 0 for one in await held(bus, feed)][1:3]

        part = [
            one
            async for one in entries(bus, "water", feed, start=start, upto=upto, headers_only=True)
        ]

    assert [(one.sequence, one.raw, one.cause) for one in part] == [
        (start, b"", "crc"),
        (upto, b"", "crc"),
    ]


async def test_an_agency_deletes_entries_of_its_quarantine_again_and_again(
    bus_of: Connect, feed: str
) -> None:
    """What is gone stays so, which is no error: whoever died in the middle is followed."""
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        for number in range(3):
            await publisher.publish(outgoing(entry(feed, b"%d" % number), f"{feed}-{number}"))
        sequences = [one.sequence or 0 for one in await held(bus, feed)]

        await remove(bus, "water", sequences[:2])
        await remove(bus, "water", sequences[:2])

        assert [one.raw for one in await held(bus, feed)] == [b"2"]
        assert (await feeds_held(bus, "water"))[feed] == 1


async def test_a_quarantine_that_is_empty_again_may_be_emptied_again(tmp_path: Path) -> None:
    """First, last and all: the server refuses each in other words, and all of them are gone."""
    home, plan = Home(tmp_path), small_plan(("water",))
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            Publisher(bus, STREAM) as publisher,
        ):
            await remove(bus, "water", [1])
            for number in range(5):
                await publisher.publish(outgoing(entry("x", b"%d" % number), f"{number}"))
            for gone in ([5], [1], [5, 1], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 6]):
                await remove(bus, "water", gone)

            assert [one async for one in entries(bus, "water")] == []
            assert await feeds_held(bus, "water") == {}


async def test_operators_delete_nothing(bus_of: Connect, feed: str) -> None:
    """They read; the refusal is told at once."""
    async with bus_of("water") as bus, Publisher(bus, STREAM) as publisher:
        await publisher.publish(outgoing(entry(feed, b"x"), f"{feed}-1"))
        (one,) = await held(bus, feed)
    async with bus_of("ops.water") as bus:
        with pytest.raises(StreamUnavailable, match="may not publish"):
            await remove(bus, "water", [one.sequence or 0])

        assert len(await held(bus, feed)) == 1
