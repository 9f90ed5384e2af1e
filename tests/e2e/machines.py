"""A city on many machines: its servers run from the folders that were rendered for them."""

import asyncio
import contextlib
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from broker.connection import BusSettings
from broker.home import GATEWAY, Home
from broker.nodes import write_servers
from broker.parts import STREAMS, write_parts
from broker.plan import MEBIBYTE, BusPlan
from broker.provision import prepare
from broker.server import binary
from broker.signing import make_signing_key
from broker.streams import reconcile
from broker.users import hand
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from ops.city import City, read_city
from ops.run_gateway import journal_settings
from tests.conftest import free_port

PATIENCE_S = 60
_AGREEMENTS = """
[[agreement]]
id = "all-to-police"
provider = "*"
consumer = "police"
kinds = ["*", "ask.*"]
"""
_STATION = """
[[feed]]
id = "environment.hj212"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:0"
district = "320100"

[feed.spool]
after_s = 1
"""


def node(name: str, region: str = "", host: str = "127.0.0.1") -> str:
    """Return a server of the hub, or of another region, on free ports."""
    ports = "\n".join(f"{key} = {free_port()}" for key in ("port", "cluster_port", "leaf_port"))
    return f'[[nats.node]]\nname = "{name}"\nhost = "{host}"\nregion = "{region}"\n{ports}\n'


def leaf(agency: str) -> str:
    """Return a department's own server, on a free port."""
    return f'[[nats.leaf]]\nagency = "{agency}"\nhost = "127.0.0.1"\nport = {free_port()}\n'


def city_file(folder: Path, topology: str, *servers: str) -> Path:
    """Write a city of three departments with one feed."""
    (folder / "agreements.toml").write_text(_AGREEMENTS)
    agencies = "".join(
        f'[[agency]]\nname = "{name}"\n' for name in ("environment", "police", "water")
    )
    file = folder / "city.toml"
    file.write_text(
        'agreements = "agreements.toml"\n[city]\nname = "town"\n'
        f'[nats]\nport = {free_port()}\ntopology = "{topology}"\n'
        f"{''.join(servers)}{agencies}{_STATION}"
    )
    return file


class Machine:
    """One server, run in its folder.

    Args:
        folder: The folder.
        within: The words before its command, which run it in a network of its own.
    """

    def __init__(self, folder: Path, within: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self._within = within
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._within, binary(), "-c", "nats.conf"),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self) -> None:
        """End it as operators do: it writes down what it knows before."""
        self.signal(signal.SIGTERM)
        assert self._process is not None
        await self._process.wait()

    @property
    def log(self) -> str:
        """Return what it logged."""
        return (self.folder / "log").read_text()


class Machines:
    """All servers of a city, with every stream.

    Use it as ``async with Machines(file, folder) as machines``.

    Args:
        file: The city file.
        folder: Where the home and the servers' folders go.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        self.city: City = read_city(file)
        self.home = Home(folder / "home")
        self.out = folder / "out"
        self.plan: BusPlan = small(self.city.plan)
        self.by_name: dict[str, Machine] = {}
        self.within: dict[str, tuple[str, ...]] = {}
        self._cable: tuple[str, str] | None = None

    def render(self) -> list[Path]:
        """Write the servers' folders, and the parts' homes."""
        prepare(self.home, self.plan)
        write_parts(self.home, self.plan, self.out / "parts")
        return write_servers(self.home, self.plan, self.city.grid, self.out)

    def part(self, name: str) -> Home:
        """Return the home of a part, which holds no more than that needs."""
        return Home(self.out / "parts" / name)

    def led_over(self, port: int, cable: int) -> Self:
        """Have the departments' servers reach the hub over a cable."""
        self._cable = (str(port), str(cable))
        return self

    def reload(self) -> None:
        """Render anew, and have every server read it."""
        self.render()
        for machine in self.by_name.values():
            machine.signal(signal.SIGHUP)

    async def __aenter__(self) -> Self:
        self.by_name = {
            folder.name: Machine(folder, self.within.get(folder.name, ()))
            for folder in self.render()
        }
        for leaf in self.city.grid.leaves:
            config = self.out / leaf.name / "nats.conf"
            if self._cable is not None:
                config.write_text(config.read_text().replace(*self._cable))
        try:
            for machine in self.by_name.values():
                await machine.start()
            await reconcile(self.part(STREAMS), self.plan)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(*(machine.stop() for machine in self.by_name.values()))

    @asynccontextmanager
    async def gateway(self, region: str = "") -> AsyncIterator[Gateway]:
        """Run a gateway, in a region."""
        home = self.part(GATEWAY)
        pem, key = home.certificate(GATEWAY)
        plan = self.plan
        name = f"{GATEWAY}-{uuid.uuid4().hex[:8]}"
        make_signing_key(*home.signing_key(name))
        settings = GatewaySettings(
            host="127.0.0.1",
            port=0,
            certificate=str(pem),
            key=str(key),
            ca=str(home.ca),
            agreements=str(self.city.agreements),
            agencies=plan.agencies,
            bus=BusSettings.of(home, self.city.plan_in(region), GATEWAY),
            hands={name: BusSettings.of(home, plan, hand(name)) for name in plan.agencies},
            audit=journal_settings(home, name, 64 * MEBIBYTE),
            revoked=str(home.revoked),
        )
        async with Gateway(settings) as gateway:
            yield gateway


def small(plan: BusPlan) -> BusPlan:
    """Return a plan that leaves room on the disk."""
    return msgspec.structs.replace(
        plan,
        agency_bytes=64 * MEBIBYTE,
        quarantine_bytes=32 * MEBIBYTE,
        city_bytes=256 * MEBIBYTE,
        # Whoever checks that all came sees no revision dropped as history.
        history=100_000,
    )


class Cable:
    """A TCP proxy that can be cut: between two servers, or a station and its adapter.

    Use it as ``async with Cable(port, own) as cable``.

    Args:
        port: Where it leads, on loopback.
        own: Where it begins.

    Attributes:
        refused: How often somebody tried to get through while it was cut.
    """

    def __init__(self, port: int, own: int) -> None:
        self._port, self._own = port, own
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self.is_cut = False
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._own)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Cut it; nobody gets through until it is mended."""
        self.is_cut = True
        for end in tuple(self._ends):
            end.transport.abort()

    def mend(self) -> None:
        """Let through again."""
        self.is_cut = False

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one side ends."""
        if self.is_cut:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, back}
        self._ends |= ends
        await asyncio.wait(
            [asyncio.create_task(_carry(a, b)) for a, b in ((reader, back), (there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        self._ends -= ends
        for end in ends:
            end.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
