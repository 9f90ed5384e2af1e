"""Departments that publish by themselves, many in one process.

    python -m benchmarks.scale_writers CITY_FILE HOME SIZE FIRST STEP

Each department from the FIRST, every STEP-th, has its own connection and publisher. Told
`fill` they publish a record of each of their things as fast as they are acknowledged; told
`load FILE` they publish at their share of the rate, and write what was acknowledged to the
file, a line for each record: its name and message id. Latencies count from when a record
was due.
"""

import asyncio
import contextlib
import itertools
import logging
import sys
import time
from pathlib import Path

import uvloop

from benchmarks.scale_city import Key, Size, read_size, record_bytes, write_keys
from benchmarks.scale_parts import tell, told_line
from broker.connection import Bus, BusSettings
from broker.errors import PublishError
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.subjects import share_subject
from ops.city import read_city

_LOT = 2_000


class Department:
    """One department and what it publishes.

    Args:
        name: The department.
        publisher: Publishes on its stream.
        entities: Of how many things it has records.

    Attributes:
        acknowledged: Names and message ids of what is stored.
        waits: From when each was due to its acknowledgement, milliseconds.
        refused: What became of those that were not stored.
    """

    def __init__(self, name: str, publisher: Publisher, entities: int) -> None:
        self.name = name
        self.acknowledged: list[Key] = []
        self.waits: list[float] = []
        self.refused: list[str] = []
        self._publisher = publisher
        self._entities = entities
        self._numbers = itertools.count()

    def _next(self) -> tuple[str, str, Outgoing]:
        """Return the next record's name, its id and what is published."""
        number = next(self._numbers)
        message_id = f"{self.name}:{number}"
        # A stride spreads the changes over all of the things.
        name, payload = record_bytes(self.name, number * 7919 % self._entities, message_id)
        return name, message_id, Outgoing(share_subject(name), payload, message_id)

    async def fill(self) -> int:
        """Publish a record of each thing; return how many bytes they have."""
        size = 0
        for first in range(0, self._entities, _LOT):
            lot = [self._next() for _ in range(min(_LOT, self._entities - first))]
            size += sum(len(one.payload) for _, _, one in lot)
            results = await self._publisher.publish_all([one for _, _, one in lot])
            for (name, message_id, _), result in zip(lot, results, strict=True):
                if isinstance(result, PublishError):
                    raise result
                self.acknowledged.append((name, message_id))
        return size

    async def load(self, rate: float, seconds: float, phase: float) -> None:
        """Publish at a rate, however long acknowledgements take."""
        began, waiting = time.perf_counter() + phase / rate, set()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(due - time.perf_counter())
            task = asyncio.create_task(self._publish(due))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        while waiting:
            await asyncio.wait(waiting)

    async def _publish(self, due: float) -> None:
        name, message_id, outgoing = self._next()
        try:
            await self._publisher.publish(outgoing)
        except PublishError as error:
            self.refused.append(str(error))
        else:
            self.waits.append((time.perf_counter() - due) * 1e3)
            self.acknowledged.append((name, message_id))


async def fill(departments: list[Department]) -> None:
    """Fill the state."""
    began = time.perf_counter()
    sizes = await asyncio.gather(*(one.fill() for one in departments))
    tell(
        records=sum(len(one.acknowledged) for one in departments),
        bytes=sum(sizes),
        seconds=time.perf_counter() - began,
    )


async def load(departments: list[Department], size: Size, path: Path) -> None:
    """Publish for a while, and tell what came of it."""
    before = sum(len(one.acknowledged) for one in departments)
    each = size.rate / size.departments
    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(departments):
            group.create_task(one.load(each, size.seconds, number / len(departments)))
    told = [key for one in departments for key in one.acknowledged]
    write_keys(path, told)
    refused = [problem for one in departments for problem in one.refused]
    tell(
        offered=int(each * size.seconds) * len(departments),
        acknowledged=len(told) - before,
        refused=refused[:3],
        waits=[wait for one in departments for wait in one.waits],
    )


async def main(home: Home, plan: BusPlan, size: Size, names: list[str]) -> None:
    """Connect, then do what is told."""
    async with contextlib.AsyncExitStack() as stack:
        departments = []
        for name in names:
            bus = await stack.enter_async_context(Bus(BusSettings.of(home, plan, name)))
            publisher = await stack.enter_async_context(Publisher(bus, stream_name(name)))
            departments.append(Department(name, publisher, size.published(name)))
        tell(ready=len(departments))
        while line := await told_line():
            word, _, path = line.partition(" ")
            if word == "fill":
                await fill(departments)
            else:
                await load(departments, size, Path(path))


if __name__ == "__main__":
    # uvloop remarks on each TLS connection that is closed.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    city, folder, how_large, first, step = sys.argv[1:]
    described = read_size(how_large)
    mine = described.agencies()[int(first) :: int(step)]
    uvloop.run(main(Home(Path(folder)), read_city(Path(city)).plan, described, mine))
