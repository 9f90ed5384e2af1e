"""The embedded server: started, ready, alone on its data, and never left behind."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest

from broker.connection import Bus, BusSettings
from broker.errors import ServerFailed
from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from tests.conftest import small_plan

PATIENCE_S = 60
PARENT = """
import asyncio, sys
from pathlib import Path
from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer

async def run():
    plan = BusPlan(agencies=("water",), port=int(sys.argv[2]))
    async with EmbeddedServer(Home(Path(sys.argv[1])), plan) as server:
        print("pid", server.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(run())
"""


@pytest.fixture
def plan() -> BusPlan:
    """Return the plan of a bus of the test's own."""
    return small_plan(("water",))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return an empty home."""
    return Home(tmp_path / "home")


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_server_takes_clients_until_it_is_left(home: Home, plan: BusPlan) -> None:
    """Inside it is ready, after leaving it has ended."""
    async with EmbeddedServer(home, plan) as server:
        pid = server.pid
        assert pid is not None
        async with Bus(BusSettings.of(home, plan, "admin.water")) as bus:
            assert (await bus.js.account_info()).streams == 0

    assert server.pid is None
    assert not runs(pid)


async def test_keys_and_data_survive_a_second_start(home: Home, plan: BusPlan) -> None:
    """What was made the first time is used the second."""
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
    before = {path: path.read_bytes() for path in (*home.keys_dir.iterdir(), home.ca)}

    async with EmbeddedServer(home, plan):
        assert await reconcile(home, plan) == []

    assert {path: path.read_bytes() for path in before} == before


async def test_a_taken_port_is_told(home: Home, plan: BusPlan) -> None:
    """The sentence names the port and what to do."""
    with socket.socket() as other:
        other.bind((plan.host, plan.port))
        other.listen()

        with pytest.raises(ServerFailed, match=f"port {plan.port} on 127.0.0.1 cannot be used"):
            await EmbeddedServer(home, plan).__aenter__()


async def test_a_second_server_on_the_same_data_is_refused(home: Home, plan: BusPlan) -> None:
    """Two would destroy what they write; the first goes on."""
    async with EmbeddedServer(home, plan) as first:
        other = small_plan(("water",))

        with pytest.raises(ServerFailed, match=f"runs already on {home.nats_dir}"):
            await EmbeddedServer(home, other).__aenter__()

        assert first.pid is not None


async def test_a_refused_configuration_is_told(home: Home, plan: BusPlan) -> None:
    """The server's own words are in the sentence."""
    server = EmbeddedServer(home, plan)
    async with server:
        pass
    home.nats_config.write_text("listen: {")

    with pytest.raises(ServerFailed, match=r"refuses its configuration: .*Parse error on line 1"):
        await server.start()
    assert server.pid is None


async def test_a_server_that_will_not_stop_is_ended_when_its_owner_says_so(
    home: Home, plan: BusPlan
) -> None:
    """Killing works where asking would not."""
    async with EmbeddedServer(home, plan) as server:
        await server.kill()

        assert await server.wait() == -signal.SIGKILL
        assert server.pid is None


async def test_no_server_outlives_a_killed_parent(home: Home, plan: BusPlan) -> None:
    """SIGKILL of the Python process: its server ends, and frees port and data for the next."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        str(home.path),
        str(plan.port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while not (line := await parent.stdout.readline()).startswith(b"pid "):
            assert line, "the parent ended"
    orphan = int(line.split()[1])
    assert runs(orphan)

    parent.kill()
    await parent.wait()

    async with EmbeddedServer(home, plan) as server:
        assert server.pid is not None
        assert not runs(orphan)
