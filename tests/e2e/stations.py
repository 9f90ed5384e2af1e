"""An adapter as a process of its own, and data loggers that send to it."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from ops.city import City, read_city
from ops.demo import frames
from tests.conftest import free_port
from tests.e2e.processes import begun

FEED = "environment.hj212"
PATIENCE_S = 60.0
START = datetime(2026, 6, 15, 18, 0, tzinfo=UTC)
_CITY = """
[city]
name = "testville"

[nats]
port = {nats}

[[agency]]
name = "environment"

[[feed]]
id = "environment.hj212"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{hj212}"

[feed.spool]
after_s = {after_s}
{spool}
"""


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - many kinds of facts, and none of them tells
            await asyncio.sleep(0.005)


class Site:
    """A city's server, and the adapter of one feed beside it."""

    def __init__(self, folder: Path, *, after_s: float, spool: str) -> None:
        self.hj212_port = free_port()
        self.file = folder / "city.toml"
        values = {"nats": free_port(), "hj212": self.hj212_port, "after_s": after_s}
        self.file.write_text(_CITY.format(**values, spool=spool))
        self.city: City = read_city(self.file)
        self.home = Home(folder / "home")
        self.server = EmbeddedServer(self.home, self.city.plan)
        self.log = folder / "adapter.log"
        self.adapter: asyncio.subprocess.Process | None = None

    @property
    def spooled(self) -> int:
        """Return how many messages lie in the spool's file."""
        path = self.home.spool(FEED)
        with suppress(sqlite3.OperationalError):
            looking = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.1)
            try:
                found: int = looking.execute("SELECT count(*) FROM message").fetchone()[0]
                return found
            finally:
                looking.close()
        return 0

    async def start_adapter(self) -> None:
        """Start the adapter, and wait until it says that it is ready."""
        at = ("--home", str(self.home.path), "--city", str(self.file))
        self.adapter = await begun(self.log, "adapter", "run", FEED, *at, LIANDONG_LOG="json")
        assert self.adapter.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.adapter.stdout.readline()
        assert json.loads(line or b"{}").get("address"), self.log.read_text()

    async def kill_adapter(self) -> None:
        """End it as a power cut would."""
        assert self.adapter is not None
        self.adapter.kill()
        await self.adapter.wait()

    async def stop_adapter(self) -> int:
        """Ask it to end; return its exit status."""
        assert self.adapter is not None
        self.adapter.terminate()
        async with asyncio.timeout(PATIENCE_S):
            return await self.adapter.wait()

    def freeze(self) -> None:
        """Stop the server where it stands."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self.server.pid is not None:
            os.kill(self.server.pid, signal.SIGCONT)

    def bus(self, user: str = "environment") -> AbstractAsyncContextManager[Bus]:
        """Connect as a user of the bus."""
        return Bus(BusSettings.of(self.home, self.city.plan, user))

    async def records(self) -> list[Record]:
        """Return what the agency's stream holds, in order."""
        async with self.bus() as bus:
            return [
                Record.FromString(delivery.payload)
                async for delivery in scan(bus, "ENVIRONMENT", "share.>")
            ]

    async def stored(self) -> dict[str, list[int]]:
        """Return the numbers of the frames that the stream holds, by station, in order."""
        found: dict[str, list[int]] = {}
        for record in await self.records():
            (value,) = record.environment_air.measurements
            found.setdefault(record.name.rpartition("/")[2], []).append(round(value.value))
        return found


@asynccontextmanager
async def running(folder: Path, *, after_s: float = 0.5, spool: str = "") -> AsyncIterator[Site]:
    """Run a server and an adapter beside it; both are ended on leaving."""
    site = Site(folder, after_s=after_s, spool=spool)
    async with site.server:
        await reconcile(site.home, site.city.plan)
        await site.start_adapter()
        try:
            yield site
        finally:
            site.thaw()
            if site.adapter is not None and site.adapter.returncode is None:
                await site.kill_adapter()


def station_name(station: int) -> str:
    """Return a station's number as its frames have it."""
    return f"{station:024d}"


def frame(station: int, number: int) -> bytes:
    """Make a station's frame of a second of its own."""
    at = START + timedelta(seconds=number)
    return frames.hj212(
        station=station_name(station),
        station_type="22",
        command="2011",
        sent=at,
        observed=at,
        values=[("a34004", float(number))],
    )


class Station:
    """A data logger: one frame after another, each repeated until it is answered."""

    def __init__(self, port: int, station: int) -> None:
        self._port = port
        self._station = station
        self.answered = 0

    async def send(self, count: int) -> None:
        """Send frames until so many are answered."""
        while self.answered < count:
            with suppress(OSError, EOFError, TimeoutError):
                await self._send_over_one_connection(count)

    async def _send_over_one_connection(self, count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while self.answered < count:
                writer.write(frame(self._station, self.answered))
                async with asyncio.timeout(2):
                    answer = await reader.readuntil(b"\r\n")
                assert b"CN=9014" in answer
                self.answered += 1
        finally:
            writer.close()


class Backlog:
    """A logger that sends all that it has kept, without waiting for answers between."""

    def __init__(self, port: int, station: int, count: int) -> None:
        self._port = port
        self._frames = b"".join(frame(station, number) for number in range(count))
        self.count = count
        self.answered = 0

    async def send(self) -> None:
        """Send all, and count the answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._frames)
            while self.answered < self.count:
                answer = await reader.readuntil(b"\r\n")
                assert b"CN=9014" in answer
                self.answered += 1
        finally:
            writer.close()
