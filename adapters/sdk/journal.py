"""A feed's state on the bus: taken up at the start, published as it changes."""

import asyncio
import contextlib
import itertools
import uuid
from datetime import UTC, datetime
from typing import Any, Self

import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger, Settling
from adapters.sdk.stamp import FEED_HEADER, REDRIVEN_HEADER, hour_of
from broker.connection import Bus
from broker.errors import PublishError
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.spool import Spool
from broker.subjects import feed_subject, quarantine_subject
from broker.subscriber import scan
from broker.users import feeds_stream, quarantine_stream
from liandong.feed.v1.feed_pb2 import Feed, FeedState
from liandong.record.v1.record_pb2 import Record

_EVERY_S = 1.0
_HEARD_EVERY = 5
_log = structlog.get_logger()


async def last_state(bus: Bus, agency: str, feed_id: str) -> Feed | None:
    """Return a feed's state as last published, or None."""
    subject = feed_subject(agency, feed_id)
    last = None
    async for delivery in scan(bus, feeds_stream(agency), subject):
        last = Feed.FromString(delivery.payload)
    return last


async def take_up(bus: Bus, feed: FeedConfig, version: str, address: str) -> Ledger:
    """Open a feed's books: the last quiet moment's counts, and what JetStream holds since."""
    state = await last_state(bus, feed.agency, feed.id)
    if state is None:
        state = Feed(name=f"{feed.agency}/{feed.id}", agency=feed.agency)
        state.counting_since.FromDatetime(datetime.now(UTC))
    state.adapter, state.adapter_version, state.address = feed.adapter, version, address
    ledger = Ledger(state)
    settled, agency = state.settled, feed.agency
    stored = await held(
        bus, stream_name(agency), f"share.{agency}.>", feed.id, after=settled.stream_sequence
    )
    quarantined = await held(
        bus,
        quarantine_stream(agency),
        quarantine_subject(agency, feed.id),
        feed.id,
        after=settled.quarantine_sequence,
    )
    for hour in sorted(stored.keys() | quarantined.keys()):
        settling = Settling(
            hour,
            stored=tuple(stored.get(hour, ())),
            quarantined=tuple(quarantined.get(hour, ())),
        )
        count = len(settling.stored) + len(settling.quarantined)
        ledger.receive(count, datetime.now(UTC), hour)
        ledger.settle(settling)
        _log.info("books taken up", feed=feed.id, hour=hour, records=count)
    return ledger


async def recall(bus: Bus, adapter: Adapter[Any, Any]) -> None:
    """Hand an adapter the records of its feed that it must see again, oldest first."""
    agency = adapter.feed.agency
    for kind in adapter.recalls():
        async for delivery in scan(bus, stream_name(agency), f"share.{agency}.{kind}.>"):
            if delivery.headers.get(FEED_HEADER) == adapter.feed.id:
                adapter.recall(Record.FromString(delivery.payload))


async def held(
    bus: Bus, stream: str, subject: str, feed_id: str, *, after: int = 0, upto: int | None = None
) -> dict[int, list[int]]:
    """Return the sequences of what a stream holds of a feed, by the hour of arrival.

    What was driven out of the quarantine is not counted: its entry was.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subject: Which of its subjects.
        feed_id: The feed.
        after: The sequence after which to count.
        upto: The last sequence to count; None: all.
    """
    found: dict[int, list[int]] = {}
    async for one in scan(bus, stream, subject, headers_only=True, start_sequence=after + 1):
        if upto is not None and one.sequence > upto:
            break
        if one.headers.get(FEED_HEADER) == feed_id and REDRIVEN_HEADER not in one.headers:
            found.setdefault(hour_of(one.headers, one.timestamp_ns), []).append(one.sequence)
    return found


class Journal:
    """Publishes a feed's state once a second while it changes.

    Use it as ``async with Journal(...)``; the last state is published on leaving.

    Args:
        bus: The agency's connection.
        feed: The feed.
        ledger: Its books.
        spool: Where its messages wait while the bus is away; None: nowhere.
    """

    def __init__(
        self, bus: Bus, feed: FeedConfig, ledger: Ledger, spool: Spool | None = None
    ) -> None:
        self._publisher = Publisher(bus, feeds_stream(feed.agency), budget_s=5.0)
        self._subject = feed_subject(feed.agency, feed.id)
        self._ledger = ledger
        self._spool = spool
        self._stack = contextlib.AsyncExitStack()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._publisher)
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stack.aclose()

    async def tell(self, state: "FeedState.ValueType | None" = None) -> None:
        """Publish the state now, with the adapter's own when it has changed."""
        if state is not None:
            self._ledger.state.state = state
        payload = self._ledger.snapshot(datetime.now(UTC)).SerializeToString()
        try:
            await self._publisher.publish(Outgoing(self._subject, payload, uuid.uuid4().hex))
        except PublishError as error:
            # The counts are kept here and told with the next change.
            _log.warning("the feed's state could not be published", error=str(error))

    async def _keep(self) -> None:
        """Publish what has changed, once a second."""
        told, heard = -1, None
        for beat in itertools.count():
            await asyncio.sleep(_EVERY_S)
            if self._spool is not None:
                self._ledger.spool(self._spool.total, self._spool.bytes)
            if not beat % _HEARD_EVERY:
                # Silence is no change of the books, and must be told too.
                hearing = self._ledger.hearing()
                if (hearing.freshness, hearing.heard) != heard:
                    heard = (hearing.freshness, hearing.heard)
                    told = -1
            if self._ledger.version != told:
                told = self._ledger.version
                await self.tell()
