"""Summaries of 10,000, 100,000 and 1,000,000 records, beside PostgreSQL with PostGIS.

    python -m benchmarks.summaries [RECORDS ...]

As `benchmarks.selections`: over sockets on loopback, mutual TLS, one call at a time, taking
turns, lower quartiles in milliseconds. The whole state by district, by H3 cell, and by cell
with the vehicles' speeds, and the last of a box of some 950 records. PostgreSQL has the cells
in a column, and its table is left as it is; of the gateway's state 100 records, all over it,
change before each call (`changed`), or none (`same`).
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import postgis
from benchmarks.selections import SIZES, certificates, gateway, queries
from benchmarks.state_gateway import SERVICE
from liandong.gateway.v1 import shared_state_pb2 as api

ROUNDS = 20
SPEED = "traffic_vehicle.speed_m_s"
CELL, DISTRICT = api.GROUP_BY_H3_CELL, api.GROUP_BY_DISTRICT
ASKED = {
    "district": api.SummarizeRecordsRequest(group_by=[DISTRICT]),
    "cell": api.SummarizeRecordsRequest(group_by=[CELL]),
    "speeds": api.SummarizeRecordsRequest(group_by=[CELL], value=SPEED),
    "box": api.SummarizeRecordsRequest(group_by=[CELL], value=SPEED),
}
Call = Callable[[int], Awaitable[Any]]


async def compare(count: int, folder: Path, databases: Sequence[Any]) -> None:
    """Print the figures of one size."""
    await postgis.fill(databases[0], count)
    async with gateway(folder, count) as (channel, _):
        boxes = [
            (api.ListRecordsRequest.FromString(one.request).selection, one.arguments)
            for one in queries(count)["box"]
        ]
        for name, request in ASKED.items():
            ours = channel.unary_unary(f"/{SERVICE}/SummarizeRecords")
            change = channel.unary_unary(f"/{SERVICE}/Change")
            statements = [await one.prepare(postgis.SUMMARIES[name]) for one in databases]

            def asked(number: int, name: str = name, request: Any = request) -> bytes:
                if name == "box":
                    request.selection.CopyFrom(boxes[number % len(boxes)][0])
                return bytes(request.SerializeToString())

            def arguments(number: int, name: str = name) -> tuple[Any, ...]:
                return boxes[number % len(boxes)][1] if name == "box" else ()

            began = time.perf_counter()
            answer = await ours(asked(0))
            first = (time.perf_counter() - began) * 1e3
            groups = agree(answer, await statements[0].fetch(*arguments(0)))
            times: list[list[float]] = [[] for _ in range(4)]
            for number in range(ROUNDS):
                await change(b"")
                times[0].append(await timed(ours(asked(number))))
                times[1].append(await timed(ours(asked(number))))
                for at, statement in enumerate(statements, 2):
                    times[at].append(await timed(statement.fetch(*arguments(number))))
            changed, same, tls, plain = (statistics.quantiles(one, n=4)[0] for one in times)
            print(
                f"summary {name:8} of {count:9,} | {groups:5} groups | first {first:7.1f} ms | "
                f"changed {changed:6.2f} ms, same {same:5.2f} ms | PostGIS with TLS {tls:7.2f} ms, "
                f"without {plain:7.2f} ms | {tls / changed:.1f} and {plain / changed:.1f} times",
                flush=True,
            )


async def timed(call: Awaitable[Any]) -> float:
    """Return how many milliseconds a call takes."""
    began = time.perf_counter()
    await call
    return (time.perf_counter() - began) * 1e3


def agree(answer: bytes, rows: Sequence[Any]) -> int:
    """Hold an answer against the other; return how many groups it has."""
    groups = api.SummarizeRecordsResponse.FromString(answer).groups
    mine = {
        int(one.h3_cell or "0", 16) if one.h3_cell else one.district: one.count for one in groups
    }
    others = {row[0] or "": row[1] for row in rows}
    if mine != others:
        raise SystemExit(f"{len(mine)} and {len(others)} groups differ")
    return len(mine)


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
