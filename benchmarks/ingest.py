"""Frames over a real socket to their JetStream acknowledgement, beside the bare ceiling.

    python -m benchmarks.ingest [FRAMES]

The ceiling is nats-py publishing the very same record bytes in the fastest durable
acknowledged way: atomic batches of 500, four in flight, to the same stream of the same
server, with nothing decoded, validated or answered. Rounds alternate; medians are
printed, and the ratio. Then a frame's way from the socket to a gRPC watcher is timed at
a quiet rate.
"""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from benchmarks.city import FEEDS, Bench, bench_city
from benchmarks.latency import measure_latency
from benchmarks.senders import STATIONS
from broker.connection import Bus, BusSettings
from broker.subscriber import scan

ROUNDS = 3
CONNECTIONS = 16
WINDOW = 512
_BATCH = 500
_IN_FLIGHT = 4


async def stored_records(bus: Bus, stream: str, limit: int) -> list[tuple[str, bytes]]:
    """Return subjects and bytes of up to ``limit`` records that the adapter stored."""
    records = []
    async for delivery in scan(bus, stream, "share.>"):
        records.append((delivery.subject, delivery.payload))
        if len(records) == limit:
            break
    return records


async def publish_batch(bus: Bus, lot: list[tuple[str, bytes]]) -> None:
    """Publish one atomic batch with nothing but nats-py; return when it is on disk."""
    batch = uuid.uuid4().hex
    for number, (subject, payload) in enumerate(lot[:-1], start=1):
        headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        await bus.nc.publish(subject, payload, headers=headers)
    subject, payload = lot[-1]
    reply = await bus.nc.request(
        subject,
        payload,
        timeout=30,
        headers={
            "Nats-Batch-Id": batch,
            "Nats-Batch-Sequence": str(len(lot)),
            "Nats-Batch-Commit": "1",
        },
    )
    if "error" in (answer := json.loads(reply.data)):
        raise SystemExit(f"the ceiling's batch was refused: {answer}")


async def ceiling(bus: Bus, records: list[tuple[str, bytes]]) -> float:
    """Return records a second of the bare way."""
    lots = [records[first : first + _BATCH] for first in range(0, len(records), _BATCH)]
    waiting = iter(lots)

    async def worker() -> None:
        for lot in waiting:
            await publish_batch(bus, lot)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(_IN_FLIGHT):
            group.create_task(worker())
    return len(records) / (time.perf_counter() - began)


async def ingest(
    port: int, format_name: str, frames: int, seed: int, stations: int = STATIONS
) -> float:
    """Return frames a second from socket to answer; the sender is a process of its own."""
    sender = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.senders",
        *map(str, (port, format_name, frames, CONNECTIONS, WINDOW, seed, stations)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await sender.communicate()
    if sender.returncode:
        raise SystemExit(f"the sender failed with {sender.returncode}")
    return frames / float(json.loads(output)["seconds"])


@contextlib.asynccontextmanager
async def agency_bus(bench: Bench, agency: str) -> AsyncIterator[Bus]:
    """Connect as the agency whose stream is filled."""
    async with Bus(BusSettings.of(bench.home, bench.plan, agency)) as bus:
        yield bus


async def compare(bench: Bench, format_name: str, frames: int) -> None:
    """Print the adapter's rate, the ceiling's and the ratio for one format."""
    feed = FEEDS[format_name]
    async with agency_bus(bench, feed.agency) as bus:
        await ingest(feed.port, format_name, frames // 4, ROUNDS)
        records = await stored_records(bus, feed.agency.upper(), frames)
        size = statistics.mean(len(payload) for _, payload in records)
        while len(records) < frames:
            records += records[: frames - len(records)]
        rates, ceilings = [], []
        for number in range(ROUNDS):
            rates.append(await ingest(feed.port, format_name, frames, number))
            ceilings.append(await ceiling(bus, records))
    rate, bare = statistics.median(rates), statistics.median(ceilings)
    print(
        f"ingest {format_name:6} {rate:8,.0f} frames/s | ceiling {bare:8,.0f} records/s "
        f"of {size:.0f} B | ratio {rate / bare:.2f}",
        flush=True,
    )


async def main(frames: int) -> None:
    """Run both formats, then the latency."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as folder:
        async with bench_city(Path(folder)) as bench:
            for format_name in FEEDS:
                await compare(bench, format_name, frames)
            await measure_latency(bench)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000))
