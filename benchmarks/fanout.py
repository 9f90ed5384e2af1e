"""Watches: the fan-out to 50 beside a bare stream, and 2,000 watchers with one that is dead.

    python -m benchmarks.fanout [50 | 2000]

The bare stream is a grpc.aio server of the same TLS, options and event loop that writes the
very messages that the gateway wrote, at the same times, to as many clients; it reads no bus
and looks at nothing. Compared is what the fan-out costs each server in processor time:
event bytes to clients for each second of it, as the median of rounds in turn, and the same
less what the changes cost a gateway that nobody watches. Clients are a process of their own.
The time of a change is from before it is published to when its watcher has decoded it.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.bare_gateway import SERVICE
from benchmarks.city import Bench, bench_city
from benchmarks.query import Server, certificates, cpu_seconds
from broker.connection import Bus, BusSettings
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.subjects import record_name, share_subject
from liandong.environment.v1.environment_pb2 import Air
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.place.v1.place_pb2 import Location, Point
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record

AGENCY = "environment"
KIND = "environment.air"
SELECTIONS = 20
STATIONS = 2000
CHANGES = 200
ROUNDS = 3
WATCH = "/liandong.gateway.v1.SharedStateService/WatchRecords"


@dataclass(frozen=True, slots=True)
class Clients:
    """A process of clients."""

    process: asyncio.subprocess.Process

    async def told(self) -> dict[str, Any]:
        """Return what has come since this was last asked."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return found


@contextlib.asynccontextmanager
async def clients(
    server: Server, folder: Path, method: str, count: int, requests: list[bytes]
) -> AsyncIterator[Clients]:
    """Run clients, from when all of them watch."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.watchers", server.target, str(folder), method, str(count)),
        *(request.hex() or "00" for request in requests),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 30,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    if await process.stdout.readline() != b"ready\n":
        raise SystemExit("the clients did not get ready")
    try:
        yield Clients(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.stdin.close()
        await process.wait()


def change(number: int) -> Outgoing:
    """Make a change of one of the stations, received now."""
    station = number % STATIONS
    record = Record(
        name=record_name(AGENCY, KIND, f"{station:05}"),
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        location=Location(
            district=f"3201{station % SELECTIONS:02}",
            point=Point(latitude_deg=32.0, longitude_deg=118.8),
        ),
        provenance=record_pb2.Provenance(feed="bench", source_message_id=str(number)),
        environment_air=Air(station_id=f"{station:05}"),
    )
    now = datetime.now(UTC)
    record.observed_at.FromDatetime(now)
    record.received_at.FromDatetime(now)
    return Outgoing(share_subject(record.name), record.SerializeToString(), uuid.uuid4().hex)


async def publish(publisher: Publisher, rate: int, seconds: float) -> None:
    """Publish changes at a rate."""
    began = time.perf_counter()
    waiting = set()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(began + number / rate - time.perf_counter(), 0))
        task = asyncio.create_task(publisher.publish(change(number)))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    while waiting:
        await asyncio.wait(waiting)


@contextlib.asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[tuple[Server, asyncio.subprocess.Process]]:
    """Run the bare server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.bare_gateway", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    port = int(await process.stdout.readline())
    try:
        yield Server(f"localhost:{port}", process.pid), process
    finally:
        process.stdin.close()
        await process.wait()


async def spent(pid: int, work: Awaitable[object]) -> float:
    """Do work; return the processor time that it has cost a process."""
    before = cpu_seconds(pid)
    await work
    await asyncio.sleep(0.5)
    return cpu_seconds(pid) - before


async def fanout(
    gateway: Server, folder: Path, publisher: Publisher, rate: int, seconds: float
) -> None:
    """Compare the fan-out to 50 watchers with the bare stream's, in turn."""
    request = api.WatchRecordsRequest(selection=api.Selection(kinds=[KIND])).SerializeToString()
    intake = await spent(gateway.pid, publish(publisher, rate, seconds))
    shares, nets, latencies = [], [], []
    async with (
        clients(gateway, folder, WATCH, 50, [request]) as watchers,
        bare(folder) as (ceiling, process),
        clients(ceiling, folder, f"/{SERVICE}/Fanout", 50, [b""]) as bare_watchers,
    ):
        for _ in range(ROUNDS + 1):
            ours = await spent(gateway.pid, publish(publisher, rate, seconds))
            told = await watchers.told()
            (folder / "fanout").write_text(json.dumps(told["kept"]))
            theirs = await spent(ceiling.pid, played(process))
            limit = (await bare_watchers.told())["bytes"] / theirs
            shares.append(told["bytes"] / ours / limit)
            nets.append(told["bytes"] / (ours - intake) / limit)
            latencies = told["latencies"]
    # The first round warms both up.
    print(
        f"fanout to 50, {rate:5} changes/s: {limit * statistics.median(shares[1:]) / 1e6:6.1f} "
        f"MB/cpu-s | ceiling {limit / 1e6:6.1f} | ratio {statistics.median(shares[1:]):.2f}, "
        f"{statistics.median(nets[1:]):.2f} without the intake | "
        f"{told['messages'] / 50 / seconds:.0f} messages/s each | {percentiles(latencies)}",
        flush=True,
    )


async def played(process: asyncio.subprocess.Process) -> None:
    """Have the bare server write the messages."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    await process.stdout.readline()


def percentiles(latencies: list[float]) -> str:
    """Return latencies as a person reads them."""
    cuts = statistics.quantiles(latencies, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms ({len(latencies)} samples)"


def resident_bytes(pid: int) -> int:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def crowd(
    gateway: Server, folder: Path, publisher: Publisher, count: int, seconds: float
) -> None:
    """Print how long changes take to a crowd of watchers, without a dead one and with one."""
    requests = [
        api.WatchRecordsRequest(
            selection=api.Selection(kinds=[KIND], districts=[f"3201{number:02}"])
        ).SerializeToString()
        for number in range(SELECTIONS)
    ]
    everything = api.WatchRecordsRequest(selection=api.Selection(kinds=[KIND]))
    memory = resident_bytes(gateway.pid)
    latencies: dict[str, list[float]] = {"all alive": [], "one dead": []}
    async with clients(gateway, folder, WATCH, count, requests) as watchers:
        each = (resident_bytes(gateway.pid) - memory) / count
        print(f"fanout to {count}: {each / 1024:.1f} KiB a watcher", flush=True)
        for _ in range(ROUNDS):
            for name, came in latencies.items():
                async with contextlib.AsyncExitStack() as stack:
                    if name == "one dead":
                        dead = await stack.enter_async_context(
                            clients(gateway, folder, WATCH, 1, [everything.SerializeToString()])
                        )
                        dead.process.send_signal(signal.SIGSTOP)
                    await publish(publisher, CHANGES, 1)
                    await watchers.told()
                    used = await spent(gateway.pid, publish(publisher, CHANGES, seconds))
                    told = await watchers.told()
                    came.extend(told["latencies"])
    for name, came in latencies.items():
        print(f"fanout to {count}, {name:9}: {percentiles(came)}", flush=True)
    print(
        f"fanout to {count}: {told['messages'] / seconds:,.0f} messages/s, "
        f"{used / seconds:.2f} of a processor",
        flush=True,
    )


async def main(only: str) -> None:
    """Run a city, fill its state, then watch it."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        root = Path(name)
        folder = root / "fanout"
        folder.mkdir()
        async with bench_city(root) as bench, publisher_of(bench) as publisher:
            certificates(bench, folder)
            gateway = Server(f"localhost:{bench.city.gateway.port}", bench.gateway_pid)
            await publish(publisher, 4000, STATIONS / 4000)
            if only != "2000":
                for rate, seconds in ((200, 3), (2000, 2)):
                    await fanout(gateway, folder, publisher, rate, seconds)
            if only != "50":
                await crowd(gateway, folder, publisher, 2000, 5)


@contextlib.asynccontextmanager
async def publisher_of(bench: Bench) -> AsyncIterator[Publisher]:
    """Connect as the agency whose records change."""
    settings = BusSettings.of(bench.home, bench.plan, AGENCY)
    async with Bus(settings) as bus, Publisher(bus, stream_name(AGENCY)) as publisher:
        yield publisher


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
