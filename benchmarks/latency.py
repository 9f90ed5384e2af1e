"""How long a frame takes from its sender's socket to a gRPC watcher of another process."""

import asyncio
import statistics
import time
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import grpc

from benchmarks import senders
from benchmarks.city import FEEDS, Bench
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc

if TYPE_CHECKING:
    from liandong.gateway.v1.shared_state_pb2_grpc import SharedStateServiceAsyncStub

_SAMPLES = 1000
_RATE_S = 0.005
_ZONE = ZoneInfo("Asia/Shanghai")


async def measure_latency(bench: Bench) -> None:
    """Print p50 and p99 in milliseconds, at 200 frames a second."""
    pem, key = bench.home.certificate("environment")
    credentials = grpc.ssl_channel_credentials(
        bench.home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
    )
    target = f"localhost:{bench.city.gateway.port}"
    async with grpc.aio.secure_channel(target, credentials) as channel:
        stub: SharedStateServiceAsyncStub = rpc.SharedStateServiceStub(channel)
        call = stub.WatchRecords(
            api.WatchRecordsRequest(selection=api.Selection(kinds=["environment.air"]))
        )
        seen: dict[str, float] = {}
        live, complete = asyncio.Event(), asyncio.Event()

        async def watch() -> None:
            async for response in call:
                now = time.perf_counter()
                for event in response.events:
                    if event.type == api.EVENT_TYPE_BOOKMARK:
                        live.set()
                    elif event.type == api.EVENT_TYPE_CHANGE:
                        seen[event.record.provenance.source_message_id] = now
                        if len(seen) == _SAMPLES:
                            complete.set()

        watcher = asyncio.create_task(watch())
        await asyncio.wait_for(live.wait(), 60)
        sent = await _send(FEEDS["hj212"].port)
        async with asyncio.timeout(30):
            await complete.wait()
        watcher.cancel()
    ordered = sorted(
        next(at - sent[number] for number in sent if number in key) * 1e3
        for key, at in seen.items()
    )
    print(
        f"socket to gRPC watcher: p50 {statistics.median(ordered):.2f} ms, "
        f"p99 {ordered[int(len(ordered) * 0.99)]:.2f} ms ({len(ordered)} frames)",
        flush=True,
    )


async def _send(port: int) -> dict[str, float]:
    """Send frames at an even pace; return when each left, by its QN."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = datetime.now(_ZONE)
    sent = {}
    for number in range(_SAMPLES):
        frame = senders.hj212(number, start)
        sent[frame.split(b"QN=", 1)[1][:17].decode()] = time.perf_counter()
        writer.write(frame)
        await asyncio.sleep(_RATE_S)
    writer.close()
    del reader
    return sent
