"""A town on three servers, whose adapters and gateways are processes that can be killed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from nats.errors import Error as NatsError
from nats.js.api import StreamInfo

from broker.connection import Bus, BusSettings
from broker.home import GATEWAY, Home
from broker.servers import ask_servers
from broker.users import SYSTEM_READER, admin
from tests.chaos.load import Load
from tests.chaos.segment import Segment
from tests.chaos.watchers import Watcher
from tests.conftest import free_port
from tests.e2e.machines import PATIENCE_S, Cable, Machines, city_file, leaf, node
from tests.e2e.processes import begun

NODES = ("nats-1", "nats-2", "nats-3")
STREAM, CITY = "ENVIRONMENT", "CITY"
_ACCOUNTS = {STREAM: "ENVIRONMENT", CITY: "HUB"}
_FEEDS = ("environment.hj212", "environment.more")
_STATIONS = 3
_SECOND = """
[[feed]]
id = "environment.more"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{port}"
district = "320100"

[feed.spool]
after_s = 1
"""


class Wired(Machines):
    """Servers that reach each other over cables only: one for each direction."""

    def __init__(self, file: Path, folder: Path) -> None:
        super().__init__(file, folder)
        grid = self.city.grid
        ends = [
            (one.name, other.name, other.cluster_port) for one in grid.hub for other in grid.hub
        ]
        ends += [
            (one.name, other.name, other.leaf_port) for one in grid.leaves for other in grid.hub
        ]
        self._ports = {
            (one, other): (port, free_port()) for one, other, port in ends if one != other
        }
        self._nowhere = free_port()
        self.cables = {ends: Cable(*ports) for ends, ports in self._ports.items()}

    def render(self) -> list[Path]:
        """Write the servers' folders, each with its own ways to the others."""
        folders = super().render()
        for (one, _), (port, own) in self._ports.items():
            config = self.out / one / "nats.conf"
            text = config.read_text()
            for before, after in (
                (f'127.0.0.1:{port}"\n', f'127.0.0.1:{own}"\n'),
                (f'"tls://127.0.0.1:{port}"', f'"tls://127.0.0.1:{own}"'),
            ):
                text = text.replace(before, after)
            config.write_text(text)
        for config in self.out.glob("nats-*/nats.conf"):
            text = config.read_text()
            # Servers tell each other where a third one is; they shall find it by cable only.
            told = f'cluster {{\n  advertise: "127.0.0.1:{self._nowhere}"\n'
            config.write_text(text.replace("cluster {\n", told))
        return folders

    def of(self, name: str) -> list[Cable]:
        """Return every cable of a server."""
        return [cable for ends, cable in self.cables.items() if name in ends]


class Part:
    """An adapter or a gateway as a process of its own.

    Args:
        log: Where it logs.
        command: The words after ``liandong``.
    """

    def __init__(self, log: Path, *command: str) -> None:
        self._log, self._command = log, command
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready.

        One that ends instead, as a gateway does when nobody leads the city's stream, is started
        again, as by whatever looks after it on its machine.
        """
        async with asyncio.timeout(PATIENCE_S):
            while not await self._is_ready():
                await self.stop()

    async def _is_ready(self) -> bool:
        """Start it, and tell whether it gets ready."""
        self._process = await begun(self._log, *self._command, LIANDONG_LOG="json")
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return bool(json.loads(line or b"{}").get("ready"))

    async def stop(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Town:
    """What a fault can be done to, and what it is measured by.

    Attributes:
        segment: The network of its own that the last server has; None: it has none.
    """

    def __init__(self, folder: Path, *, has_leaf: bool, segment: Segment | None) -> None:
        self.segment = segment
        topology = "leaf" if has_leaf else "cluster"
        leaves = (leaf("environment"),) if has_leaf else ()
        near, far = (segment.near, segment.far) if segment else ("127.0.0.1", "127.0.0.1")
        *most, last = NODES
        nodes = [*(node(name, host=near) for name in most), node(last, host=far)]
        file = city_file(folder, topology, *nodes, *leaves)
        ports = [free_port() for _ in _FEEDS]
        text = file.read_text().replace("tcp://127.0.0.1:0", f"tcp://127.0.0.1:{ports[0]}")
        file.write_text(text + _SECOND.format(port=ports[1]))
        self.wired = Wired(file, folder)
        if segment is not None:
            self.wired.within[last] = segment.within
        self._folder = folder
        at = ("--home", str(self.wired.part("environment").path), "--city", str(file))
        self.adapters = [
            Part(folder / f"{feed}.log", "adapter", "run", feed, *at) for feed in _FEEDS
        ]
        self.doors = [free_port(), free_port()]
        self.gateways = [self._gateway(text, port) for port in self.doors]
        self.load = Load([port for port in ports for _ in range(_STATIONS)])
        self.watchers: list[Watcher] = []

    def _gateway(self, text: str, port: int) -> Part:
        """Return a gateway at a port; each reads a city file of its own."""
        file = self._folder / f"city-{port}.toml"
        file.write_text(f'{text}\n[gateway]\nhost = "127.0.0.1"\nport = {port}\n')
        at = ("--home", str(self.wired.part(GATEWAY).path), "--city", str(file))
        return Part(
            self._folder / f"gateway-{port}.log", "gateway", "run", "--name", f"g-{port}", *at
        )

    @property
    def home(self) -> Home:
        """Return the home with every key."""
        return self.wired.home

    def bus(self, user: str) -> AbstractAsyncContextManager[Bus]:
        """Connect as a user of the bus."""
        return Bus(BusSettings.of(self.home, self.wired.plan, user).patient_for(PATIENCE_S))

    async def state(self, stream: str) -> StreamInfo:
        """Ask how a stream is; again while its servers are at odds about who leads."""
        async with self.bus(admin(_ACCOUNTS[stream])) as bus, asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(NatsError):
                    info: StreamInfo = await bus.js.stream_info(stream)
                    if info.cluster is None or info.cluster.leader:
                        return info
                await asyncio.sleep(0.1)

    async def leader(self, stream: str = STREAM) -> str:
        """Return the server that leads a stream."""
        cluster = (await self.state(stream)).cluster
        assert cluster is not None
        return str(cluster.leader)

    async def lead(self, name: str, stream: str = STREAM) -> None:
        """Have a server lead a stream."""
        async with self.bus(admin(_ACCOUNTS[stream])) as bus, asyncio.timeout(PATIENCE_S):
            while await self.leader(stream) != name:
                asked = json.dumps({"placement": {"preferred": name}}).encode()
                with contextlib.suppress(NatsError):
                    await bus.nc.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", asked)

    async def replicas(self, stream: str) -> list[tuple[int, int, int]]:
        """Return of each server of the hub that holds a stream: messages, first and last."""
        async with self.bus(SYSTEM_READER) as bus:
            told = await ask_servers(bus, "JSZ", {"accounts": True, "streams": True})
        states = [
            held["state"]
            for server in told
            for account in server["data"].get("account_details") or ()
            if account["name"] == _ACCOUNTS[stream]
            for held in account.get("stream_detail") or ()
            if held["name"] == stream
        ]
        return [(one["messages"], one["first_seq"], one["last_seq"]) for one in states]

    async def whole(self) -> None:
        """Wait until each stream is the same on all of its servers."""
        async with asyncio.timeout(PATIENCE_S):
            for stream in _ACCOUNTS:
                while not await self._is_whole(stream):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.1)

    async def _is_whole(self, stream: str) -> bool:
        """Tell whether every server that shall hold a stream holds the same of it."""
        info = await self.state(stream)
        others = (info.cluster.replicas if info.cluster is not None else None) or ()
        if not all(one.current and not one.offline for one in others):
            return False
        return len(set(await self.replicas(stream))) <= 1


@asynccontextmanager
async def running(
    folder: Path, *, has_leaf: bool = False, segment: Segment | None = None
) -> AsyncIterator[Town]:
    """Run a town under load, with watchers at both gateways."""
    town = Town(folder, has_leaf=has_leaf, segment=segment)
    async with contextlib.AsyncExitStack() as stack:
        for cable in town.wired.cables.values():
            await stack.enter_async_context(cable)
        await stack.enter_async_context(town.wired)
        parts = [*town.adapters, *town.gateways]
        for part in parts:
            stack.push_async_callback(part.stop)
        await asyncio.gather(*(part.start() for part in parts))
        await stack.enter_async_context(town.load)
        for number, every in enumerate((True, False, True, False)):
            doors = town.doors[number // 2 :] + town.doors[: number // 2]
            watcher = Watcher(town.home, doors, every_revision=every)
            town.watchers.append(await stack.enter_async_context(watcher))
        yield town
