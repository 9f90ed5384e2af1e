"""What metrics cost ingest: the same city without them, with them, and with traces.

    python -m benchmarks.metrics [FRAMES]

Each round runs three cities one after another, each from nothing: without metrics; with
metrics, scraped every second, fifteen times as often as Prometheus usually does; and with
metrics and one trace of a hundred exported to a collector. Ratios are taken within a round, so
that what else the machine does weighs less; medians are printed. What a frame costs the
adapter's process in processor time, metrics and their scraping included, is steadier than the
rate on a machine that does other things too.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import uvloop
from aiohttp import web

from benchmarks.city import FEEDS, Bench, bench_city, child, free_port
from benchmarks.ingest import ingest

ROUNDS = 5
FORMAT = "hj212"
METRICS = "LIANDONG_METRICS"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
WAYS = ("off", "metrics", "metrics and traces")


class Measured(NamedTuple):
    """One city: frames a second, and microseconds of the adapter's processor a frame."""

    rate: float
    cost_us: float


@contextlib.asynccontextmanager
async def scraped(bench: Bench) -> AsyncIterator[None]:
    """Scrape the city once a second."""
    port = free_port()
    options = ("--home", str(bench.home.path), "--city", str(bench.city.path))

    async def scrape() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    await answer.read()
                await asyncio.sleep(1)

    async with child("metrics", "run", *options, "--metrics", f"127.0.0.1:{port}"):
        scraping = asyncio.create_task(scrape())
        try:
            yield
        finally:
            scraping.cancel()
            await asyncio.gather(scraping, return_exceptions=True)


@contextlib.asynccontextmanager
async def collector() -> AsyncIterator[str]:
    """Take spans and forget them; yield where."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(content_type="application/x-protobuf")

    application = web.Application()
    application.router.add_post("/v1/traces", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def used_s(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(frames: int, seed: int, way: str, endpoint: str) -> Measured:
    """Return the rate, and what a frame costs, of a fresh city."""
    for name in (METRICS, ENDPOINT):
        os.environ.pop(name, None)
    if way != WAYS[0]:
        os.environ[METRICS] = "127.0.0.1:0"
    if way == WAYS[2]:
        os.environ[ENDPOINT] = endpoint
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as folder:
        async with bench_city(Path(folder)) as bench, contextlib.AsyncExitStack() as stack:
            if way != WAYS[0]:
                await stack.enter_async_context(scraped(bench))
            await ingest(FEEDS[FORMAT].port, FORMAT, frames // 4, ROUNDS + seed)
            pid = bench.adapter_pids[FORMAT]
            before = used_s(pid)
            rate = await ingest(FEEDS[FORMAT].port, FORMAT, frames, seed)
            return Measured(rate, (used_s(pid) - before) / frames * 1e6)


async def main(frames: int) -> None:
    """Run all rounds; print the medians."""
    async with collector() as endpoint:
        rounds = [
            # Turned about, so that no way is always the first.
            {
                way: await measured(frames, number, way, endpoint)
                for way in (WAYS if number % 2 else WAYS[::-1])
            }
            for number in range(ROUNDS)
        ]
    for way in WAYS:
        off = [one[WAYS[0]] for one in rounds]
        on = [one[way] for one in rounds]
        rate = statistics.median(one.rate for one in on)
        cost = statistics.median(one.cost_us for one in on)
        rates = statistics.median(a.rate / b.rate for a, b in zip(on, off, strict=True))
        costs = statistics.median(a.cost_us / b.cost_us for a, b in zip(on, off, strict=True))
        print(
            f"ingest {FORMAT} {way:18} {rate:8,.0f} frames/s, {cost:5.1f} us of the adapter's "
            f"processor a frame | ratios to off {rates:.3f}, {costs:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000))
