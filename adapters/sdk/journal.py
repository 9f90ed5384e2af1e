"""A feed's state on the bus: taken up at the start, published as it changes."""

import asyncio
import itertools
import uuid
from datetime import UTC, datetime
from typing import Any, Self

import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger
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
from liandong.feed.v1.feed_pb2 import Feed, FeedState, Settled
from liandong.record.v1.record_pb2 import Record

_EVERY_S = 1.0
_HEARD_EVERY = 5
_LIVES_EVERY = 30
_log = structlog.get_logger()


async def last_state(bus: Bus, agency: str, feed_id: str) -> Feed | None:
    """Return a feed's state as last published, or None."""
    subject = feed_subject(agency, feed_id)
    last = None
    async for delivery in scan(bus, feeds_stream(agency), subject):
        last = Feed.FromString(delivery.payload)
    return last


def beginning(feed: FeedConfig, version: str, address: str) -> Feed:
    """Return a feed's state before anything is known of it."""
    state = Feed(name=f"{feed.agency}/{feed.id}", agency=feed.agency, adapter=feed.adapter)
    state.adapter_version, state.address = version, address
    state.counting_since.FromDatetime(datetime.now(UTC))
    return state


async def take_up(
    bus: Bus, feed: FeedConfig, ledger: Ledger, upto: tuple[int | None, int | None] = (None, None)
) -> None:
    """Take up a feed's books: the last quiet moment's counts, and what JetStream holds since.

    Args:
        bus: The agency's connection.
        feed: The feed.
        ledger: The books; what was counted in them already stays.
        upto: The last sequences of stream and quarantine to count; None: all.

    Raises:
        StreamUnavailable: If a stream cannot be read; the books are as they were.
    """
    agency = feed.agency
    state = await last_state(bus, agency, feed.id)
    settled = state.settled if state is not None else Settled()
    stored = await held(
        bus,
        stream_name(agency),
        f"share.{agency}.>",
        feed.id,
        after=settled.stream_sequence,
        upto=upto[0],
    )
    quarantined = await held(
        bus,
        quarantine_stream(agency),
        quarantine_subject(agency, feed.id),
        feed.id,
        after=settled.quarantine_sequence,
        upto=upto[1],
    )
    if state is not None:
        ledger.resume(state)
    ledger.find(stored, quarantined)
    _log.info("books taken up", feed=feed.id, received=ledger.received)


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
    """Publishes a feed's state once a second while it changes, and every half minute.

    Use it as ``async with Journal(...)``.

    Args:
        publisher: Publishes on the stream of its agency's feeds' states; it must be open.
        feed: The feed.
        ledger: Its books.
        spool: Where its messages wait while the bus is away; None: nowhere.
        every_s: How often it looks for changes, seconds.
    """

    def __init__(
        self,
        publisher: Publisher,
        feed: FeedConfig,
        ledger: Ledger,
        spool: Spool | None = None,
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        self._publisher = publisher
        self._subject = feed_subject(feed.agency, feed.id)
        self._ledger = ledger
        self._spool = spool
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def tell(self, state: "FeedState.ValueType | None" = None) -> None:
        """Publish the state now, with the adapter's own when it has changed."""
        if state is not None:
            self._ledger.state.state = state
        if self._spool is not None:
            self._ledger.spool(self._spool.total, self._spool.bytes)
        payload = self._ledger.snapshot(datetime.now(UTC)).SerializeToString()
        try:
            await self._publisher.publish(Outgoing(self._subject, payload, uuid.uuid4().hex))
        except PublishError as error:
            # The counts are kept here and told with the next change.
            _log.warning("the feed's state could not be published", error=str(error))

    async def _keep(self) -> None:
        """Publish what has changed, and now and then that the adapter lives."""
        told, heard = -1, None
        for beat in itertools.count():
            await asyncio.sleep(self._every_s)
            if self._spool is not None:
                self._ledger.spool(self._spool.total, self._spool.bytes)
            if not beat % _HEARD_EVERY:
                # Silence is no change of the books, and must be told too.
                hearing = self._ledger.hearing()
                if (hearing.freshness, hearing.heard) != heard:
                    heard = (hearing.freshness, hearing.heard)
                    told = -1
            if self._ledger.version != told or not beat % _LIVES_EVERY:
                told = self._ledger.version
                await self.tell()
