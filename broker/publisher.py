"""Publishing with no loss: group commit, acknowledgement, de-duplication, retry.

What arrives while a batch is under way goes together into the next one, as one atomic
batch: one write to the server, one flush to disk, one acknowledgement. A lone message
goes at once. An acknowledgement means on disk.

An attempt whose answer does not come is ambiguous: it may be stored or not. It is made
again with the same ids until the server answers; what the server then calls a duplicate
was stored by us when its sequence is later than all that was there when we began.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from broker.connection import Bus
from broker.errors import (
    BusUnavailable,
    PublishDenied,
    PublishError,
    PublishRefused,
    RecordTooLarge,
)
from broker.outgoing import Outgoing, Stored, batch_bytes, hpub
from broker.recent import RecentIds

_BATCH_MESSAGES = 500
_BATCH_BYTES = 4 << 20
_IN_FLIGHT = 4
_PENDING_MESSAGES = 20_000
_PENDING_BYTES = 64 << 20
_HEADER_ROOM = 1024
_ATTEMPT_S = 5.0
_PAUSE_S = (0.05, 0.1, 0.2, 0.5)
_RECENT = 50_000
_UNAVAILABLE = 503
_HOLDS_ONE_ALREADY = 10201
# Quotas and limits: trying again would meet the same answer.
_NO_USE_TRYING = frozenset({10047, 10054, 10077, 10122})
_BATCH_TROUBLE = frozenset({10174, 10175, 10176, 10177, 10178, 10179, 10199, 10200, 10202})
_log = structlog.get_logger()


class _Lot:
    """What one caller published together, and who waits for it."""

    __slots__ = ("done", "open", "results")

    def __init__(self, size: int) -> None:
        self.results: list[Stored | PublishError | None] = [None] * size
        self.open = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, index: int, result: Stored | PublishError) -> None:
        self.results[index] = result
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)


class _Item:
    """One message on its way; ``places`` are the lots that wait for it."""

    __slots__ = ("message", "places")

    def __init__(self, message: Outgoing, lot: _Lot, index: int) -> None:
        self.message = message
        self.places = [(lot, index)]


class Publisher:
    """Publishes on one stream, for as many callers as there are.

    Use it as ``async with Publisher(bus, "WATER") as publisher``.

    Args:
        bus: An open connection whose user may publish on the stream's subjects.
        stream: The stream that stores the messages.
        budget_s: How long a message is tried before `BusUnavailable`, seconds.
    """

    def __init__(self, bus: Bus, stream: str, *, budget_s: float = 30.0) -> None:
        self._bus = bus
        self._stream = stream
        self._budget_s = budget_s
        self._pending: deque[_Item] = deque()
        self._open: dict[str, _Item] = {}
        self._open_bytes = 0
        self._recent = RecentIds(_RECENT)
        self._room = asyncio.Event()
        self._flights: dict[asyncio.Task[None], list[_Item]] = {}
        self._answers: dict[str, asyncio.Future[Msg]] = {}
        self._numbers = itertools.count(1)
        self._prefix = ""
        self._first_sequence = 0
        self._subscription: Subscription | None = None
        self._cleanup = contextlib.ExitStack()
        self._denied: set[str] = set()

    async def __aenter__(self) -> Self:
        self._prefix = self._bus.nc.new_inbox()
        self._subscription = await self._bus.nc.subscribe(f"{self._prefix}.*", cb=self._answered)
        info = await self._bus.js.stream_info(self._stream)
        self._first_sequence = info.state.last_seq
        self._cleanup.callback(self._bus.on_denied(self._on_denied))
        self._cleanup.callback(self._bus.on_lost(self._on_lost))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._flights:
            await asyncio.wait(self._flights)
        self._cleanup.close()
        if self._subscription is not None and self._bus.nc.is_connected:
            await self._subscription.unsubscribe()

    async def publish(self, message: Outgoing) -> Stored:
        """Store one message.

        Raises:
            PublishError: As `publish_all` returns.
        """
        (result,) = await self.publish_all([message])
        if isinstance(result, PublishError):
            raise result
        return result

    async def publish_all(self, messages: Sequence[Outgoing]) -> list[Stored | PublishError]:
        """Store messages; return, in their order, what became of each.

        Waits while too much is under way already, so that memory stays bounded. A
        message whose id was stored before, or is under way, is stored once.
        """
        while len(self._open) >= _PENDING_MESSAGES or self._open_bytes >= _PENDING_BYTES:
            self._room.clear()
            await self._room.wait()
        lot = _Lot(len(messages))
        limit = self._bus.nc.max_payload
        for index, message in enumerate(messages):
            self._accept(message, lot, index, limit)
        self._depart()
        if lot.open:
            await lot.done
        return [result for result in lot.results if result is not None]

    def _accept(self, message: Outgoing, lot: _Lot, index: int, limit: int) -> None:
        """Queue a message unless it is settled already."""
        identity = message.message_id
        size = len(message.payload)
        if identity in self._recent:
            lot.settle(index, Stored(self._stream, None, duplicate=True))
        elif (item := self._open.get(identity)) is not None:
            item.places.append((lot, index))
        elif size + _HEADER_ROOM > limit:
            lot.settle(index, RecordTooLarge(size, limit - _HEADER_ROOM))
        else:
            item = _Item(message, lot, index)
            self._open[identity] = item
            self._open_bytes += size
            self._pending.append(item)

    def _depart(self) -> None:
        """Send what waits: at once when nothing is under way, else whole batches only."""
        while self._pending and (
            not self._flights
            or (len(self._pending) >= _BATCH_MESSAGES and len(self._flights) < _IN_FLIGHT)
        ):
            items = self._take()
            flight = asyncio.create_task(self._fly(items))
            self._flights[flight] = items
            flight.add_done_callback(self._landed)

    def _take(self) -> list[_Item]:
        """Take the next batch from the queue."""
        items: list[_Item] = []
        size = 0
        while self._pending and len(items) < _BATCH_MESSAGES and size < _BATCH_BYTES:
            item = self._pending.popleft()
            size += len(item.message.payload)
            items.append(item)
        return items

    def _landed(self, flight: asyncio.Task[None]) -> None:
        """Send what came meanwhile; a flight that broke off fails its messages."""
        items = self._flights.pop(flight)
        if flight.cancelled() or flight.exception() is not None:
            reason = "the publisher was stopped" if flight.cancelled() else str(flight.exception())
            for item in items:
                if item.message.message_id in self._open:
                    self._settle(item, BusUnavailable(0.0, reason))
        self._depart()

    async def _fly(self, items: list[_Item]) -> None:
        """Try a batch until each of its messages is settled."""
        deadline = time.monotonic() + self._budget_s
        last = "no answer"
        for pause in itertools.chain(_PAUSE_S, itertools.repeat(_PAUSE_S[-1])):
            if self._bus.nc.is_connected:
                items, last = await self._attempt(items)
                if not items:
                    return
            else:
                last = "the bus is away"
            if time.monotonic() + pause >= deadline:
                break
            await asyncio.sleep(pause)
        for item in items:
            self._settle(item, BusUnavailable(self._budget_s, last))

    async def _attempt(self, items: list[_Item]) -> tuple[list[_Item], str]:
        """Send a batch once; return what is still open, and why."""
        if len(items) == 1:
            return await self._singly(items)
        try:
            answer = await self._ask(items)
        except (TimeoutError, ConnectionError) as error:
            return self._without_denied(items), str(error) or "no answer"
        failure = answer.get("error")
        if failure is None:
            # A batch is stored without gaps, its last message at the sequence answered.
            first = answer["seq"] - len(items) + 1
            for sequence, item in enumerate(items, start=first):
                self._settle(item, Stored(self._stream, sequence, duplicate=False))
            return [], ""
        code = failure.get("err_code", 0)
        if code == _HOLDS_ONE_ALREADY or code in _BATCH_TROUBLE:
            return await self._singly(items)
        return self._refused(items, failure)

    async def _singly(self, items: list[_Item]) -> tuple[list[_Item], str]:
        """Send messages each for itself, all at once; return what is still open, and why."""
        answers = await asyncio.gather(
            *(self._ask([item]) for item in items), return_exceptions=True
        )
        still_open: list[_Item] = []
        last = ""
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, TimeoutError | ConnectionError):
                still_open += self._without_denied([item])
                last = str(answer) or "no answer"
            elif isinstance(answer, BaseException):
                raise answer
            elif "error" in answer:
                left, last = self._refused([item], answer["error"])
                still_open += left
            else:
                sequence = answer["seq"]
                before = bool(answer.get("duplicate")) and sequence <= self._first_sequence
                self._settle(item, Stored(self._stream, sequence, duplicate=before))
        return still_open, last

    def _refused(self, items: list[_Item], failure: dict[str, Any]) -> tuple[list[_Item], str]:
        """Settle what the server will always refuse; return what may be tried again."""
        code, description = failure.get("err_code", 0), str(failure.get("description", ""))
        if failure.get("code") == _UNAVAILABLE and code not in _NO_USE_TRYING:
            return items, description
        for item in items:
            self._settle(item, PublishRefused(code, description))
        return [], description

    def _without_denied(self, items: list[_Item]) -> list[_Item]:
        """Settle the messages whose subjects the server refused; return the others."""
        left = []
        for item in items:
            if item.message.subject.lower() in self._denied:
                self._settle(item, PublishDenied(item.message.subject))
            else:
                left.append(item)
        return left

    async def _ask(self, items: list[_Item]) -> dict[str, Any]:
        """Write a message or batch and return the server's answer.

        Raises:
            TimeoutError: If none came in time.
            ConnectionError: If the connection was lost, nobody serves the stream, or a
                subject was denied.
        """
        number = str(next(self._numbers))
        reply = f"{self._prefix}.{number}"
        messages = [item.message for item in items]
        if len(messages) == 1:
            data = hpub(messages[0], reply)
        else:
            data = batch_bytes(f"{self._prefix[-22:]}-{number}", messages, reply)
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await write(self._bus, data)
            async with asyncio.timeout(_ATTEMPT_S):
                message = await answer
        finally:
            del self._answers[number]
        if message.headers and message.headers.get("Status") == str(_UNAVAILABLE):
            raise ConnectionError("nobody serves the stream at the moment")
        decoded: dict[str, Any] = json.loads(message.data)
        return decoded

    async def _answered(self, message: Msg) -> None:
        """Hand an answer to whoever waits for it."""
        waiting = self._answers.get(message.subject.rpartition(".")[2])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _on_lost(self) -> None:
        """Stop waiting for answers that will not come."""
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the connection was lost"))

    def _on_denied(self, subject: str) -> None:
        """Stop waiting where a subject was refused: a batch with a gap is never answered."""
        if any(item.message.subject.lower() == subject for item in self._open.values()):
            self._denied.add(subject)
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError(f"publishing on {subject} is denied"))

    def _settle(self, item: _Item, result: Stored | PublishError) -> None:
        """Tell everyone who waits for a message what became of it."""
        message = item.message
        if self._open.pop(message.message_id, None) is None:
            return
        self._open_bytes -= len(message.payload)
        if isinstance(result, Stored):
            self._recent.add(message.message_id)
        first, *others = item.places
        first[0].settle(first[1], result)
        for lot, index in others:
            again = isinstance(result, Stored)
            lot.settle(index, Stored(self._stream, None, duplicate=True) if again else result)
        if not self._room.is_set():
            self._room.set()


async def write(bus: Bus, data: bytes) -> None:
    """Write protocol bytes in one piece.

    The client's own ``publish`` writes message by message and costs more than all else
    in a batch together.

    Raises:
        ConnectionError: If the connection is away.
    """
    client = bus.nc
    if not client.is_connected:
        raise ConnectionError("the bus is away")
    await client._send_command(data)  # noqa: SLF001
    await client._flush_pending()  # noqa: SLF001
