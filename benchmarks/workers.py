"""Whether several gateways on one port serve more calls than one, on this machine.

    python -m benchmarks.workers

Four client processes with a connection each read records one by one; the same for one, two
and three gateways. Prints calls a second of all clients together.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.city import FEEDS, bench_city
from benchmarks.ingest import ingest
from benchmarks.query import Server, answers, certificates

RECORDS = 1_000
CLIENTS = 4
CALLS = 6_000
_METHOD = "/liandong.gateway.v1.SharedStateService/GetRecord"


async def client(target: str, folder: Path, request: bytes) -> None:
    """Call so many times from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.callers", target, str(folder), _METHOD, str(CALLS), request.hex()),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode or not json.loads(output)["bytes"]:
        raise SystemExit(f"a client failed with {process.returncode}")


async def rate(workers: int) -> float:
    """Return the calls a second that so many gateways serve."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        folder = Path(name) / "query"
        folder.mkdir()
        async with bench_city(Path(name), workers) as bench:
            await ingest(FEEDS["hj212"].port, "hj212", RECORDS, 0, stations=RECORDS)
            certificates(bench, folder)
            target = f"localhost:{bench.city.gateway.port}"
            request = (await answers(Server(target, bench.gateway_pid), folder, RECORDS))["Get"]
            await client(target, folder, request)
            began = time.perf_counter()
            await asyncio.gather(*(client(target, folder, request) for _ in range(CLIENTS)))
            return CLIENTS * CALLS / (time.perf_counter() - began)


async def main() -> None:
    """Compare one, two and three."""
    for workers in (1, 2, 3):
        print(f"workers {workers}: {await rate(workers):8,.0f} calls/s", flush=True)


if __name__ == "__main__":
    uvloop.run(main())
