"""Selections of up to 1,000 results at 10,000, 100,000 and 1,000,000 records, beside PostGIS.

    python -m benchmarks.selections [RECORDS ...]

Both answer over a socket on loopback, one call at a time, with the bytes of the same
records in the order of their names: the gateway's own service over gRPC with mutual TLS,
identity and agreement, PostgreSQL through asyncpg's prepared statements, with mutual TLS
too, and without. What is asked has some 1,000 results at every size, each time at another
place of the city; both are held against one another first. They take turns, and lower
quartiles are printed, in milliseconds: what else runs on the machine shows least in them.
`filter` looks at numbers that PostgreSQL has in columns, `any` at the same ones in a JSONB,
as a filter of any field would.
"""

import asyncio
import contextlib
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import uvloop

from benchmarks import postgis
from benchmarks.generated import CITY_M, EAST, FILTER, NORTH, SOUTH, WEST
from benchmarks.state_gateway import SERVICE
from broker.home import Home
from broker.plan import BusPlan
from broker.provision import prepare
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.place.v1.place_pb2 import Point
from liandong.record.v1.record_pb2 import Record

SIZES = (10_000, 100_000, 1_000_000)
RESULTS = 950
PLACES = 40
CHECKED = 3
# Without these a page of 190 kB waits for word from the client on its way.
_OPTIONS = (("grpc.http2.lookahead_bytes", 4 << 20), ("grpc.http2.max_frame_size", 1 << 20))
Call = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: as the gateway takes it, and PostgreSQL."""

    request: bytes
    arguments: tuple[Any, ...]


def queries(count: int) -> dict[str, list[Asked]]:
    """Return what is asked of a state of so many records."""
    chance = random.Random(count)
    # Metres of the side of a square that holds the results.
    side = CITY_M * math.sqrt(RESULTS / count)
    asked: dict[str, list[Asked]] = {name: [] for name in postgis.QUERIES}
    for _ in range(PLACES):
        height, width = side / CITY_M * (NORTH - SOUTH), side / CITY_M * (EAST - WEST)
        south = chance.uniform(SOUTH, NORTH - height)
        west = chance.uniform(WEST, EAST - width)
        latitude, longitude = south + height / 2, west + width / 2
        box = {
            "south_deg": south,
            "west_deg": west,
            "north_deg": south + height,
            "east_deg": west + width,
        }
        edges = (west, south, west + width, south + height)
        radius = side / math.sqrt(math.pi)
        center: dict[str, Any] = {"latitude_deg": latitude, "longitude_deg": longitude}
        ring = [
            (
                latitude + height * 0.57 * reach * math.sin(math.tau * corner / 16),
                longitude + width * 0.57 * reach * math.cos(math.tau * corner / 16),
            )
            for corner, reach in enumerate(chance.uniform(0.85, 1.1) for _ in range(16))
        ]
        ring.append(ring[0])
        points = [{"latitude_deg": y, "longitude_deg": x} for y, x in ring]
        text = f"POLYGON(({','.join(f'{x!r} {y!r}' for y, x in ring)}))"
        asked["box"].append(Asked(_listing(bounding_box=box), edges))
        asked["circle"].append(
            Asked(
                _listing(circle={"center": center, "radius_m": radius}),
                (longitude, latitude, radius),
            )
        )
        asked["polygon"].append(Asked(_listing(polygon={"points": points}), (text,)))
        filtered = Asked(_listing(bounding_box=box, filter=FILTER), edges)
        asked["filter"].append(filtered)
        asked["any"].append(filtered)
        nearest = api.ListRecordsRequest(
            order_by="distance", page_size=100, distance_from=Point(**center)
        )
        asked["nearest"].append(Asked(nearest.SerializeToString(), (longitude, latitude)))
    return asked


def _listing(**selection: Any) -> bytes:
    """Return a request for all that is selected on one page."""
    return api.ListRecordsRequest(
        selection=api.Selection(**selection), page_size=1000
    ).SerializeToString()


async def milliseconds(calls: Sequence[Call]) -> list[float]:
    """Return a call's lower quartile for each; they take turns, so that load meets all."""
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(PLACES):
        for call, times in zip(calls, taken, strict=True):
            began = time.perf_counter()
            await call(number)
            times.append(time.perf_counter() - began)
    return [statistics.quantiles(times, n=4)[0] * 1e3 for times in taken]


async def compare(count: int, folder: Path, databases: Sequence[Any]) -> None:
    """Print the figures of one size."""
    async with gateway(folder, count) as (channel, cost):
        beside = (cost["memory"] - cost["own"]) / count
        print(
            f"state {count:9,} records | take {cost['take_s'] / count * 1e6:.1f} us, index "
            f"{cost['index_s'] / count * 1e6:.1f} us a record | {cost['own'] / count:.0f} B a "
            f"record, and {beside:.0f} B for it beside",
            flush=True,
        )
        await postgis.fill(databases[0], count)
        for name, asked in queries(count).items():
            await measure(name, count, channel, databases, asked)


async def measure(
    name: str, count: int, channel: Any, databases: Sequence[Any], asked: list[Asked]
) -> None:
    """Print the figures of one query."""
    ours = channel.unary_unary(f"/{SERVICE}/ListRecords")
    statements = [await database.prepare(postgis.QUERIES[name]) for database in databases]
    found = await agree(name, ours, statements[0], asked)
    mine, *others = await milliseconds(
        (
            lambda number: ours(asked[number].request),
            *(
                lambda number, fetch=statement.fetch: fetch(*asked[number].arguments)
                for statement in statements
            ),
        )
    )
    tls, plain = others
    print(
        f"select {name:8} of {count:9,} | {found:5.0f} results | {mine:6.2f} ms | PostGIS with TLS "
        f"{tls:6.2f} ms, without {plain:6.2f} ms | {tls / mine:.1f} and {plain / mine:.1f} times",
        flush=True,
    )


async def agree(name: str, ours: Call, statement: Any, asked: list[Asked]) -> float:
    """Hold some answers against one another; return how many results they have."""
    numbers = []
    for one in asked[:CHECKED]:
        page = api.ListRecordsResponse.FromString(await ours(one.request))
        names = {record.name for record in page.records}
        rows = await statement.fetch(*one.arguments)
        others = {Record.FromString(row["payload"]).name for row in rows}
        # A circle's edge lies elsewhere by a metre or two: other radius, flattened elsewhere.
        if len(names ^ others) > max(len(names) // (10 if name == "nearest" else 100), 2):
            raise SystemExit(
                f"{name}: {len(names)} and {len(others)}, {len(names ^ others)} differ"
            )
        numbers.append(len(names))
    return statistics.mean(numbers)


@contextlib.asynccontextmanager
async def gateway(folder: Path, count: int) -> AsyncIterator[tuple[Any, dict[str, float]]]:
    """Run the service over so many records."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.state_gateway", str(folder), str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("the gateway's service did not start")
    cost = json.loads(line)
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.pem").read_bytes(),
        (folder / "client.key").read_bytes(),
        (folder / "client.pem").read_bytes(),
    )
    try:
        target = f"localhost:{cost['port']}"
        async with grpc.aio.secure_channel(target, credentials, _OPTIONS) as channel:
            yield channel, cost
    finally:
        process.stdin.close()
        await process.wait()


def certificates(folder: Path) -> None:
    """Make what the service and its client need."""
    home = Home(folder / "home")
    prepare(home, BusPlan(agencies=("police",)))
    (folder / "ca.pem").write_bytes(home.ca.read_bytes())
    for name, role in (("gateway", "server"), ("police", "client")):
        pem, key = home.certificate(name)
        (folder / f"{role}.pem").write_bytes(pem.read_bytes())
        (folder / f"{role}.key").write_bytes(key.read_bytes())


async def main(sizes: tuple[int, ...]) -> None:
    """Compare at each size."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        folder = Path(name)
        certificates(folder)
        with postgis.cluster(folder) as port:
            databases = [await postgis.connect(folder, port, secured=on) for on in (True, False)]
            for count in sizes:
                await compare(count, folder, databases)
            for database in databases:
                await database.close()


if __name__ == "__main__":
    uvloop.run(main(tuple(map(int, sys.argv[1:])) or SIZES))
