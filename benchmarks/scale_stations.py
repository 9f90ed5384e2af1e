"""HJ 212 stations of several departments, each on a connection of its own.

    python -m benchmarks.scale_stations SIZE PORT ...

Each sends a frame every so often, at its own moment, with the time of sending as QN to the
millisecond, and waits for the answer. Told `load FILE` they send for as long as the size
says, and write what was answered to the file: record names and QNs.
"""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.scale_city import KIND, Key, Size, read_size, write_keys
from benchmarks.scale_parts import tell, told_line
from benchmarks.senders import air
from broker.subjects import record_name
from ops.limits import allow_connections

_ZONE = ZoneInfo("Asia/Shanghai")
_PATIENCE_S = 60.0
_AT_ONCE = 100
QN = "%Y%m%d%H%M%S%f"
"""How a frame's number is written, less the last three digits."""


@dataclass(slots=True)
class Tally:
    """What came of all frames."""

    sent: int = 0
    answered: list[Key] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Station:
    """One station and its connection."""

    agency: str
    number: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self, size: Size, began: float, tally: Tally) -> None:
        """Send frames, each once the one before is answered."""
        name = record_name(self.agency, KIND, self.number)
        phase = random.random()
        for turn in range(int(size.seconds / size.interval)):
            due = began + (phase + turn) * size.interval
            await asyncio.sleep(due - time.perf_counter())
            now = datetime.now(_ZONE)
            self.writer.write(air(self.number, turn, now))
            tally.sent += 1
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self.reader.readuntil(b"\r\n")
            number = now.strftime(QN)[:-3]
            if number.encode() not in answer:
                raise SystemExit(f"station {self.number} was answered {answer!r}, not {number}")
            tally.waits.append((time.perf_counter() - due) * 1e3)
            tally.answered.append((name, number))


async def connect(size: Size, ports: list[int]) -> list[Station]:
    """Connect all stations, a hundred at a time."""
    stations: list[Station] = []
    for first in range(0, size.stations, _AT_ONCE):
        lot = range(first, min(first + _AT_ONCE, size.stations))
        links = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", ports[n % len(ports)]) for n in lot)
        )
        stations += [
            Station(size.agencies()[number % len(ports)], f"320100{number:018d}", *link)
            for number, link in zip(lot, links, strict=True)
        ]
    return stations


async def main(size: Size, ports: list[int]) -> None:
    """Connect, then do what is told."""
    stations = await connect(size, ports)
    tell(ready=len(stations))
    while line := await told_line():
        tally, began = Tally(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for station in stations:
                group.create_task(station.run(size, began, tally))
        write_keys(Path(line.partition(" ")[2]), tally.answered)
        tell(offered=tally.sent, acknowledged=len(tally.answered), refused=[], waits=tally.waits)
    for station in stations:
        station.writer.close()


if __name__ == "__main__":
    allow_connections()
    uvloop.run(main(read_size(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
