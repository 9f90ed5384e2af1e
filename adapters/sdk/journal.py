"""A feed's state on the bus: taken up at the start, published as it changes, audited."""

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger
from broker.connection import Bus
from broker.errors import PublishError
from broker.outgoing import Outgoing, header_lines
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.subjects import feed_subject, quarantine_subject
from broker.subscriber import scan
from broker.users import feeds_stream, quarantine_stream
from liandong.feed.v1.feed_pb2 import Feed, FeedState
from liandong.record.v1.record_pb2 import Record

FEED_HEADER = "Liandong-Feed"
_EVERY_S = 1.0
_log = structlog.get_logger()


def feed_header(feed_id: str) -> bytes:
    """Return the header that marks a feed's records."""
    return header_lines({FEED_HEADER: feed_id})


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
    settled = state.settled
    stored = await _sequences(
        bus, stream_name(feed.agency), f"share.{feed.agency}.>", feed.id, settled.stream_sequence
    )
    quarantined = await _sequences(
        bus,
        quarantine_stream(feed.agency),
        quarantine_subject(feed.agency, feed.id),
        feed.id,
        settled.quarantine_sequence,
    )
    if stored or quarantined:
        _log.info("books taken up", feed=feed.id, stored=len(stored), quarantined=len(quarantined))
        ledger.receive(len(stored) + len(quarantined), datetime.now(UTC))
        ledger.settle(stored=stored, quarantined=quarantined)
    return ledger


async def recall(bus: Bus, adapter: Adapter[Any, Any]) -> None:
    """Hand an adapter the records of its feed that it must see again, oldest first."""
    agency = adapter.feed.agency
    for kind in adapter.recalls():
        async for delivery in scan(bus, stream_name(agency), f"share.{agency}.{kind}.>"):
            if delivery.headers.get(FEED_HEADER) == adapter.feed.id:
                adapter.recall(Record.FromString(delivery.payload))


async def _sequences(bus: Bus, stream: str, subject: str, feed_id: str, after: int) -> list[int]:
    """Return the sequences of a feed's messages in a stream after one."""
    return [
        delivery.sequence
        async for delivery in scan(
            bus, stream, subject, headers_only=True, start_sequence=after + 1
        )
        if delivery.headers.get(FEED_HEADER) == feed_id
    ]


class Journal:
    """Publishes a feed's state once a second while it changes.

    Use it as ``async with Journal(...)``; the last state is published on leaving.

    Args:
        bus: The agency's connection.
        feed: The feed.
        ledger: Its books.
    """

    def __init__(self, bus: Bus, feed: FeedConfig, ledger: Ledger) -> None:
        self._publisher = Publisher(bus, feeds_stream(feed.agency), budget_s=5.0)
        self._subject = feed_subject(feed.agency, feed.id)
        self._ledger = ledger
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
        told = -1
        while True:
            await asyncio.sleep(_EVERY_S)
            if self._ledger.version != told:
                told = self._ledger.version
                await self.tell()


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of one feed found.

    Attributes:
        feed: The feed's state as it tells it.
        stored: How many of its records the agency's stream holds.
        quarantined: How many entries its quarantine holds.
        findings: One sentence for each thing that is not explained; none: the books
            balance.
    """

    feed: Feed
    stored: int
    quarantined: int
    findings: tuple[str, ...]


async def audit(bus: Bus, agency: str, feed_id: str) -> Audit:
    """Check a feed's books: the sum, and the counts against JetStream itself.

    Args:
        bus: A connection that may read the agency's streams.
        agency: The agency.
        feed_id: The feed.

    Raises:
        LookupError: If no such feed has told its state.
    """
    feed = await last_state(bus, agency, feed_id)
    if feed is None:
        raise LookupError(f"feed {feed_id} of {agency} has never told its state: is it running?")
    stored = await _sequences(bus, stream_name(agency), f"share.{agency}.>", feed_id, 0)
    quarantined = await _sequences(
        bus, quarantine_stream(agency), quarantine_subject(agency, feed_id), feed_id, 0
    )
    if len(stored) > feed.stored or len(quarantined) > feed.quarantined:
        # The feed tells its state once a second; what came since is in the next one.
        await asyncio.sleep(2 * _EVERY_S)
    after = await last_state(bus, agency, feed_id)
    return Audit(
        feed, len(stored), len(quarantined), _findings(feed, after or feed, stored, quarantined)
    )


def _findings(
    before: Feed, after: Feed, stored: list[int], quarantined: list[int]
) -> tuple[str, ...]:
    """Compare; a feed may have gone on while its streams were read."""
    settled = before.stored + before.duplicates + before.quarantined
    findings = []
    if before.received != settled + before.in_flight:
        findings.append(
            f"received {before.received}, but stored + duplicates + quarantined + in flight is "
            f"{settled + before.in_flight}"
        )
    moving = after.in_flight + before.in_flight
    if not before.stored <= len(stored) + moving or not len(stored) <= after.stored + moving:
        findings.append(f"the books say {before.stored} stored, the stream holds {len(stored)}")
    if (
        not before.quarantined <= len(quarantined) + moving
        or not len(quarantined) <= after.quarantined + moving
    ):
        findings.append(
            f"the books say {before.quarantined} in quarantine, it holds {len(quarantined)}"
        )
    return tuple(findings)
