"""Stations that each send once a second and wait for the answer, in a process of their own.

    python -m benchmarks.telemetry PORT STATIONS SECONDS

Each holds a connection of its own, all opened at once, and sends at its own moment of the
second. Prints one line of JSON when all are connected, and one at the end. The time of an
answer counts from the moment at which its frame was due, so that a station held up by one
answer does not hide that the next came late too.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import uvloop

from ops.demo import frames
from ops.limits import allow_connections

_ZONE = ZoneInfo("Asia/Shanghai")
_CONNECT_S = 60.0
_PATIENCE_S = 30.0
_ANSWER = 25
_SERIAL = slice(14, 16)


@dataclass(slots=True)
class Tally:
    """What came of all frames."""

    sent: int = 0
    waits: list[float] = field(default_factory=list)


def frame(station: int, serial: int, sent: datetime) -> bytes:
    """Write a rain gauge's report of three elements."""
    return frames.sl651(
        station=f"00632{station:05d}",
        station_class="50",
        serial=serial,
        sent=sent,
        observed=sent,
        elements=[("20", 12.0, 3, 1), ("26", 126.0 + serial % 40, 3, 1), ("38", 12.6, 2, 2)],
    )


async def station(
    number: int,
    seconds: int,
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    began: float,
    tally: Tally,
) -> None:
    """Send a frame each second; end at the first that is not answered."""
    reader, writer = link
    start = datetime.now(_ZONE)
    phase = random.random()
    for serial in range(1, seconds + 1):
        due = began + phase + serial - 1
        await asyncio.sleep(due - time.perf_counter())
        writer.write(frame(number, serial, start + timedelta(seconds=serial)))
        tally.sent += 1
        async with asyncio.timeout(_PATIENCE_S):
            answer = await reader.readexactly(_ANSWER)
        if int.from_bytes(answer[_SERIAL], "big") != serial:
            raise SystemExit(f"station {number} was answered to another frame than its own")
        tally.waits.append(time.perf_counter() - due)


async def run(port: int, stations: int, seconds: int) -> Tally:
    """Connect all, then run all."""
    async with asyncio.timeout(_CONNECT_S):
        links = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", port) for _ in range(stations))
        )
    print(json.dumps({"connected": len(links)}), flush=True)
    tally, began = Tally(), time.perf_counter()
    done = await asyncio.gather(
        *(station(number, seconds, link, began, tally) for number, link in enumerate(links)),
        return_exceptions=True,
    )
    for trouble in done:
        if trouble is not None and not isinstance(trouble, OSError | EOFError | TimeoutError):
            raise trouble
    for _, writer in links:
        writer.close()
    return tally


if __name__ == "__main__":
    allow_connections()
    port, stations, seconds = map(int, sys.argv[1:])
    found = uvloop.run(run(port, stations, seconds))
    print(json.dumps({"sent": found.sent, "waits": sorted(found.waits)}))
