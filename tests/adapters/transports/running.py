"""Feeds under test: a real bus, a real pipeline, and what both hold of them."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.environment.hj212 import framed
from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import FEED_HEADER
from adapters.sdk.ledger import Ledger
from adapters.transports import Checkpoint
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import QuarantineEntry, entries
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.conftest import small_plan

PATIENCE_S = 60.0


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - many kinds of facts, and none of them tells
            await asyncio.sleep(0.01)


class OwnBus:
    """A server of the test's own, which it may stop."""

    def __init__(self, server: EmbeddedServer, home: Home, plan: BusPlan) -> None:
        self.server, self.home, self.plan = server, home, plan

    def freeze(self) -> None:
        """Stop the server where it stands."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGCONT)


@asynccontextmanager
async def own_bus(folder: Path, *agencies: str) -> AsyncIterator[OwnBus]:
    """Run a server with streams for these agencies."""
    home, plan = Home(folder), small_plan(agencies)
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        bus = OwnBus(server, home, plan)
        try:
            yield bus
        finally:
            if server.pid is not None:
                bus.thaw()


class RunningFeed:
    """A feed under test."""

    def __init__(self, runner: FeedRunner, home: Home, plan: BusPlan) -> None:
        self.runner, self._home, self._plan = runner, home, plan
        self.feed = runner.feed

    @property
    def ledger(self) -> Ledger:
        """Return its books."""
        assert self.runner.ledger is not None
        return self.runner.ledger

    @property
    def transport(self) -> Any:
        """Return its transport."""
        return self.runner._transport

    @property
    def settled(self) -> int:
        """Return how many records came to an end."""
        ledger = self.ledger
        return ledger.stored + ledger.duplicates + ledger.quarantined

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a sender."""
        host, _, port = self.runner.address.partition("://")[2].rpartition(":")
        return await asyncio.open_connection(host, int(port))

    def _bus(self) -> Bus:
        return Bus(BusSettings.of(self._home, self._plan, self.feed.agency))

    async def records(self) -> list[Record]:
        """Return its records, as the agency's stream holds them."""
        agency = self.feed.agency
        async with self._bus() as bus:
            return [
                Record.FromString(delivery.payload)
                async for delivery in scan(bus, stream_name(agency), f"share.{agency}.>")
                if delivery.headers.get(FEED_HEADER) == self.feed.id
            ]

    async def quarantined(self) -> list[QuarantineEntry]:
        """Return its quarantine."""
        async with self._bus() as bus:
            return [entry async for entry in entries(bus, self.feed.agency, self.feed.id)]


@asynccontextmanager
async def running(
    home: Home,
    plan: BusPlan,
    adapter: str,
    source: str,
    *,
    feed_id: str = "",
    checkpoint: Checkpoint | None = None,
    options: dict[str, Any] | None = None,
    **transport: Any,
) -> AsyncIterator[RunningFeed]:
    """Run a feed of its own."""
    agency, _, form = adapter.partition("/")
    feed = FeedConfig(
        id=feed_id or f"{agency}.{form}-{uuid.uuid4().hex[:8]}",
        adapter=adapter,
        agency=agency,
        source=source,
        options=options or {},
        transport=transport,
    )
    async with FeedRunner(feed, home, plan, checkpoint) as runner:
        yield RunningFeed(runner, home, plan)


def frame(number: int) -> bytes:
    """Write an HJ 212 frame of a station of its own, which wants an answer."""
    return framed(
        f"QN=20240601120001000;ST=22;CN=2011;PW=123456;MN={number:024d};Flag=5;"
        "CP=&&DataTime=20240601120000;a34004-Rtd=31.0&&"
    )


def stations(number: int) -> set[str]:
    """Return the names of so many stations, as records have them."""
    return {f"{one:024d}" for one in range(number)}


async def answers(reader: asyncio.StreamReader, number: int) -> list[bytes]:
    """Read so many answers."""
    async with asyncio.timeout(PATIENCE_S):
        return [await reader.readuntil(b"\r\n") for _ in range(number)]


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read until the other side hangs up."""
    async with asyncio.timeout(PATIENCE_S):
        return await reader.read()


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Wait until the other side hangs up, having said nothing."""
    try:
        return await rest(reader) == b""
    except ConnectionResetError:
        # So it looks to a sender of whose bytes some were not read.
        return True
