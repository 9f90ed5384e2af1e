"""A feed's side towards the bus: ways to the streams, spool, books, journal, what it answers."""

import asyncio
import contextlib
from collections import Counter
from types import TracebackType
from typing import Any, Self

import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.endpoints import endpoints
from adapters.sdk.journal import Journal, recall, take_up
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.stamp import hour_of_lines
from adapters.transports import BusCheckpoint, cannot_wait
from broker.answering import Answering
from broker.checkpoints import KeyValueCheckpoint
from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.home import Home
from broker.outbox import Outbox
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.spool import Spool
from broker.users import feeds_stream, quarantine_stream
from liandong.feed.v1.feed_pb2 import FEED_STATE_RUNNING, FEED_STATE_STOPPED

_BUDGET_S = 30.0
_JOURNAL_S = 5.0
_PAUSE_S = 1.0
_log = structlog.get_logger()


class BusSide:
    """What of a feed has to do with the bus.

    Use it as ``async with BusSide(...) as side``; the pipeline can be used from then on. A
    feed with a spool begins without the bus too, unless its adapter must first see records
    of its own again; the books are taken up when the bus is there.

    Args:
        adapter: The feed's adapter.
        pipeline: Settles its messages.
        ledger: Its books.
        home: Where its agency's key and its spool lie.
        plan: The bus.

    Raises:
        SpoolDamaged: On entering, if the spool cannot be used.
        BusUnreachable: On entering, if the bus cannot be reached and must be.
        StreamUnavailable: On entering, if a stream cannot be read.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        ledger: Ledger,
        home: Home,
        plan: BusPlan,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._ledger = ledger
        self._home = home
        self._plan = plan
        self._feed = adapter.feed
        self._streams = (stream_name(self._feed.agency), quarantine_stream(self._feed.agency))
        self._is_spooled = self._feed.spool.enabled and cannot_wait(self._feed.source)
        self._spool: Spool | None = None
        self._outboxes: tuple[Outbox, ...] = ()
        self._journal: Journal | None = None
        self._stack = contextlib.AsyncExitStack()
        self._joined = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        recalls = bool(self._adapter.recalls())
        is_patient = self._is_spooled and not recalls
        async with contextlib.AsyncExitStack() as stack:
            self._spool = await self._open_spool(stack)
            self._bus = await stack.enter_async_context(
                Bus(self._settings(is_patient=is_patient), is_patient=is_patient)
            )
            await stack.enter_async_context(self._joined)
            if self._spool is not None:
                self._outboxes = await self._open_outboxes(stack, self._spool)
                self._pipeline.open(*self._outboxes)
            if self._bus.is_connected or not is_patient:
                await self._join()
            if recalls:
                # What is still in the spool could not be recalled.
                for outbox in self._outboxes:
                    await outbox.emptied()
                await recall(self._bus, self._adapter)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The bus may end the body; what it raises then must get out of here.
        await self._stack.__aexit__(kind, error, trace)

    async def run(self) -> None:
        """Tell that the feed runs; when the bus is not there, as soon as it is."""
        if self._journal is not None:
            await self._journal.tell(FEED_STATE_RUNNING)
            return
        late = asyncio.create_task(self._join_late())
        late.add_done_callback(_tell_fault)

        async def call_off() -> None:
            late.cancel()
            await asyncio.wait((late,))

        self._stack.push_async_callback(call_off)

    async def checkpoint(self) -> BusCheckpoint:
        """Return the feed's place in its source, as it is kept on the bus.

        Raises:
            StreamUnavailable: If the bus cannot be asked for it.
        """
        kept = KeyValueCheckpoint(self._bus, self._feed.id)
        return BusCheckpoint(await self._stack.enter_async_context(kept))

    def _settings(self, *, is_patient: bool) -> BusSettings:
        """Return how the bus is reached, and for how long that is tried before going on."""
        settings = BusSettings.of(self._home, self._plan, self._feed.agency)
        return settings.patient_for(self._feed.spool.after_s) if is_patient else settings

    async def _open_spool(self, stack: contextlib.AsyncExitStack) -> Spool | None:
        """Open the feed's spool, and take what it holds into the books as in flight.

        One that is not wanted any more takes nothing, but is emptied.
        """
        path = self._home.spool(self._feed.id)
        if not self._is_spooled and not path.exists():
            return None
        limit = self._feed.spool.max_mb << 20 if self._is_spooled else 0
        spool = await stack.enter_async_context(Spool(path, limit))
        for hour, count in Counter(map(hour_of_lines, await spool.headers())).items():
            self._ledger.restore(count, hour)
        return spool if self._is_spooled or spool.total else None

    async def _open_outboxes(
        self, stack: contextlib.AsyncExitStack, spool: Spool
    ) -> tuple[Outbox, Outbox]:
        """Open the ways to the bus past the spool."""
        records, entries = self._streams
        ledger, limit = self._ledger, self._plan.max_payload
        ways = (
            Outbox(
                records,
                spool,
                self._pipeline.settle_records,
                lambda: ledger.settled_upto[0],
                limit,
            ),
            Outbox(
                entries,
                spool,
                self._pipeline.settle_entries,
                lambda: ledger.settled_upto[1],
                limit,
            ),
        )
        for way in ways:
            await stack.enter_async_context(way)
        return ways

    async def _join(self) -> None:
        """Open the ways to the streams, take up the books, begin the journal: all or nothing."""
        agency = self._feed.agency
        budget_s = _BUDGET_S if self._spool is None else self._feed.spool.after_s
        async with contextlib.AsyncExitStack() as stack:
            records, entries = [
                await stack.enter_async_context(Publisher(self._bus, stream, budget_s=budget_s))
                for stream in self._streams
            ]
            states = await stack.enter_async_context(
                Publisher(self._bus, feeds_stream(agency), budget_s=_JOURNAL_S)
            )
            # What is stored after the publishers began is theirs to count.
            await take_up(self._bus, self._feed, self._ledger, (records.began_at, entries.began_at))
            journal = Journal(states, self._feed, self._ledger, self._spool)
            self._journal = await stack.enter_async_context(journal)
            stack.push_async_callback(journal.tell, FEED_STATE_STOPPED)
            if served := endpoints(self._adapter):
                answering = Answering(self._bus, agency, served, version=self._adapter.version)
                await stack.enter_async_context(answering)
            await self._joined.enter_async_context(stack.pop_all())
        if self._spool is None:
            self._pipeline.open(records, entries)
        for outbox, publisher in zip(self._outboxes, (records, entries), strict=False):
            outbox.open(publisher)

    async def _join_late(self) -> None:
        """Join when the bus is there."""
        await self._bus.connected()
        while self._journal is None:
            try:
                await self._join()
            except BrokerError as error:
                _log.warning("the bus cannot be joined", feed=self._feed.id, error=str(error))
                await asyncio.sleep(_PAUSE_S)
        await self._journal.tell(FEED_STATE_RUNNING)


def _tell_fault(joining: asyncio.Task[None]) -> None:
    """Log why the bus will not be joined: its refusal, which ends the feed, or a fault of ours."""
    if not joining.cancelled() and joining.exception() is not None:
        _log.error("the bus is not joined", exc_info=joining.exception())
