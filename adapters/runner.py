"""Runs one feed: adapter, transport, pipeline and books, from start to drained."""

import contextlib
from collections import Counter
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog

from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import Journal, recall, take_up
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.registry import adapter_of
from adapters.sdk.stamp import hour_of_lines
from adapters.transports import BusCheckpoint, Checkpoint, Transport, cannot_wait, open_transport
from adapters.transports.address import public
from broker.checkpoints import KeyValueCheckpoint
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outbox import Outbox, Settled
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.spool import Spool
from broker.users import quarantine_stream
from liandong.feed.v1 import feed_pb2

_BUDGET_S = 30.0
_log = structlog.get_logger()


class FeedRunner:
    """One feed, running.

    Use it as ``async with FeedRunner(feed, home, plan) as runner``.

    Args:
        feed: The feed.
        home: Where its agency's key lies, and what its drop folder is relative to.
        plan: The bus.
        checkpoint: Where a poll goes on; None: it is kept on the bus.

    Raises:
        FeedMisconfigured: On entering, if it cannot start as configured.
        BusUnreachable: On entering, if the bus cannot be reached.
    """

    def __init__(
        self,
        feed: FeedConfig,
        home: Home,
        plan: BusPlan,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.feed = feed
        self._checkpoint = checkpoint
        self._home = home
        self._plan = plan
        self._stack = contextlib.AsyncExitStack()
        self._transport: Transport | None = None
        self.ledger: Ledger | None = None

    @property
    def address(self) -> str:
        """Return where the feed's bytes come from; the port is the real one."""
        assert self._transport is not None, "the feed is not running"
        return self._transport.address

    async def __aenter__(self) -> Self:
        feed = self.feed
        adapter = adapter_of(feed)
        adapter.prepare(self._home.path)
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(
                Bus(BusSettings.of(self._home, self._plan, feed.agency))
            )
            ledger = self.ledger = await take_up(bus, feed, adapter.version, public(feed.source))
            await recall(bus, adapter)
            spool = await self._spool(stack, ledger)
            journal = await stack.enter_async_context(Journal(bus, feed, ledger, spool))
            stack.push_async_callback(journal.tell, feed_pb2.FEED_STATE_STOPPED)
            pipeline = Pipeline(adapter, ledger)
            records, quarantine = stream_name(feed.agency), quarantine_stream(feed.agency)
            outboxes = (
                await self._outbox(stack, bus, records, spool, pipeline.settle_records),
                await self._outbox(stack, bus, quarantine, spool, pipeline.settle_entries),
            )
            pipeline.open(*outboxes)
            for outbox in outboxes:
                # What is spooled goes out from here on, and its fate into the books.
                await stack.enter_async_context(outbox)
            if self._checkpoint is None:
                self._checkpoint = BusCheckpoint(
                    await stack.enter_async_context(KeyValueCheckpoint(bus, feed.id))
                )
            self._transport = open_transport(feed, adapter, pipeline, self._home, self._checkpoint)
            await self._transport.start()
            stack.push_async_callback(self._transport.stop)
            self.ledger.state.address = self.address
            await journal.tell(feed_pb2.FEED_STATE_RUNNING)
            self._stack = stack.pop_all()
        _log.info("feed runs", feed=feed.id, address=self.address)
        return self

    async def _spool(self, stack: contextlib.AsyncExitStack, ledger: Ledger) -> Spool | None:
        """Open the feed's spool, and take what it holds into the books as in flight."""
        config = self.feed.spool
        path = self._home.spool(self.feed.id)
        if not path.exists() and not (config.enabled and cannot_wait(self.feed.source)):
            return None
        spool = await stack.enter_async_context(Spool(path, config.max_mb << 20))
        for hour, count in Counter(map(hour_of_lines, await spool.headers())).items():
            ledger.receive(count, datetime.now(UTC), hour)
        return spool

    async def _outbox(
        self,
        stack: contextlib.AsyncExitStack,
        bus: Bus,
        stream: str,
        spool: Spool | None,
        on_settled: Settled,
    ) -> Outbox:
        """Make a way to one of the agency's streams; it is not open yet."""
        budget_s = _BUDGET_S if spool is None else self.feed.spool.after_s
        publisher = await stack.enter_async_context(Publisher(bus, stream, budget_s=budget_s))
        return Outbox(publisher, stream, spool, on_settled)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        _log.info("feed stopped", feed=self.feed.id)
