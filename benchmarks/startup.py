"""The gateway's start from JetStream, beside the bare consumer reading the same stream.

    python -m benchmarks.startup [RECORDS]

A real server with an agency's account and the hub; records are published by the agency and
sourced into `CITY`. Each reader is a process of its own: ours follows the stream into the
state view and indexes it, as the gateway does before it serves; the bare one is a consumer
as ordered and flow-controlled, with nats-py's callback that counts. Rounds alternate;
medians are printed.
"""

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from nats.aio.msg import Msg

from benchmarks.city import free_port
from benchmarks.generated import records
from benchmarks.ingest import publish_batch
from broker.connection import Bus, BusSettings
from broker.consumer import Consumer
from broker.home import Home
from broker.plan import MEBIBYTE, BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import share_subject
from broker.subscriber import follow
from broker.users import CITY
from gateway.loading import loading
from gateway.view import StateView
from liandong.record.v1.record_pb2 import Record

ROUNDS = 3
_AGENCY = "transport"
_BATCH = 500
_SHARED_S = 120
_DATA = "$JS.ACK."


def plan_of(port: int) -> BusPlan:
    """Return the bus of the benchmark."""
    room = 4096 * MEBIBYTE
    return BusPlan(agencies=(_AGENCY,), port=port, agency_bytes=room, city_bytes=room)


async def publish(home: Home, plan: BusPlan, count: int, seed: int = 7) -> None:
    """Publish records as the agency, and wait until the hub has them all."""
    made = map(_published, records(count, seed))
    async with Bus(BusSettings.of(home, plan, "gateway")) as bus:
        wanted = (await bus.nc.jetstream().stream_info(CITY)).state.messages + count
    async with Bus(BusSettings.of(home, plan, _AGENCY)) as bus:
        while lot := list(itertools.islice(made, _BATCH * 4)):
            lots = [lot[first : first + _BATCH] for first in range(0, len(lot), _BATCH)]
            await asyncio.gather(*(publish_batch(bus, one) for one in lots))
    async with Bus(BusSettings.of(home, plan, "gateway")) as bus:
        async with asyncio.timeout(_SHARED_S):
            while (await bus.nc.jetstream().stream_info(CITY)).state.messages < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # No word comes when the hub has it all.


def _published(record: Record) -> tuple[str, bytes]:
    """Return a record's subject and bytes, as one of the agency's own."""
    record.name = f"{_AGENCY}/{record.name.partition('/')[2]}"
    return share_subject(record.name), record.SerializeToString()


async def read(kind: str, folder: Path, port: int) -> None:
    """Read the stream once, and print the seconds it took."""
    home, plan = Home(folder), plan_of(port)
    async with Bus(BusSettings.of(home, plan, "gateway")) as bus:
        began = time.perf_counter()
        count = await (ours(bus) if kind == "ours" else bare(bus))
        print(json.dumps({"seconds": time.perf_counter() - began, "records": count}))


async def ours(bus: Bus) -> int:
    """Follow the stream into a view."""
    view = StateView()
    with loading():
        async with await follow(bus, CITY, "share.>", view.take) as state:
            await state.caught_up.wait()
            view.index()
    return len(view)


async def bare(bus: Bus) -> int:
    """Count what an ordered consumer is sent."""
    done, count, total = asyncio.Event(), 0, sys.maxsize

    async def receive(message: Msg) -> None:
        nonlocal count
        if not message.reply.startswith(_DATA):
            # Flow control: the server waits until it is answered.
            if message.reply:
                await bus.nc.publish(message.reply)
            return
        count += 1
        if count == total:
            done.set()

    consumer = Consumer(bus, CITY, "share.>")
    total = await consumer.open(receive, 1)
    if count < total:
        await done.wait()
    await consumer.close()
    return count


async def reader(kind: str, folder: Path, port: int) -> float:
    """Run a reader as a process of its own; return its seconds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.startup", kind, str(folder), str(port)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"the reader failed with {process.returncode}")
    return float(json.loads(output)["seconds"])


async def main(count: int) -> None:
    """Compare both readers."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        folder, port = Path(name), free_port()
        home, plan = Home(folder), plan_of(port)
        async with EmbeddedServer(home, plan):
            await reconcile(home, plan)
            await publish(home, plan, count)
            taken: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(ROUNDS):
                for kind, seconds in taken.items():
                    seconds.append(await reader(kind, folder, port))
    mine, limit = (statistics.median(seconds) for seconds in taken.values())
    print(
        f"start {count:9,} records | {mine:6.2f} s, {count / mine:9,.0f} records/s | bare consumer "
        f"{limit:6.2f} s | ratio {limit / mine:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].isdecimal():
        uvloop.run(read(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
    else:
        uvloop.run(main(int(sys.argv[1]) if sys.argv[1:] else 200_000))
