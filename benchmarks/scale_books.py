"""What was acknowledged, held against what the streams hold."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale_city import Key, Running, read_keys
from broker.api import call
from broker.connection import Bus, BusSettings
from broker.home import GATEWAY
from broker.lookup import extent
from broker.plan import stream_name
from broker.subscriber import scan
from broker.users import CITY
from liandong.record.v1.record_pb2 import Record

_CAUGHT_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Books:
    """What the streams hold beside what was acknowledged.

    Attributes:
        stored: What the departments' streams hold, by name and message id.
        lost: Acknowledged and in no department's stream.
        lost_in_city: Acknowledged and not in the city's stream.
        twice: How many are in a stream more than once.
    """

    stored: Counter[Key]
    lost: list[Key]
    lost_in_city: list[Key]
    twice: int


async def sequences(running: Running) -> dict[str, int]:
    """Return each department's last sequence."""
    found = {}
    for agency in running.city.plan.agencies:
        async with Bus(BusSettings.of(running.home, running.city.plan, agency)) as bus:
            found[agency] = (await extent(bus, stream_name(agency))).last
    return found


async def held(running: Running, agency: str, start: int = 1) -> Counter[Key]:
    """Return what a department's stream holds, from a sequence on."""
    settings = BusSettings.of(running.home, running.city.plan, agency)
    async with Bus(settings) as bus:
        return await _keys(bus, stream_name(agency), f"share.{agency}.>", start)


async def audit(running: Running, acknowledged: Iterable[Path]) -> Books:
    """Read every stream and compare; wait first until the city's has caught up."""
    promised = {key for path in acknowledged for key in read_keys(path)}
    stored: Counter[Key] = Counter()
    for agency in running.city.plan.agencies:
        stored += await held(running, agency)
    async with Bus(BusSettings.of(running.home, running.city.plan, GATEWAY)) as bus:
        async with asyncio.timeout(_CAUGHT_UP_S):
            # Nobody tells when the sources have caught up.
            while await messages(bus, CITY) < stored.total():  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        city = await _keys(bus, CITY, "share.>", 1)
    return Books(
        stored,
        [key for key in promised if key not in stored],
        [key for key in promised if key not in city],
        sum(count - 1 for counter in (stored, city) for count in counter.values()),
    )


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes on disk."""
    return sum(
        Path(root, name).stat().st_blocks * 512
        for root, _, names in os.walk(folder)
        for name in names
    )


async def messages(bus: Bus, stream: str) -> int:
    """Return how many messages a stream holds."""
    info = await call(bus, stream, f"STREAM.INFO.{stream}")
    return int(info["state"]["messages"])


async def _keys(bus: Bus, stream: str, subject: str, start: int) -> Counter[Key]:
    found: Counter[Key] = Counter()
    async for delivery in scan(bus, stream, subject, start_sequence=start):
        record = Record.FromString(delivery.payload)
        found[record.name, record.provenance.source_message_id] += 1
    return found
