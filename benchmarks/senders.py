"""Loggers and stations that send as fast as they are answered, in a process of their own.

    python -m benchmarks.senders PORT FORMAT FRAMES CONNECTIONS WINDOW SEED STATIONS

Prints one JSON line: seconds from the first byte sent to the last answer received. Frames
are made before the clock starts, so that the sender's own cost stays small.
"""

import asyncio
import json
import sys
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import uvloop

from ops.demo import frames

_ZONE = ZoneInfo("Asia/Shanghai")
STATIONS = 200


def air(station: str, number: int, sent: datetime) -> bytes:
    """Make an air station's frame of six pollutants, whose values follow the number."""
    return frames.hj212(
        station=station,
        station_type="22",
        command="2011",
        sent=sent,
        observed=sent,
        values=[
            ("a34004", 31.0 + number % 50),
            ("a34002", 52.0 + number % 70),
            ("a21026", 6.0),
            ("a21004", 31.5),
            ("a21005", 0.7),
            ("a05024", 48.0 + number % 30),
        ],
    )


def hj212(number: int, start: datetime, stations: int = STATIONS) -> bytes:
    """Make the number-th frame: an air station's, each frame its own second."""
    sent = start + timedelta(milliseconds=number)
    return air(f"320100{number % stations:018d}", number, sent)


def sl651(number: int, start: datetime, stations: int = STATIONS) -> bytes:
    """Make the number-th frame: a rain gauge's report of three elements."""
    sent = start + timedelta(seconds=number // stations)
    return frames.sl651(
        station=f"00632{number % stations:05d}",
        station_class="50",
        serial=number // stations % 65535 + 1,
        sent=sent,
        observed=sent,
        elements=[
            ("20", 12.0 + number % 40, 3, 1),
            ("26", 126.0 + number % 40, 3, 1),
            ("38", 12.6, 2, 2),
        ],
    )


FORMATS = {"hj212": (hj212, b"\r\n"), "sl651": (sl651, b"\x7e\x7e")}


async def connection(port: int, lot: list[bytes], window: int, answer: bytes) -> None:
    """Send a lot of frames with at most ``window`` of them unanswered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = answered = 0
    tail = b""
    while answered < len(lot):
        room = min(window - (sent - answered), len(lot) - sent)
        if room >= window // 4 or (room and sent == answered):
            writer.write(b"".join(lot[sent : sent + room]))
            sent += room
        chunk = await reader.read(1 << 18)
        if not chunk:
            raise SystemExit(f"the adapter hung up after {answered} of {len(lot)} answers")
        joined = tail + chunk
        answered += joined.count(answer) - tail.count(answer)
        tail = joined[-(len(answer) - 1) :]
    writer.close()


async def run(  # noqa: PLR0917 - the command line, as it comes
    port: int,
    format_name: str,
    count: int,
    connections: int,
    window: int,
    seed: int,
    stations: int,
) -> float:
    """Send ``count`` frames over ``connections`` sockets; return the seconds it took."""
    make, answer = FORMATS[format_name]
    start = datetime.now(_ZONE) - timedelta(hours=20) + timedelta(minutes=seed)
    made = [make(number + seed * count, start, stations) for number in range(count)]
    lots = [made[first::connections] for first in range(connections)]
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for lot in lots:
            group.create_task(connection(port, lot, window, answer))
    return time.perf_counter() - began


if __name__ == "__main__":
    port, format_name, *numbers = sys.argv[1:]
    count, connections, window, seed, stations = map(int, numbers)
    seconds = uvloop.run(run(int(port), format_name, count, connections, window, seed, stations))
    print(json.dumps({"frames": count, "seconds": seconds}))
