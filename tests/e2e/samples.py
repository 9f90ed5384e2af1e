"""Feeds that recorded messages go through, and what the bus then holds of them."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import QuarantineEntry, entries
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.conftest import Books

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


class Running:
    """A feed under test, and what the bus holds of it."""

    def __init__(self, runner: FeedRunner, bus: Bus, books: Books) -> None:
        self.runner, self.bus = runner, bus
        self.feed = runner.feed
        self._books = books

    @property
    def ledger(self) -> Ledger:
        """Return its books."""
        assert self.runner.ledger is not None
        return self.runner.ledger

    async def send(self, content: bytes) -> bytes:
        """Send bytes over a socket of their own; return the answers."""
        host, port = self.runner.address.partition("://")[2].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(content)
        writer.write_eof()
        async with asyncio.timeout(30):
            answers = await reader.read()
        writer.close()
        return answers

    async def drop(self, file: Path) -> Path:
        """Put a file into the folder; return where it was moved to."""
        folder = Path(self.runner.address.removeprefix("drop:"))
        shutil.copyfile(file, folder / f".{file.name}")
        (folder / f".{file.name}").rename(folder / file.name)
        async with asyncio.timeout(30):
            while True:
                for outcome in ("done", "failed"):
                    if (folder / outcome / file.name).exists():
                        return folder / outcome / file.name
                await asyncio.sleep(0.05)

    async def records(self) -> list[Record]:
        """Return the feed's records, as the agency's stream holds them."""
        agency = self.feed.agency
        return [
            Record.FromString(delivery.payload)
            async for delivery in scan(self.bus, stream_name(agency), f"share.{agency}.>")
            if delivery.headers.get(FEED_HEADER) == self.feed.id
        ]

    async def quarantined(self) -> list[QuarantineEntry]:
        """Return the feed's quarantine."""
        return [entry async for entry in entries(self.bus, self.feed.agency, self.feed.id)]

    async def balance(self, label: str) -> None:
        """Check the feed's books against JetStream, and show them in the summary."""
        self._books(label, self.ledger)
        assert self.ledger.stored == len(await self.records())
        assert self.ledger.quarantined == len(await self.quarantined())


class Run:
    """Runs feeds on the session's bus.

    Args:
        home: The city's home.
        plan: The bus's plan.
        connect: Opens a connection of an agency.
        books: Shows a feed's books in the summary.
    """

    def __init__(self, home: Home, plan: BusPlan, connect: Connect, books: Books) -> None:
        self._home, self._plan, self._connect, self._books = home, plan, connect, books

    @asynccontextmanager
    async def __call__(
        self,
        adapter: str,
        source: str,
        transport: dict[str, Any] | None = None,
        agency: str = "",
        district: str = "",
        **options: Any,
    ) -> AsyncIterator[Running]:
        """Run a feed of its own; without an agency, of the adapter's."""
        owner, _, form = adapter.rpartition("/")
        agency = agency or owner
        feed = FeedConfig(
            id=f"{agency}.{form}-{uuid.uuid4().hex[:8]}",
            adapter=adapter,
            agency=agency,
            source=source,
            district=district,
            options=options,
            transport=transport or {},
        )
        async with (
            FeedRunner(feed, self._home, self._plan) as runner,
            self._connect(agency) as bus,
        ):
            yield Running(runner, bus, self._books)
