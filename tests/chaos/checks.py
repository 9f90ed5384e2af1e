"""What must hold after every fault."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from broker.errors import StreamUnavailable
from broker.home import GATEWAY
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.chaos.town import CITY, NODES, STREAM, Town
from tests.e2e.stations import PATIENCE_S, until

_READERS = {STREAM: "environment", CITY: GATEWAY}


@dataclass(frozen=True)
class Row:
    """What a fault did.

    Attributes:
        fault: Its name.
        acknowledged: Frames that were answered from its begin until all was well again.
        stored: How many of them are in the city's stream.
        duplicates: Frames that are in it more than once.
        lost: Frames that were answered and are not in it.
        answers_s: From its begin until every station was answered a frame that it sent since.
        watchers_s: From its end until every watcher knew what had been answered by then.
    """

    fault: str
    acknowledged: int
    stored: int
    duplicates: int
    lost: int
    answers_s: float
    watchers_s: float

    def __str__(self) -> str:
        counts = (self.acknowledged, self.stored, self.duplicates, self.lost)
        times = (f"{self.answers_s:.1f}", f"{self.watchers_s:.1f}")
        return " | ".join((self.fault, *map(str, counts), *times))


async def stored(town: Town, stream: str) -> dict[str, list[int]]:
    """Return the numbers of each station's frames in a stream, also late ones, in order."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await _stored(town, stream)
            except StreamUnavailable:
                # Who leads it may have changed while it was read.
                await asyncio.sleep(0.2)


async def _stored(town: Town, stream: str) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    async with town.bus(_READERS[stream]) as bus:
        async for delivery in scan(bus, stream, "share.environment.>"):
            record = Record.FromString(delivery.payload)
            (value,) = record.environment_air.measurements
            found[record.name.rpartition("/")[2]].append(round(value.value))
    return dict(found)


async def settle(town: Town) -> None:
    """Have the load pause, and wait until the city's stream and every watcher know all of it."""
    await town.load.pause()
    await town.whole()
    marks = known(town)
    await until(lambda: all(watcher.has_seen(marks) for watcher in town.watchers))


def known(town: Town) -> dict[str, int]:
    """Return how many frames of each station a watcher can know of: late ones are not told."""
    return {
        one.name: max(set(range(one.answered)) - one.skewed, default=-1) + 1
        for one in town.load.loggers
    }


async def balanced(
    town: Town, fault: str, since: Mapping[str, int], answers_s: float, watchers_s: float
) -> Row:
    """Check all that must hold once the load rests; return what the fault did.

    Raises:
        AssertionError: If something does not hold.
    """
    wanted = town.load.marks()
    found = {stream: await stored(town, stream) for stream in (STREAM, CITY)}
    counts = {name: Counter(found[CITY].get(name, ())) for name in wanted}
    asked = {name: range(since[name], wanted[name]) for name in wanted}
    row = Row(
        fault=fault,
        acknowledged=sum(map(len, asked.values())),
        stored=sum(count in counts[name] for name, span in asked.items() for count in span),
        duplicates=sum(times - 1 for each in counts.values() for times in each.values()),
        lost=sum(number not in counts[name] for name in wanted for number in range(wanted[name])),
        answers_s=answers_s,
        watchers_s=watchers_s,
    )
    for stream, numbers in found.items():
        for name, answered in wanted.items():
            assert numbers.get(name, []) == [*range(answered)], (stream, name, str(row))
    # What one server reads to somebody the other two must hold too.
    held = await town.replicas(CITY) + await town.replicas(STREAM)
    assert held == [(sum(wanted.values()), 1, sum(wanted.values()))] * len(held), str(row)
    assert len(held) >= len(NODES)
    for watcher in town.watchers:
        assert watcher.troubles == []
        for logger in town.load.loggers:
            told = watcher.told[logger.name]
            assert told[-1] == known(town)[logger.name] - 1
            if watcher.every_revision:
                wanted_here = set(range(told[0], logger.answered)) - logger.skewed
                assert told == sorted(wanted_here), logger.name
    return row
