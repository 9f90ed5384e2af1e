"""The same publishing on one server and on a cluster of three, in turn.

    python -m benchmarks.replicas [RECORDS]

Both run at once from folders that `broker.nodes` renders: streams on one server (R1), and on
three of a cluster (R3), all on this machine. Four departments publish as fast as they are
acknowledged, then one publishes record after record. Medians of rounds are printed, and the
processor time of the servers for each record. The cluster's city stream is flushed before
each acknowledgement, as it must be there.
"""

import asyncio
import contextlib
import logging
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop

from benchmarks.city import free_port
from benchmarks.scale_books import messages
from benchmarks.scale_city import record_bytes
from benchmarks.stations import cpu_s
from broker.connection import Bus, BusSettings
from broker.errors import PublishError
from broker.home import GATEWAY, Home
from broker.nodes import CONFIG, write_servers
from broker.outgoing import Outgoing
from broker.plan import MEBIBYTE, BusPlan, stream_name
from broker.provision import prepare
from broker.publisher import Publisher
from broker.server import binary
from broker.streams import reconcile
from broker.subjects import share_subject
from broker.users import CITY
from ops.city import read_city

ROUNDS = 3
_AGENCIES = [f"department-{number}" for number in range(1, 5)]
_LOT = 2_000
_SINGLES = 300
_CAUGHT_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A running bus."""

    home: Home
    plan: BusPlan
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round took: records a second, milliseconds of single ones, CPU s a record."""

    rate: float
    singles: list[float]
    cost: float


def _city_file(folder: Path, topology: str, servers: int) -> Path:
    """Write the city file of a shape."""
    nodes = "".join(
        f'[[nats.node]]\nname = "nats-{number}"\nhost = "127.0.0.1"\nport = {free_port()}\n'
        f"cluster_port = {free_port()}\nleaf_port = {free_port()}\n"
        for number in range(1, servers + 1)
    )
    agencies = "".join(f'[[agency]]\nname = "{name}"\n' for name in _AGENCIES)
    folder.mkdir()
    file = folder / "city.toml"
    file.write_text(
        f'[city]\nname = "replicas"\n[nats]\nport = {free_port()}\ntopology = "{topology}"\n'
        f"{nodes}{agencies}"
    )
    return file


@contextlib.asynccontextmanager
async def shape(folder: Path, topology: str, servers: int) -> AsyncIterator[Shape]:
    """Run a bus from its rendered folders."""
    city, home = read_city(_city_file(folder, topology, servers)), Home(folder / "home")
    plan = msgspec.structs.replace(
        city.plan, agency_bytes=256 * MEBIBYTE, city_bytes=1024 * MEBIBYTE
    )
    prepare(home, plan)
    processes: list[asyncio.subprocess.Process] = []
    try:
        for server in write_servers(home, plan, city.grid, folder / "out"):
            with (server / "log").open("ab") as log:
                processes.append(
                    await asyncio.create_subprocess_exec(
                        binary(), "-c", CONFIG, cwd=server, stdout=log, stderr=log
                    )
                )
        await reconcile(home, plan)
        yield Shape(home, plan, [process.pid for process in processes])
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _outgoing(agency: str, number: int) -> Outgoing:
    """Return a record to publish."""
    name, payload = record_bytes(agency, number, uuid.uuid4().hex)
    return Outgoing(share_subject(name), payload, uuid.uuid4().hex)


async def _publish(publisher: Publisher, messages: list[Outgoing]) -> None:
    """Publish lots, as many as are under way at most."""
    for first in range(0, len(messages), _LOT):
        for result in await publisher.publish_all(messages[first : first + _LOT]):
            if isinstance(result, PublishError):
                raise result


async def _in_city(running: Shape) -> int:
    """Return how many records the city's stream holds."""
    async with Bus(BusSettings.of(running.home, running.plan, GATEWAY)) as bus:
        return await messages(bus, CITY)


async def one_round(running: Shape, records: int, expected: int) -> Round:
    """Publish on one shape; wait until the city's stream has all of it."""
    spent = sum(map(cpu_s, running.pids))
    each = records // len(_AGENCIES)
    async with contextlib.AsyncExitStack() as stack:
        publishers = []
        for agency in _AGENCIES:
            settings = BusSettings.of(running.home, running.plan, agency)
            bus = await stack.enter_async_context(Bus(settings))
            publishers.append(await stack.enter_async_context(Publisher(bus, stream_name(agency))))
        lots = [[_outgoing(agency, number) for number in range(each)] for agency in _AGENCIES]
        began = time.perf_counter()
        await asyncio.gather(*map(_publish, publishers, lots))
        rate = each * len(_AGENCIES) / (time.perf_counter() - began)
        singles = []
        for number in range(_SINGLES):
            message = _outgoing(_AGENCIES[0], number)
            began = time.perf_counter()
            await publishers[0].publish(message)
            singles.append((time.perf_counter() - began) * 1e3)
    async with asyncio.timeout(_CAUGHT_UP_S):
        # Nobody tells when the sources have caught up.
        while (held := await _in_city(running)) < expected:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    if held != expected:
        raise SystemExit(f"the city's stream holds {held} records of {expected}")
    cost = (sum(map(cpu_s, running.pids)) - spent) / (each * len(_AGENCIES) + _SINGLES)
    return Round(rate, singles, cost)


async def compare(records: int) -> None:
    """Print what one server and three do, and the ratio."""
    with tempfile.TemporaryDirectory(prefix="liandong-replicas-") as name:
        folder = Path(name)
        async with (
            shape(folder / "single", "single", 0) as single,
            shape(folder / "cluster", "cluster", 3) as cluster,
        ):
            rounds: dict[str, list[Round]] = {"R1": [], "R3": []}
            each = records // len(_AGENCIES) * len(_AGENCIES) + _SINGLES
            for number in range(1, ROUNDS + 1):
                for word, running in (("R1", single), ("R3", cluster)):
                    rounds[word].append(await one_round(running, records, number * each))
    for word, done in rounds.items():
        cuts = statistics.quantiles([wait for one in done for wait in one.singles], n=100)
        print(
            f"{word}: {statistics.median(one.rate for one in done):8,.0f} records/s, one by one "
            f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, servers "
            f"{statistics.median(one.cost for one in done) * 1e6:.0f} CPU us a record"
        )
    rate = {word: statistics.median(one.rate for one in done) for word, done in rounds.items()}
    print(f"R3 / R1: {rate['R3'] / rate['R1']:.2f}", flush=True)


if __name__ == "__main__":
    # uvloop remarks on each TLS connection that is closed.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    uvloop.run(compare(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
