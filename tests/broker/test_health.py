"""What servers and streams tell of themselves, one of them and a cluster of three."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from nats.errors import TimeoutError as NoAnswer
from nats.js.errors import APIError

from broker.accounts import render
from broker.connection import Bus, BusSettings
from broker.health import BusState, StreamState, bus_state
from broker.home import Home
from broker.plan import BusPlan
from broker.provision import prepare
from broker.users import HUB, SYSTEM_READER, admin, quarantine_stream
from tests.conftest import free_port, small_plan

BusOf = Callable[[str], AbstractAsyncContextManager[Bus]]
SERVERS = 3


def stream(state: BusState, name: str) -> StreamState | None:
    """Return a stream's state; None: nobody tells of it."""
    return next((one for one in state.streams if one.name == name), None)


async def test_a_server_tells_of_itself_and_of_every_stream(bus_of: BusOf, plan: BusPlan) -> None:
    """In one answer: what they hold, what they may, and what they still have to take."""
    async with bus_of(SYSTEM_READER) as bus:
        state = await bus_state(bus)

    (server,) = state.servers
    assert (server.name, server.healthy) == ("liandong", True)
    assert server.memory_bytes > 0
    city, quarantine = stream(state, "CITY"), stream(state, quarantine_stream("water"))
    assert city is not None
    assert (city.account, city.limit_bytes, city.refuses) == (HUB, plan.city_bytes, True)
    assert (city.replicas, city.current) == (1, 1)
    assert set(city.source_lag) == {agency.upper() for agency in plan.agencies}
    assert quarantine is not None
    assert quarantine.account == "WATER"


async def test_a_bus_that_is_away_has_no_servers(tmp_path: Path) -> None:
    """It is told as such, and nobody waits."""
    home, plan = Home(tmp_path), small_plan(("water",))
    prepare(home, plan)
    settings = BusSettings.of(home, plan, SYSTEM_READER).patient_for(0.05)

    async with Bus(settings, is_patient=True) as bus:
        assert await bus_state(bus) == BusState()


async def test_a_lost_copy_is_told_by_the_leader(tmp_path: Path) -> None:
    """Three servers, a stream with a copy on each; one server stops."""
    async with _cluster(tmp_path) as (home, plan, processes):
        async with Bus(BusSettings.of(home, plan, admin(HUB))) as hub:
            await _until_made(hub)
        async with Bus(BusSettings.of(home, plan, SYSTEM_READER)) as bus:
            whole = await _until(bus, lambda found: found.current == SERVERS)
            processes[-1].terminate()
            lacking = await _until(bus, lambda found: found.current == SERVERS - 1)

    assert (whole.replicas, lacking.replicas) == (SERVERS, SERVERS)
    assert lacking.name == "THRICE"


async def _until(bus: Bus, fits: Callable[[StreamState], bool]) -> StreamState:
    """Wait until the stream is told as expected."""
    async with asyncio.timeout(60):
        while True:
            found = stream(await bus_state(bus), "THRICE")
            if found is not None and fits(found):
                return found
            await asyncio.sleep(0.1)


async def _until_made(hub: Bus) -> None:
    """Make a stream of three copies as soon as the cluster has a leader."""
    async with asyncio.timeout(60):
        while True:
            try:
                await hub.js.add_stream(name="THRICE", subjects=["thrice"], num_replicas=SERVERS)
            except (APIError, NoAnswer):
                await asyncio.sleep(0.1)
            else:
                return


@contextlib.asynccontextmanager
async def _cluster(
    folder: Path,
) -> AsyncIterator[tuple[Home, BusPlan, list[asyncio.subprocess.Process]]]:
    """Run three servers with the accounts and keys of one home; yield the way to the first."""
    home, plan = Home(folder), small_plan(("water",))
    prepare(home, plan)
    text, routes = render(home, plan), [free_port() for _ in range(SERVERS)]
    known = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    assert binary is not None
    processes = []
    try:
        for number, route in enumerate(routes):
            config = folder / f"{number}.conf"
            port = plan.port if number == 0 else free_port()
            config.write_text(
                text.replace(str(plan.port), str(port))
                .replace('server_name: "liandong"', f'server_name: "n{number}"')
                .replace("nats/data", f"nats/data{number}")
                .replace("nats.pid", f"nats{number}.pid")
                + f'cluster {{ name: c, listen: "127.0.0.1:{route}", routes: [{known}] }}\n'
            )
            processes.append(
                await asyncio.create_subprocess_exec(
                    binary, "-c", config, stderr=asyncio.subprocess.DEVNULL
                )
            )
        yield home, plan, processes
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
