"""Publishing with no loss: group commit, acknowledgement, de-duplication, retry.

What arrives while a batch is under way goes together into the next one, as one atomic
batch: one write to the server, one flush to disk, one acknowledgement. A lone message
goes at once. An acknowledgement means on disk.

An attempt whose answer does not come is ambiguous: it may be stored or not. It is made
again with the same ids until the server answers; what the server then calls a duplicate
was stored by us when its sequence is later than all that we knew when we began with it.

Messages of one subject are stored in the order in which they were published: a subject is
in one batch at a time, and where a batch must be taken apart each subject's go in turn. A
record observed earlier than what its subject holds is stored beside it (`broker.placing`).
"""

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Self

from broker.api import call
from broker.commit import Commit
from broker.connection import Bus
from broker.errors import BusUnavailable, PublishError, RecordTooLarge, StreamUnavailable
from broker.exchange import Exchange, Sent
from broker.lot import Item, Lot, Result
from broker.outgoing import MESSAGE_ID, Outgoing, Stored, size_of
from broker.placing import Placing
from broker.recent import RecentIds
from broker.subscriber import scan

_BATCH_MESSAGES = 500
_BATCH_BYTES = 4 << 20
_IN_FLIGHT = 4
_LOOK_PAST = 2 * _BATCH_MESSAGES
_PENDING_MESSAGES = 20_000
_PENDING_BYTES = 64 << 20
_PAUSE_S = (0.05, 0.1, 0.2, 0.5)
_SHORTEST_S = 0.05
_RECENT = 50_000


class Publisher:
    """Publishes on one stream, for as many callers as there are.

    Use it as ``async with Publisher(bus, "WATER") as publisher``.

    Args:
        bus: An open connection whose user may publish on the stream's subjects.
        stream: The stream that stores the messages.
        budget_s: How long a message is tried before `BusUnavailable`, seconds.
        recent: How many stored ids are remembered here, at least; what was forgotten the
            server's own window still knows.

    Attributes:
        began_at: The stream's last sequence on entering.

    Raises:
        StreamUnavailable: On entering, if the stream cannot be asked where it stands.
    """

    def __init__(
        self, bus: Bus, stream: str, *, budget_s: float = 30.0, recent: int = _RECENT
    ) -> None:
        self.began_at = 0
        self._bus = bus
        self._stream = stream
        self._budget_s = budget_s
        self._pending: deque[Item] = deque()
        self._open: dict[str, Item] = {}
        self._open_bytes = 0
        self._recent = RecentIds(recent)
        self._given_up: dict[str, int] = {}
        self._found: dict[str, int] = {}
        self._tell: Callable[[], None] | None = None
        self._surrenders = 0
        self._room = asyncio.Event()
        self._flights: dict[asyncio.Task[None], list[Item]] = {}
        self._aloft: set[str] = set()
        self._blocked = False
        self._placing = Placing(bus, stream)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        info = await call(self._bus, self._stream, f"STREAM.INFO.{self._stream}")
        self.began_at = info["state"]["last_seq"]
        exchange = await self._stack.enter_async_context(Exchange(self._bus))
        self._commit = Commit(exchange, self._stream, self.began_at, self._settle)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._flights:
            await asyncio.wait(self._flights)
        await self._stack.aclose()

    @property
    def is_connected(self) -> bool:
        """Tell whether the bus is there, as far as is known."""
        return self._bus.is_connected

    async def publish(self, message: Outgoing) -> Stored:
        """Store one message.

        Raises:
            PublishError: As `publish_all` returns.
        """
        (result,) = await self.publish_all([message])
        if isinstance(result, PublishError):
            raise result
        return result

    async def publish_all(self, messages: Sequence[Outgoing]) -> list[Result]:
        """Store messages; return, in their order, what became of each.

        Waits while too much is under way already, so that memory stays bounded. A
        message whose id was stored before, or is under way, is stored once.
        """
        surrenders = self._surrenders
        while len(self._open) >= _PENDING_MESSAGES or self._open_bytes >= _PENDING_BYTES:
            self._room.clear()
            await self._room.wait()
        if surrenders != self._surrenders:
            return [BusUnavailable(self._budget_s, "given up with what came before")] * len(
                messages
            )
        return await self.take(messages).results()

    def take(self, messages: Sequence[Outgoing]) -> Lot:
        """Take messages at once, however much is under way; the lot tells what becomes of them."""
        lot = Lot(len(messages))
        deadline = time.monotonic() + self._budget_s
        for index, message in enumerate(messages):
            self._accept(message, lot, index, deadline)
        self._depart()
        return lot

    def give_up_together(self, tell: Callable[[], None]) -> None:
        """Give up all that is under way as soon as one message is, from here on.

        What came after it must not be stored before it.

        Args:
            tell: Called then, before anybody learns of it.
        """
        self._tell = tell

    async def look_back(self, ids: AbstractSet[str], after: int) -> None:
        """Find which messages the stream holds already, by attempts of long ago.

        Those are not stored again, however long ago it was: the server's own window
        forgets.

        Args:
            ids: Their ids.
            after: The sequence after which to look.

        Raises:
            StreamUnavailable: If the stream cannot be read.
        """
        found = {}
        async for one in scan(
            self._bus, self._stream, ">", headers_only=True, start_sequence=after + 1
        ):
            identity = one.headers.get(MESSAGE_ID, "")
            if identity in ids:
                found[identity] = one.sequence
        self._found = found

    def _accept(self, message: Outgoing, lot: Lot, index: int, deadline: float) -> None:
        """Queue a message unless it is settled already."""
        identity = message.message_id
        sequence = self._found.pop(identity, None)
        if identity in self._recent:
            lot.settle(index, Stored(self._stream, None, duplicate=True))
            return
        if sequence is not None:
            known = self._given_up.pop(identity, self.began_at)
            self._recent.add(identity)
            lot.settle(index, Stored(self._stream, sequence, duplicate=sequence <= known))
            return
        item = self._open.get(identity)
        if item is None:
            size = size_of(message)
            if size > self._bus.nc.max_payload:
                lot.settle(index, RecordTooLarge(size, self._bus.nc.max_payload))
                return
            # What was given up on may be stored all the same, by an attempt that was ours.
            known = self._given_up.pop(identity, self._commit.acknowledged)
            item = self._open[identity] = Item(message, deadline, known)
            self._open_bytes += len(message.payload)
            self._pending.append(item)
        item.places.append((lot, index))

    def _depart(self) -> None:
        """Send what waits: at once when nothing is under way, else whole batches only."""
        while self._pending and (
            not self._flights
            or (
                len(self._pending) >= _BATCH_MESSAGES
                and len(self._flights) < _IN_FLIGHT
                and not self._blocked
            )
        ):
            items = self._take()
            if not items:
                self._blocked = True
                return
            flight = asyncio.create_task(self._fly(items, self._begin(items)))
            self._flights[flight] = items
            self._aloft.update(item.subject for item in items)
            flight.add_done_callback(self._landed)

    def _take(self) -> list[Item]:
        """Take the next batch from the queue; none when it would not be a whole one.

        What has a subject that is in the air stays behind, and so keeps its order.
        """
        items: list[Item] = []
        held: list[Item] = []
        size = 0
        while self._pending and len(items) < _BATCH_MESSAGES and size < _BATCH_BYTES:
            item = self._pending.popleft()
            if item.subject in self._aloft:
                held.append(item)
                if len(held) == _LOOK_PAST:
                    break
            else:
                size += len(item.message.payload)
                items.append(item)
        self._pending.extendleft(reversed(held))
        if self._flights and len(items) < _BATCH_MESSAGES and size < _BATCH_BYTES:
            self._pending.extendleft(reversed(items))
            return []
        return items

    def _landed(self, flight: asyncio.Task[None]) -> None:
        """Send what came meanwhile; a flight that broke off fails its messages."""
        items = self._flights.pop(flight)
        if flight.cancelled() or flight.exception() is not None:
            reason = "the publisher was stopped" if flight.cancelled() else str(flight.exception())
            self._fail(items, BusUnavailable(0.0, reason))
        self._aloft.difference_update(item.subject for item in items)
        self._blocked = False
        self._depart()

    def _begin(self, items: list[Item]) -> Sent | None:
        """Send a batch now, so that the server works while we do; None: ask for places before."""
        is_batch = len(items) > 1
        return self._commit.send(items) if is_batch and self._placing.place_now(items) else None

    async def _fly(self, items: list[Item], sent: Sent | None) -> None:
        """Try a batch until each of its messages is settled."""
        last = ""
        for pause in itertools.chain(_PAUSE_S, itertools.repeat(_PAUSE_S[-1])):
            within_s = min(item.deadline for item in items) - time.monotonic()
            items, last = await self._attempt(items, max(within_s, _SHORTEST_S), sent)
            sent = None
            if self._placing.take_back(items):
                continue
            now = time.monotonic() + pause
            late = [item for item in items if item.deadline <= now]
            self._fail(late, BusUnavailable(self._budget_s, last))
            if any(map(self._is_open, items)):
                await asyncio.sleep(pause)
            items = [*filter(self._is_open, items)]
            if not items:
                return

    async def _attempt(
        self, items: list[Item], within_s: float, sent: Sent | None
    ) -> tuple[list[Item], str]:
        """Send a batch once, each record to its place; return what is still open, and why."""
        try:
            async with asyncio.timeout(within_s):
                await self._placing.place(items)
        except (StreamUnavailable, TimeoutError) as error:
            return items, str(error) or "the stream does not say what it holds"
        return await self._commit.attempt(items, within_s, sent)

    def _is_open(self, item: Item) -> bool:
        """Tell whether a message is not settled."""
        return self._open.get(item.message.message_id) is item

    def _fail(self, items: Sequence[Item], error: BusUnavailable) -> None:
        """Settle messages that could not be stored in time, and all others if so told."""
        if self._tell is not None and any(map(self._is_open, items)):
            self._tell()
            self._surrenders += 1
            self._pending.clear()
            items = [*self._open.values()]
        for item in items:
            self._settle(item, error)

    def _settle(self, item: Item, result: Result) -> None:
        """Tell everyone who waits for a message what became of it."""
        message = item.message
        if not self._is_open(item):
            return
        del self._open[message.message_id]
        self._open_bytes -= len(message.payload)
        if isinstance(result, Stored):
            self._recent.add(message.message_id)
        if not isinstance(result, Stored) or result.duplicate:
            # It was placed for nothing: what the subject holds is another.
            self._placing.forget(item.subject)
        if isinstance(result, BusUnavailable):
            self._give_up(message.message_id, item.known)
        item.settle(result)
        self._room.set()

    def _give_up(self, identity: str, known: int) -> None:
        """Note what was known when a message was begun that may be stored or not."""
        self._given_up[identity] = known
        if len(self._given_up) > _RECENT:
            del self._given_up[next(iter(self._given_up))]
