"""A feed's state on the bus: told as it changes, told when it does not, taken up again."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import Journal, beginning, last_state
from adapters.sdk.ledger import Ledger
from broker.connection import Bus
from broker.publisher import Publisher
from broker.users import feeds_stream
from liandong.feed.v1.feed_pb2 import (
    FRESHNESS_FRESH,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
)

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
HURRY = 1000.0


def hurried() -> float:
    """Return the time of a clock that runs a thousand times as fast."""
    return time.monotonic() * HURRY


def feed() -> FeedConfig:
    """Return a feed of its own."""
    name = f"water.stage-{uuid.uuid4().hex[:8]}"
    return FeedConfig(id=name, adapter="water/stage", agency="water", source="tcp://h:1")


@asynccontextmanager
async def keeping(bus: Bus, config: FeedConfig, ledger: Ledger) -> AsyncIterator[Journal]:
    """Keep a journal that looks every ten milliseconds."""
    async with (
        Publisher(bus, feeds_stream("water")) as publisher,
        Journal(publisher, config, ledger, every_s=0.01) as journal,
    ):
        yield journal


async def told(bus: Bus, config: FeedConfig, holds: Callable[[Feed], bool]) -> Feed:
    """Wait until the feed's state on the bus is so."""
    async with asyncio.timeout(60):
        while True:
            state = await last_state(bus, "water", config.id)
            if state is not None and holds(state):
                return state
            await asyncio.sleep(0.01)


async def test_silence_is_told_although_the_books_do_not_change(bus_of: Connect) -> None:
    """A feed that stops is told as late, then as silent, by nobody but its adapter."""
    config = feed()
    ledger = Ledger(beginning(config, "1", config.source), clock=hurried)
    now = hurried()
    for beat in range(10):
        # Ten minutes of a word a minute, up to now.
        ledger.hear("water/water.level/1", beat * 60, now - (9 - beat) * 60, now=1_000_000)
    async with bus_of("water") as bus, keeping(bus, config, ledger):
        before = ledger.version
        fresh = await told(bus, config, lambda state: state.freshness == FRESHNESS_FRESH)
        late = await told(bus, config, lambda state: state.freshness == FRESHNESS_LATE)
        silent = await told(bus, config, lambda state: state.freshness == FRESHNESS_SILENT)

    assert ledger.version == before
    assert fresh.usual_interval.seconds == 60
    assert [state.entities_expected for state in (fresh, late, silent)] == [1, 1, 1]
    assert (fresh.entities_heard, silent.entities_heard) == (1, 0)


async def test_a_feed_that_has_nothing_to_say_says_that_it_lives(bus_of: Connect) -> None:
    """Else nobody could tell it from one that was killed."""
    config = feed()
    ledger = Ledger(beginning(config, "1", config.source))
    async with bus_of("water") as bus, keeping(bus, config, ledger):
        first = await told(bus, config, lambda _: True)
        later = await told(
            bus,
            config,
            lambda state: state.updated_at.ToNanoseconds() > first.updated_at.ToNanoseconds(),
        )

    assert ledger.version == 0
    assert later.received == first.received == 0
