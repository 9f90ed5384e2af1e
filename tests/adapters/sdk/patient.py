"""A feed whose messages do not all become records, and what is done about that."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from adapters.environment.hj212 import framed
from adapters.runner import FeedRunner
from adapters.sdk.audit import Audit, audit
from adapters.sdk.choice import Choice
from adapters.sdk.discarding import Discarded, discard
from adapters.sdk.feed import FeedConfig
from adapters.sdk.outlook import Outlook
from adapters.sdk.redrive import Redrive
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import QuarantineEntry, entries
from broker.removals import Removals, read_removals
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record

PATIENCE_S = 30.0
ALL = Choice()
WHO = "the test"


class Patient:
    """One feed, on a bus that runs.

    Args:
        home: The bus's home.
        plan: The bus.
        adapter: The feed's adapter.
        source: Where its bytes come from.
        agency: Whose it is; empty: as the adapter's name says.
        options: The adapter's options.
    """

    def __init__(
        self,
        home: Home,
        plan: BusPlan,
        adapter: str,
        source: str = "tcp://127.0.0.1:0",
        agency: str = "",
        **options: Any,
    ) -> None:
        self.home, self.plan = home, plan
        self.feed = FeedConfig(
            id=f"ill.{uuid.uuid4().hex[:8]}",
            adapter=adapter,
            agency=agency or adapter.partition("/")[0],
            source=source,
            options=options,
        )

    def mend(self, **options: Any) -> None:
        """Change the feed's options."""
        self.feed = msgspec.structs.replace(self.feed, options=self.feed.options | options)

    def bus(self) -> AbstractAsyncContextManager[Bus]:
        """Return a connection of the feed's agency, to be entered."""
        return Bus(BusSettings.of(self.home, self.plan, self.feed.agency))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FeedRunner]:
        """Run the feed as it is configured now."""
        async with FeedRunner(self.feed, self.home, self.plan) as runner:
            yield runner

    async def send(self, *frames: bytes) -> None:
        """Run the feed while a sender sends frames, until each is answered."""
        async with self.running() as runner:
            await speak(runner, *frames)

    async def drop(self, content: bytes, count: int) -> None:
        """Run the feed while a file is put into its folder, until so much is settled."""
        async with self.running() as runner:
            folder = Path(runner.address.removeprefix("drop:"))
            part = folder / f"{uuid.uuid4().hex}.part"
            part.write_bytes(content)
            await settled(runner, count, lambda: part.rename(part.with_suffix(".csv")))

    async def redrive(self, choice: Choice = ALL) -> Outlook:
        """Try the quarantine again."""
        async with self.bus() as bus:
            return await Redrive(bus, self.feed, self.home).apply(choice, WHO)

    async def try_out(self, choice: Choice = ALL) -> Outlook:
        """Try the quarantine again, dry."""
        async with self.bus() as bus:
            return await Redrive(bus, self.feed, self.home).try_out(choice)

    async def discard(self, choice: Choice, why: str = "a test") -> Discarded:
        """Discard entries."""
        async with self.bus() as bus:
            return await discard(bus, self.feed.agency, self.feed.id, choice, who=WHO, why=why)

    async def deliveries(self) -> list[Delivery]:
        """Return what the agency's stream holds of the feed."""
        agency = self.feed.agency
        async with self.bus() as bus:
            return [
                one
                async for one in scan(bus, stream_name(agency), f"share.{agency}.>")
                if one.headers.get(FEED_HEADER) == self.feed.id
            ]

    async def records(self) -> list[Record]:
        """Return its records."""
        return [Record.FromString(one.payload) for one in await self.deliveries()]

    async def entries(self) -> list[QuarantineEntry]:
        """Return its quarantine."""
        async with self.bus() as bus:
            return [one async for one in entries(bus, self.feed.agency, self.feed.id)]

    async def removals(self) -> Removals:
        """Return the account of what left its quarantine."""
        async with self.bus() as bus:
            return (await read_removals(bus, self.feed.id))[0]

    async def audit(self) -> Audit:
        """Check its books."""
        async with self.bus() as bus:
            return await audit(bus, self.feed.agency, self.feed.id)


async def speak(runner: FeedRunner, *frames: bytes) -> None:
    """Send frames to a feed that runs, until each is answered."""
    host, _, port = runner.address.partition("://")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(PATIENCE_S):
            for frame in frames:
                writer.write(frame)
                await reader.readuntil(b"\r\n")
    finally:
        writer.close()
        await writer.wait_closed()


async def settled(runner: FeedRunner, count: int, begin: Any) -> None:
    """Begin something, and wait until a feed has settled so many records more."""
    ledger = runner.ledger
    assert ledger is not None
    before = ledger.received
    begin()
    async with asyncio.timeout(PATIENCE_S):
        while ledger.received - before < count or ledger.in_flight:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def air(
    second: int = 0, factor: str = "a99001", station: int = 1, extra: str = "", at: str = ""
) -> bytes:
    """Write a frame of an air station that wants an answer."""
    at = at or f"202406011200{second:02d}"
    return framed(
        f"QN={at}000;ST=22;CN=2011;PW=123456;MN={station:024d};Flag=5;{extra}"
        f"CP=&&DataTime={at};{factor}-Rtd={second}.0&&"
    )
