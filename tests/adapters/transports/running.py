"""Feeds under test: a real bus, a real pipeline, and what both hold of them."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.environment.hj212 import framed
from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import beginning, take_up
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.stamp import FEED_HEADER
from adapters.transports import Checkpoint, ForgetfulCheckpoint, open_transport
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, entries
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import quarantine_stream
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transports.stage import Stage, StageOptions
from tests.conftest import small_plan

PATIENCE_S = 60.0
BUDGET_S = 0.3


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
    """A feed under test: its transport, its books, and what the bus holds of it."""

    def __init__(
        self, feed: FeedConfig, transport: Any, ledger: Ledger, home: Home, plan: BusPlan
    ) -> None:
        self.feed, self.transport, self.ledger = feed, transport, ledger
        self._home, self._plan = home, plan

    @property
    def address(self) -> str:
        """Return where it listens, or what it reads."""
        address: str = self.transport.address
        return address

    @property
    def error(self) -> str:
        """Return its last error, as the feed tells it."""
        return self.ledger._error[0] if self.ledger._error else ""

    @property
    def trouble(self) -> str:
        """Return what keeps it from reading its source, as the feed tells it."""
        return self.ledger.snapshot(datetime.now(UTC)).trouble

    @property
    def settled(self) -> int:
        """Return how many records came to an end."""
        ledger = self.ledger
        return ledger.stored + ledger.duplicates + ledger.quarantined

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a sender."""
        host, _, port = self.address.partition("://")[2].rpartition(":")
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
    clock_tolerance_s: float = 600.0,
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
        clock_tolerance_s=clock_tolerance_s,
        transport=transport,
    )
    async with FeedRunner(feed, home, plan, checkpoint) as runner:
        assert runner.ledger is not None
        yield RunningFeed(feed, runner._transport, runner.ledger, home, plan)


@asynccontextmanager
async def impatient(
    home: Home,
    plan: BusPlan,
    source: str,
    *,
    checkpoint: Checkpoint | None = None,
    **transport: Any,
) -> AsyncIterator[RunningFeed]:
    """Run a feed of river stages whose publisher gives up soon, so that senders notice."""
    feed = FeedConfig(
        id=f"water.stage-{uuid.uuid4().hex[:8]}",
        adapter="water/stage",
        agency="water",
        source=source,
        transport=transport,
    )
    adapter = Stage(feed, StageOptions())
    async with Bus(BusSettings.of(home, plan, "water")) as bus:
        ledger = Ledger(beginning(feed, adapter.version, source))
        await take_up(bus, feed, ledger)
        async with (
            Publisher(bus, stream_name("water"), budget_s=BUDGET_S) as records,
            Publisher(bus, quarantine_stream("water"), budget_s=BUDGET_S) as quarantine,
        ):
            pipeline = Pipeline(adapter, ledger)
            pipeline.open(records, quarantine)
            opened = open_transport(
                feed, adapter, pipeline, home, checkpoint or ForgetfulCheckpoint()
            )
            await opened.start()
            try:
                yield RunningFeed(feed, opened, ledger, home, plan)
            finally:
                await opened.stop()


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
