"""Runs one feed: adapter, transport, pipeline and books, from start to drained."""

import contextlib
from types import TracebackType
from typing import Self

import structlog

from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import Journal, recall, take_up
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.registry import adapter_of
from adapters.transports import Checkpoint, ForgetfulCheckpoint, Transport, open_transport
from adapters.transports.address import public
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.users import quarantine_stream
from liandong.feed.v1 import feed_pb2

_log = structlog.get_logger()


class FeedRunner:
    """One feed, running.

    Use it as ``async with FeedRunner(feed, home, plan) as runner``.

    Args:
        feed: The feed.
        home: Where its agency's key lies, and what its drop folder is relative to.
        plan: The bus.
        checkpoint: Where a poll goes on; None: where it began, after each start.

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
        self._checkpoint = checkpoint or ForgetfulCheckpoint()
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
            self.ledger = await take_up(bus, feed, adapter.version, public(feed.source))
            await recall(bus, adapter)
            journal = await stack.enter_async_context(Journal(bus, feed, self.ledger))
            records = await stack.enter_async_context(Publisher(bus, stream_name(feed.agency)))
            quarantine = await stack.enter_async_context(
                Publisher(bus, quarantine_stream(feed.agency))
            )
            stack.push_async_callback(journal.tell, feed_pb2.FEED_STATE_STOPPED)
            pipeline = Pipeline(adapter, records, quarantine, self.ledger)
            self._transport = open_transport(feed, adapter, pipeline, self._home, self._checkpoint)
            await self._transport.start()
            stack.push_async_callback(self._transport.stop)
            self.ledger.state.address = self.address
            await journal.tell(feed_pb2.FEED_STATE_RUNNING)
            self._stack = stack.pop_all()
        _log.info("feed runs", feed=feed.id, address=self.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        _log.info("feed stopped", feed=self.feed.id)
