"""How many connections a process may hold."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from adapters.sdk.audit import audit
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import frame
from tests.conftest import free_port
from tests.running_city import LIANDONG

STATIONS = 100
_CITY = """
[city]
name = "t"

[nats]
port = {nats}

[[agency]]
name = "environment"

[[feed]]
id = "environment.crowd"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{port}"
"""

_PROBE = """
import json, resource, socket
from ops.limits import allow_connections

resource.setrlimit(resource.RLIMIT_NOFILE, (64, {most}))
allow_connections()
held = [socket.socket() for _ in range({held})]
print(json.dumps([resource.getrlimit(resource.RLIMIT_NOFILE), len(held)]))
"""


async def _probed(most: int, held: int) -> tuple[int, str, str]:
    """Run a process that begins with 64 files; return how it ended and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROBE.format(most=most, held=held)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        said, failed = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), failed.decode()


async def test_a_process_may_hold_as_many_connections_as_the_system_allows_at_all() -> None:
    """More than it began with, and the most itself stays as it was."""
    status, said, failed = await _probed(most=512, held=400)

    assert (status, failed) == (0, "")
    assert json.loads(said) == [[512, 512], 400]


async def test_what_the_system_does_not_allow_stays_forbidden() -> None:
    """The limit is real: a process that wants more fails."""
    status, _, failed = await _probed(most=512, held=600)

    assert status == 1
    assert "Too many open files" in failed


async def test_an_adapter_holds_more_stations_than_its_shell_allows(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """Started with 64 files, it takes and answers a hundred connections at once."""
    port = free_port()
    city = tmp_path / "city.toml"
    city.write_text(_CITY.format(nats=plan.port, port=port))
    command = (LIANDONG, "adapter", "run", "environment.crowd", "--home", city_home.path)
    adapter = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh", *command, "--city", city),
        stdout=asyncio.subprocess.DEVNULL,
    )
    stations: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        async with asyncio.timeout(60):
            while not stations:
                with contextlib.suppress(ConnectionRefusedError):
                    stations.append(await asyncio.open_connection("127.0.0.1", port))
                await asyncio.sleep(0.05)
            while len(stations) < STATIONS:
                stations.append(await asyncio.open_connection("127.0.0.1", port))
            for number, (_, writer) in enumerate(stations):
                writer.write(frame(number))
            for reader, _ in stations:
                await reader.readuntil(b"\r\n")
    finally:
        for _, writer in stations:
            writer.close()
        adapter.terminate()
        await adapter.wait()

    assert adapter.returncode == 0
    async with Bus(BusSettings.of(city_home, plan, "environment")) as bus:
        books = await audit(bus, "environment", "environment.crowd")
    assert books.findings == ()
    assert books.stored == STATIONS
