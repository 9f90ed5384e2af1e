"""Thousands of telemetry stations on one adapter, each sending once a second for a minute.

    python -m benchmarks.stations [STATIONS] [SECONDS]

The stations are SL 651 rain gauges on connections of their own, in another process; beside
the adapter run the server, its city stream and the gateway, as in a city. Printed are what
was sent, answered and stored, the time from when a frame was due to its answer, and what
the adapter's process took: memory that grows from the middle to the end is a leak.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import uvloop

from adapters.sdk.audit import Audit, audit
from benchmarks.city import FEEDS, Bench, bench_city
from broker.connection import Bus, BusSettings

STATIONS = 2000
SECONDS = 60
_TICKS = os.sysconf("SC_CLK_TCK")
_LINE = 1 << 26


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1024


def cpu_s(pid: int) -> float:
    """Return the processor time of a process, user and system, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def books(bench: Bench) -> Audit:
    """Hold the feed's books against the stream."""
    feed = FEEDS["sl651"]
    async with Bus(BusSettings.of(bench.home, bench.plan, feed.agency)) as bus:
        return await audit(bus, feed.agency, feed.id)


def spread(waits: list[float]) -> str:
    """Say how long something took, from milliseconds."""
    if len(waits) < 2:
        return "no samples"
    cuts = statistics.quantiles(waits, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, longest {max(waits):.0f} ms"


async def measure(bench: Bench, stations: int, seconds: int) -> None:
    """Run the stations and print what came of it."""
    pid = bench.adapter_pids["sl651"]
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.telemetry"),
        *map(str, (FEEDS["sl651"].port, stations, seconds)),
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    assert sender.stdout is not None
    idle = rss_mib(pid)
    if not await sender.stdout.readline():
        raise SystemExit("the stations could not connect")
    start, spent, memory = rss_mib(pid), cpu_s(pid), []
    output = asyncio.create_task(sender.communicate())
    for _ in range(2):
        await asyncio.wait((output,), timeout=seconds / 2 - 1)
        memory.append(rss_mib(pid))
    found = json.loads((await output)[0])
    spent = cpu_s(pid) - spent
    settled, answered = await books(bench), len(found["first"]) + len(found["later"])
    lost = answered - settled.stored
    first, later = ([1e3 * wait for wait in found[word]] for word in ("first", "later"))
    print(
        f"stations {stations:,} for {seconds} s: sent {found['sent']:,}, answered {answered:,}, "
        f"stored {settled.stored:,}, lost {lost}\n"
        f"  answers in the first 5 s: {spread(first)}; later: {spread(later)}\n"
        f"  adapter {spent:.1f} CPU s, memory {idle:.0f} MiB without stations, {start:.0f} at the "
        f"start, {memory[0]:.0f} in the middle, {memory[1]:.0f} at the end"
    )
    for finding in settled.findings:
        raise SystemExit(f"the books do not balance: {finding}")
    if lost or answered != found["sent"]:
        raise SystemExit("a frame was lost or not answered")


async def main(stations: int, seconds: int) -> None:
    """Run the city and its stations."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as folder:
        async with bench_city(Path(folder)) as bench:
            await measure(bench, stations, seconds)


if __name__ == "__main__":
    stations, seconds, *_ = [*map(int, sys.argv[1:]), *(STATIONS, SECONDS)[len(sys.argv) - 1 :]]
    uvloop.run(main(stations, seconds))
