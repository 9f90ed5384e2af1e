"""What every transport does, whatever the wire: one suite for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import RunningFeed, impatient, own_bus, until
from tests.adapters.transports.sender import Sender, until_acknowledged
from tests.adapters.transports.senders import SENDERS, Open, table_at
from tests.adapters.transports.stage import reading


@pytest.fixture(params=[*SENDERS, "sql"])
def open_sender(request: pytest.FixtureRequest) -> Open:
    """Return a legacy system for each transport."""
    if request.param == "sql":
        return table_at(request.getfixturevalue("database"))
    return SENDERS[request.param]


@asynccontextmanager
async def met(
    open_sender: Open, home: Home, plan: BusPlan, folder: Path
) -> AsyncIterator[tuple[RunningFeed, Sender]]:
    """Run a sender and a feed that know each other."""
    async with open_sender(home, folder) as sender:
        async with impatient(
            home, plan, sender.source, checkpoint=sender.checkpoint, **sender.options
        ) as feed:
            await sender.meet(feed)
            yield feed, sender
        await sender.leave()


async def test_a_good_message_is_acknowledged_once_it_is_stored(
    open_sender: Open, city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """By the time the sender knows, the record is on the stream."""
    async with met(open_sender, city_home, plan, tmp_path) as (feed, sender):
        await sender.send(reading("good"))
        await until_acknowledged(sender, 1)

        assert feed.ledger.stored == 1
        (record,) = await feed.records()
        assert record.water_level.level_m == 3.5


async def test_a_bad_message_is_quarantined_and_the_feed_goes_on(
    open_sender: Open, city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """It is acknowledged, for it is safe, and the next one becomes a record."""
    async with met(open_sender, city_home, plan, tmp_path) as (feed, sender):
        await sender.send(reading("bad", "high"))
        await until_acknowledged(sender, 1)
        assert feed.ledger.quarantined == 1

        await sender.send(reading("good"))
        await until_acknowledged(sender, 2)
        assert feed.ledger.stored == 1
        (entry,) = await feed.quarantined()
        assert b'"bad"' in entry.raw
        assert entry.source


async def test_while_the_bus_is_away_nothing_is_acknowledged_and_then_stored_once(
    open_sender: Open, tmp_path: Path
) -> None:
    """Longer than the publisher tries: the message is not lost, and not doubled."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        met(open_sender, bus.home, bus.plan, tmp_path) as (feed, sender),
    ):
        await bus.server.kill()
        await sender.send(reading("patient"))
        # Received, given back by the publisher, and received again.
        await until(lambda: feed.ledger.version >= 3)
        await sender.look()
        assert sender.acknowledged == 0

        await bus.server.start()
        await until_acknowledged(sender, 1)
        assert len(await feed.records()) == 1
        assert feed.ledger.received == feed.settled


async def test_a_stop_settles_what_was_received(open_sender: Open, tmp_path: Path) -> None:
    """Nothing is under way any more when it returns, and what was received is stored."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        met(open_sender, bus.home, bus.plan, tmp_path) as (feed, sender),
    ):
        bus.freeze()
        await sender.send(reading("last"))
        await until(lambda: feed.ledger.in_flight)
        stopping = asyncio.create_task(feed.transport.stop())
        bus.thaw()
        await stopping

        assert feed.ledger.in_flight == 0
        assert feed.ledger.stored == 1
