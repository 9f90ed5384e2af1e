"""What the audit of a feed's books finds, against real streams that somebody meddles with."""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.sdk.audit import audit
from adapters.sdk.feed import FeedConfig
from adapters.sdk.hours import HOUR_S
from adapters.sdk.journal import Journal, beginning, take_up
from adapters.sdk.ledger import Ledger, Settling
from adapters.sdk.stamp import FEED_HEADER, HOUR_HEADER, REDRIVEN_HEADER
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outgoing import Outgoing, Stored, header_lines
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, outgoing
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.users import admin, feeds_stream, quarantine_stream
from tests.conftest import small_plan

NOW = datetime.now(UTC)
HOUR = int(NOW.timestamp()) // HOUR_S
BEFORE = HOUR - 3


def spoken(hour: int) -> str:
    """Return an hour as findings say it."""
    return f"{datetime.fromtimestamp(hour * HOUR_S, UTC):%Y-%m-%d %H}h UTC"


@dataclass
class Desk:
    """A feed's books, and the bus that they are about."""

    bus: Bus
    records: Publisher
    entries: Publisher
    states: Publisher
    home: Home
    plan: BusPlan
    feed: FeedConfig
    ledger: Ledger

    def record(self, hour: int, feed: str = "", size: int = 10, **more: str) -> Outgoing:
        """Make a record that arrived in an hour."""
        lines = {FEED_HEADER: feed or self.feed.id, HOUR_HEADER: str(hour), **more}
        identity = uuid.uuid4().hex
        return Outgoing(
            f"share.water.water.level.{identity}", bytes(size), identity, header_lines(lines)
        )

    async def store(self, messages: Sequence[Outgoing]) -> list[int]:
        """Store messages; return their sequences."""
        results = await self.records.publish_all(messages)
        return [result.sequence or 0 for result in results if isinstance(result, Stored)]

    async def take(self, hour: int, count: int, size: int = 10) -> list[int]:
        """Receive records in an hour, store and count them; return their sequences."""
        self.ledger.receive(count, NOW, hour)
        sequences = await self.store([self.record(hour, size=size) for _ in range(count)])
        self.ledger.settle(Settling(hour, stored=tuple(sequences)))
        return sequences

    async def refuse(self, count: int) -> list[int]:
        """Receive messages that go to quarantine; return the entries' sequences."""
        self.ledger.receive(count, NOW, HOUR)
        facts: dict[str, Any] = {
            "agency": "water",
            "cause": "crc",
            "reason": "wrong",
            "received_at": NOW,
        }
        made = [
            outgoing(QuarantineEntry(feed=self.feed.id, raw=b"x", **facts), uuid.uuid4().hex)
            for _ in range(count)
        ]
        results = await self.entries.publish_all(made)
        sequences = [r.sequence or 0 for r in results if isinstance(r, Stored)]
        self.ledger.settle(Settling(HOUR, quarantined=tuple(sequences)))
        return sequences

    async def remove(self, stream: str, sequence: int) -> None:
        """Remove a message from a stream, as its administrator."""
        async with Bus(BusSettings.of(self.home, self.plan, admin("WATER"))) as bus:
            await bus.js.delete_msg(stream, sequence)

    async def findings(self) -> list[str]:
        """Tell the state, and audit it."""
        await Journal(self.states, self.feed, self.ledger).tell()
        return [*(await audit(self.bus, "water", self.feed.id)).findings]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Open books on a server of their own, whose stream holds a mebibyte."""
    home = Home(tmp_path / "home")
    plan = msgspec.structs.replace(small_plan(("water",)), agency_bytes=1 << 20)
    feed = FeedConfig(id="water.stage", adapter="water/stage", agency="water", source="tcp://h:1")
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            Publisher(bus, "WATER") as records,
            Publisher(bus, quarantine_stream("water")) as entries,
            Publisher(bus, feeds_stream("water")) as states,
        ):
            ledger = Ledger(beginning(feed, "1", feed.source))
            yield Desk(bus, records, entries, states, home, plan, feed, ledger)


async def test_books_that_balance_have_no_findings(desk: Desk) -> None:
    """Other feeds' records, and what was driven out of the quarantine, are not theirs."""
    await desk.take(BEFORE, 5)
    await desk.store([desk.record(HOUR, feed="water.other")])
    redriven: dict[str, Any] = {REDRIVEN_HEADER: "7"}
    await desk.store([desk.record(HOUR, **redriven)])
    await desk.take(HOUR, 7)
    await desk.refuse(2)

    assert await desk.findings() == []


async def test_a_record_that_was_removed_is_missed_in_its_hour(desk: Desk) -> None:
    """In all, and in the hour in which it had arrived."""
    await desk.take(BEFORE, 5)
    sequences = await desk.take(HOUR, 7)
    await desk.remove("WATER", sequences[3])

    assert await desk.findings() == [
        "the books say 12 stored, the stream holds 11",
        f"of {spoken(HOUR)} the books say 7 stored, the stream holds 6",
    ]


@pytest.mark.parametrize("hour", [HOUR, BEFORE, HOUR - 1])
async def test_a_record_that_was_invented_is_found_in_its_hour(desk: Desk, hour: int) -> None:
    """Also in an hour of which the books know nothing."""
    await desk.take(BEFORE, 5)
    await desk.store([desk.record(hour)])
    await desk.take(HOUR, 7)
    there = {BEFORE: 5, HOUR: 7}.get(hour, 0)

    assert await desk.findings() == [
        "the books say 12 stored, the stream holds 13",
        f"of {spoken(hour)} the books say {there} stored, the stream holds {there + 1}",
    ]


async def test_an_entry_that_was_removed_from_quarantine_is_missed(desk: Desk) -> None:
    """The quarantine never drops anything by itself."""
    first, _ = await desk.refuse(2)
    await desk.remove(quarantine_stream("water"), first)

    assert await desk.findings() == [
        "the books say 2 quarantined, held, healed and discarded are 1",
        f"of {spoken(HOUR)} the books say 2 quarantined, held, healed and discarded are 1",
    ]


async def test_a_wrong_count_is_found(desk: Desk) -> None:
    """Counted twice, stored once: in the stream's comparison and in its hour."""
    (sequence,) = await desk.take(HOUR, 1)
    desk.ledger.receive(1, NOW, HOUR)
    desk.ledger.settle(Settling(HOUR, stored=(sequence,)))

    assert await desk.findings() == [
        "the books say 2 stored, the stream holds 1",
        f"of {spoken(HOUR)} the books say 2 stored, the stream holds 1",
    ]


async def test_a_sum_that_is_not_right_is_found(desk: Desk) -> None:
    """Received without an end is neither settled nor in flight."""
    await desk.take(HOUR, 1)
    desk.ledger.received += 1

    assert await desk.findings() == [
        "received 2, but stored, duplicates, quarantined, in flight make 1"
    ]


async def test_what_a_stream_dropped_by_its_limits_is_no_finding(desk: Desk) -> None:
    """Neither in part nor when another feed has pushed out all that this one had."""
    for hour in range(BEFORE, HOUR + 1):
        await desk.take(hour, 20, size=20_000)
    assert await desk.findings() == []

    await desk.store([desk.record(HOUR, feed="water.other", size=20_000) for _ in range(80)])

    result = await audit(desk.bus, "water", desk.feed.id)
    assert (result.stored, result.findings) == (0, ())
    assert result.feed.stored == 80


async def test_records_without_a_teller_are_told_as_silence(desk: Desk) -> None:
    """The adapter was killed: its last state is old, and records came after it."""
    await desk.take(HOUR, 3)
    payload = desk.ledger.snapshot(NOW - timedelta(minutes=5)).SerializeToString()
    await desk.states.publish(Outgoing("feed.water.water%2Estage", payload, uuid.uuid4().hex))
    await desk.store([desk.record(HOUR) for _ in range(4)])

    (finding,) = (await audit(desk.bus, "water", desk.feed.id)).findings

    assert finding.startswith("4 records were stored after the feed told its state for the last")
    assert finding.endswith("start it again, and it counts them")


async def test_the_next_adapter_counts_what_was_stored_and_not_told(desk: Desk) -> None:
    """From the last quiet moment on, by the hours of arrival; then the audit is content."""
    await desk.take(BEFORE, 3)
    await desk.findings()
    await desk.take(BEFORE, 2)
    await desk.take(HOUR, 4)
    await desk.refuse(1)
    desk.ledger = Ledger(beginning(desk.feed, "2", desk.feed.source))

    await take_up(desk.bus, desk.feed, desk.ledger)

    assert (desk.ledger.received, desk.ledger.stored, desk.ledger.quarantined) == (10, 9, 1)
    assert await desk.findings() == []
