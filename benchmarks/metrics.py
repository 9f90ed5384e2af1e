"""What metrics cost ingest: cities without them, with them, and with traces, by turns.

    python -m benchmarks.metrics [FRAMES]

Three cities run side by side and are sent the same frames by turns, the others idle: one
without metrics; one whose metrics are scraped every second while it is sent to, fifteen times
as often as Prometheus usually does; and one that also exports one trace of a hundred to a
collector. The ratios of each round are taken, and their medians printed: of the rates, and of the
processor time that a frame costs the adapter's process, which is steadier on a machine that
does other things too.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import aiohttp
import uvloop
from aiohttp import web

from benchmarks.city import FEEDS, Bench, bench_city, child, free_port
from benchmarks.ingest import ingest
from ops.metrics.endpoint import note_of

ROUNDS = 12
SCRAPES = 500
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


async def measured(bench: Bench, port: int, frames: int, seed: int) -> Measured:
    """Return the rate, and what a frame costs."""
    pid = bench.adapter_pids[FORMAT]
    before = used_s(pid)
    rate = await ingest(port, FORMAT, frames, seed)
    return Measured(rate, (used_s(pid) - before) / frames * 1e6)


async def scrape_ms(bench: Bench) -> float:
    """Return what a scrape costs the adapter's process, milliseconds of its processor."""
    pid = bench.adapter_pids[FORMAT]
    note = note_of(bench.home, f"adapter-{FEEDS[FORMAT].id}")
    address = f"http://{note.read_text()}/metrics"
    before = used_s(pid)
    async with aiohttp.ClientSession() as session:
        for _ in range(SCRAPES):
            async with session.get(address) as answer:
                await answer.read()
    return (used_s(pid) - before) / SCRAPES * 1e3


async def started(stack: contextlib.AsyncExitStack, way: str, endpoint: str) -> tuple[Bench, int]:
    """Start a city of its own; return it, and the port of its feed."""
    for name in (METRICS, ENDPOINT):
        os.environ.pop(name, None)
    if way != WAYS[0]:
        os.environ[METRICS] = "127.0.0.1:0"
    if way == WAYS[2]:
        os.environ[ENDPOINT] = endpoint
    for name, feed in FEEDS.items():
        FEEDS[name] = replace(feed, port=free_port())
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="liandong-bench-"))
    bench = await stack.enter_async_context(bench_city(Path(folder)))
    return bench, FEEDS[FORMAT].port


async def main(frames: int) -> None:
    """Run all rounds; print the medians."""
    async with collector() as endpoint, contextlib.AsyncExitStack() as stack:
        cities = {way: await started(stack, way, endpoint) for way in WAYS}
        rounds = []
        for number in range(ROUNDS + 1):
            # Turned about, so that no way is always the first.
            found = {}
            for way in WAYS if number % 2 else WAYS[::-1]:
                bench, port = cities[way]
                async with scraped(bench) if way != WAYS[0] else contextlib.nullcontext():
                    found[way] = await measured(bench, port, frames, number)
            rounds.append(found)
        each_ms = await scrape_ms(cities[WAYS[1]][0])
    for way in WAYS:
        # The first round warms everything up.
        off, on = ([one[which] for one in rounds[1:]] for which in (WAYS[0], way))
        rate = statistics.median(one.rate for one in on)
        cost = statistics.median(one.cost_us for one in on)
        rates = statistics.median(a.rate / b.rate for a, b in zip(on, off, strict=True))
        costs = statistics.median(a.cost_us / b.cost_us for a, b in zip(on, off, strict=True))
        print(
            f"ingest {FORMAT} {way:18} {rate:8,.0f} frames/s, {cost:5.1f} us of the adapter's "
            f"processor a frame | ratios to off {rates:.3f}, {costs:.3f}",
            flush=True,
        )
    print(
        f"a scrape takes {each_ms:.2f} ms of the adapter's processor: {each_ms / 10:.2f} % of it "
        f"when scraped each second, {each_ms / 150:.3f} % every 15 s"
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000))
