"""Get, List of 100 and Watch of the gateway, beside a bare handler that returns the same bytes.

    python -m benchmarks.query [RECORDS]

Both servers run as processes of their own with the same TLS, options and event loop, and
are asked by the same client process in turn. On two cores the client is as busy as the
server, so that calls a second say little; what is compared is what a call costs the
server: calls for each second of its processor time. Medians of the rounds are printed.
"""

import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import uvloop

from benchmarks.bare_gateway import SERVICE
from benchmarks.city import FEEDS, Bench, bench_city
from benchmarks.ingest import ingest
from liandong.gateway.v1 import shared_state_pb2 as api

ROUNDS = 3
CALLS = {"Get": 12_000, "List": 6_000, "Watch": 20}
_STATE = "/liandong.gateway.v1.SharedStateService"


@dataclass(frozen=True, slots=True)
class Server:
    """A server under measurement: where it is asked, and the process that answers."""

    target: str
    pid: int


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def call(server: Server, folder: Path, method: str, *arguments: str) -> float:
    """Run the client once; return seconds of the server's processor time."""
    before = cpu_seconds(server.pid)
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.callers",
        *(server.target, str(folder), method, *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await client.communicate()
    if client.returncode:
        raise SystemExit(f"the client failed with {client.returncode}")
    if not json.loads(output)["bytes"]:
        raise SystemExit(f"{method} of {server.target} returned nothing")
    return cpu_seconds(server.pid) - before


@contextlib.asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[Server]:
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
        yield Server(f"localhost:{port}", process.pid)
    finally:
        process.stdin.close()
        await process.wait()


def certificates(bench: Bench, folder: Path) -> None:
    """Lay out what both servers and the client need."""
    shutil.copyfile(bench.home.ca, folder / "ca.pem")
    for name, role in (("gateway", "server"), ("environment", "client")):
        pem, key = bench.home.certificate(name)
        shutil.copyfile(pem, folder / f"{role}.pem")
        shutil.copyfile(key, folder / f"{role}.key")


async def answers(gateway: Server, folder: Path, records: int) -> dict[str, bytes]:
    """Ask the gateway once, keep its answers for the bare server; return the requests."""
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.pem").read_bytes(),
        (folder / "client.key").read_bytes(),
        (folder / "client.pem").read_bytes(),
    )
    selection = api.Selection(kinds=["environment.air"])
    listing = api.ListRecordsRequest(selection=selection, page_size=100).SerializeToString()
    watching = api.WatchRecordsRequest(selection=selection).SerializeToString()
    async with grpc.aio.secure_channel(gateway.target, credentials) as channel:
        page = await channel.unary_unary(f"{_STATE}/ListRecords", None, None)(listing)
        name = api.ListRecordsResponse.FromString(page).records[0].name
        getting = api.GetRecordRequest(name=name).SerializeToString()
        got = await channel.unary_unary(f"{_STATE}/GetRecord", None, None)(getting)
        (folder / "get").write_bytes(got)
        (folder / "list").write_bytes(page)
        number = seen = 0
        stream = channel.unary_stream(f"{_STATE}/WatchRecords", None, None)(watching)
        async for message in stream:
            (folder / f"watch.{number}").write_bytes(message)
            number += 1
            seen += len(api.WatchRecordsResponse.FromString(message).events)
            if seen > records:
                break
        stream.cancel()
    return {"Get": getting, "List": listing, "Watch": watching}


async def compare(gateway: Server, folder: Path, requests: dict[str, bytes], records: int) -> None:
    """Print each method's rate, the bare one's and the ratio."""
    names = {"Get": "GetRecord", "List": "ListRecords", "Watch": "WatchRecords"}
    async with bare(folder) as ceiling:
        for method, request in requests.items():
            calls = CALLS[method]
            arguments = [str(calls), request.hex()]
            if method == "Watch":
                arguments.append(str(_size(folder)))
            ours, theirs = [], []
            for _ in range(ROUNDS + 1):
                ours.append(await call(gateway, folder, f"{_STATE}/{names[method]}", *arguments))
                theirs.append(await call(ceiling, folder, f"/{SERVICE}/{method}", *arguments))
            # The first round warms both up.
            done = calls * records if method == "Watch" else calls
            rate = done / statistics.median(ours[1:])
            limit = done / statistics.median(theirs[1:])
            what = "records" if method == "Watch" else "calls"
            print(
                f"query {method:5} {rate:10,.0f} {what}/cpu-s | ceiling {limit:10,.0f} | "
                f"ratio {rate / limit:.2f}",
                flush=True,
            )


def _size(folder: Path) -> int:
    """Return how many bytes a watch's snapshot has."""
    return sum(path.stat().st_size for path in folder.glob("watch.*"))


async def main(records: int) -> None:
    """Fill the shared state through a socket, then ask."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        root = Path(name)
        async with bench_city(root) as bench:
            await ingest(FEEDS["hj212"].port, "hj212", records, 0, stations=records)
            folder = root / "query"
            folder.mkdir()
            certificates(bench, folder)
            gateway = Server(f"localhost:{bench.city.gateway.port}", bench.gateway_pid)
            requests = await answers(gateway, folder, records)
            await compare(gateway, folder, requests, records)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
