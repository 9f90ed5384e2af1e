"""Runs one feed: adapter, transport, pipeline and books, from start to drained."""

import contextlib
from types import TracebackType
from typing import Self

import structlog

from adapters.bus_side import BusSide
from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import beginning
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.registry import adapter_of
from adapters.sdk.traces import Traces
from adapters.transports import (
    Checkpoint,
    ForgetfulCheckpoint,
    Transport,
    keeps_place,
    open_transport,
)
from adapters.transports.address import public
from broker.home import Home
from broker.plan import BusPlan

_log = structlog.get_logger()


class FeedRunner:
    """One feed, running.

    Use it as ``async with FeedRunner(feed, home, plan) as runner``.

    Args:
        feed: The feed.
        home: Where its agency's key and its spool lie, and what its drop folder is relative to.
        plan: The bus.
        checkpoint: Where a poll goes on; None: it is kept on the bus.
        traces: Where spans go; None: nowhere.

    Raises:
        FeedMisconfigured: On entering, if it cannot start as configured.
        SpoolDamaged: On entering, if its spool cannot be used.
        BusUnreachable: On entering, if the bus cannot be reached and the feed cannot begin
            without.
    """

    def __init__(
        self,
        feed: FeedConfig,
        home: Home,
        plan: BusPlan,
        checkpoint: Checkpoint | None = None,
        traces: Traces | None = None,
    ) -> None:
        self.feed = feed
        self._checkpoint = checkpoint
        self._traces = traces
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
        feed, home = self.feed, self._home
        adapter = adapter_of(feed)
        adapter.prepare(home.path)
        ledger = self.ledger = Ledger(beginning(feed, adapter.version, public(feed.source)))
        pipeline = Pipeline(adapter, ledger, self._traces)
        async with contextlib.AsyncExitStack() as stack:
            side = await stack.enter_async_context(
                BusSide(adapter, pipeline, ledger, home, self._plan)
            )
            place = self._checkpoint
            if place is None:
                is_polled = keeps_place(feed.source)
                place = await side.checkpoint() if is_polled else ForgetfulCheckpoint()
            self._transport = open_transport(feed, adapter, pipeline, home, place)
            await self._transport.start()
            stack.push_async_callback(self._transport.stop)
            stack.callback(pipeline.hurry)
            ledger.state.address = self.address
            await side.run()
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
