"""Publishing that goes on when the bus is away: to disk first, and from there in order.

While the bus answers, an outbox is its publisher. When a message could not be stored for as
long as the publisher tries, it and all that follow go into the spool, which is told to
the caller as `Spooled`: safe on this machine, not yet on the bus. As soon as the bus is
back the spool is emptied, oldest first; only then the direct way opens again, so that
nothing overtakes.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

import structlog

from broker.aside import Aside, Result, Waiting
from broker.errors import BrokerError, BusUnavailable, RecordTooLarge, SpoolDamaged
from broker.outgoing import Outgoing, size_of
from broker.publisher import Publisher
from broker.spool import Spool

Settled = Callable[[Sequence[Outgoing], Sequence[Result]], Awaitable[Sequence[bool]]]
_LOT = 500
_PAUSE_S = 1.0
_log = structlog.get_logger()


class Way(Protocol):
    """A way to one stream: a publisher, or an outbox before it."""

    async def publish_all(self, messages: Sequence[Outgoing]) -> Sequence[Result]:
        """Store messages; return, in their order, what became of each."""


class Outbox:
    """One stream's way to the bus, with a spool beside it.

    Use it as ``async with Outbox("WATER", spool, ...) as outbox``. Until it has a publisher
    everything is spooled.

    Args:
        stream: The stream.
        spool: Where messages wait; it must be open.
        on_settled: Called with spooled messages and what became of each on the bus; returns
            for each whether it is safe, so that the spool need not keep it.
        settled_upto: Returns the sequence of the stream up to which nothing is in doubt.
        max_payload: Largest message that the bus takes, bytes.
    """

    def __init__(
        self,
        stream: str,
        spool: Spool,
        on_settled: Settled,
        settled_upto: Callable[[], int],
        max_payload: int,
    ) -> None:
        self._stream = stream
        self._spool = spool
        self._on_settled = on_settled
        self._settled_upto = settled_upto
        self._max_payload = max_payload
        self._publisher: Publisher | None = None
        self._turns = itertools.count()
        self._is_aside = True
        self._direct = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._aside = Aside(stream, spool, self._quiet)
        self._finishing: set[asyncio.Task[None]] = set()
        self._drain: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drain is not None:
            self._drain.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._drain
        await self._aside.written()
        if self._finishing:
            await asyncio.wait(self._finishing)

    def open(self, publisher: Publisher) -> None:
        """Take the way to the bus, and have it take what is spooled.

        Args:
            publisher: Publishes on the stream; it must be open.
        """
        self._publisher = publisher
        publisher.give_up_together(self._turn_aside)
        if self._spool.count(self._stream) or self._aside.is_busy:
            self._start_drain(publisher)
        else:
            self._is_aside = False

    async def emptied(self) -> None:
        """Wait until nothing is spooled, which only the bus can bring about."""
        if self._drain is not None:
            await asyncio.wait((self._drain,))

    async def publish_all(self, messages: Sequence[Outgoing]) -> Sequence[Result]:
        """Store messages, or spool them; return, in their order, what became of each."""
        turn = next(self._turns)
        if self._is_aside or self._publisher is None:
            return await self._put_aside(turn, messages)
        self._direct += 1
        return await self._follow(turn, messages, self._publisher.publish_all(messages))

    async def _follow(
        self, turn: int, messages: Sequence[Outgoing], sent: Awaitable[Sequence[Result]]
    ) -> list[Result]:
        """Return what became of messages that went the direct way, or had to turn aside on it."""
        waiting = None
        try:
            results = [*await sent]
            late = [at for at, result in enumerate(results) if isinstance(result, BusUnavailable)]
            if late:
                waiting = self._aside.stand(turn, [messages[at] for at in late])
        finally:
            self._direct -= 1
            if not self._direct:
                self._quiet.set()
        if waiting is not None:
            for at, result in zip(late, await waiting.done, strict=True):
                results[at] = result
        return results

    def _turn_aside(self) -> None:
        """Spool from here on: what the publisher gives up now, and all that comes."""
        if self._is_aside or self._publisher is None:
            return
        _log.warning("the bus is away: spooling", stream=self._stream)
        self._is_aside = True
        if self._direct:
            self._quiet.clear()
        self._start_drain(self._publisher)

    async def _put_aside(self, turn: int, messages: Sequence[Outgoing]) -> Sequence[Result]:
        """Have messages spooled after those that came before them, unless they never can be."""
        sizes = [*map(size_of, messages)]
        fitting = [
            message
            for message, size in zip(messages, sizes, strict=True)
            if size <= self._max_payload
        ]
        spooled = iter(await self._aside.stand(turn, fitting).done if fitting else ())
        return [
            next(spooled) if size <= self._max_payload else RecordTooLarge(size, self._max_payload)
            for size in sizes
        ]

    def _start_drain(self, publisher: Publisher) -> None:
        """Begin to empty the spool."""
        self._drain = asyncio.create_task(self._empty(publisher))
        self._drain.add_done_callback(self._drained)

    def _drained(self, drain: asyncio.Task[None]) -> None:
        """Tell of a fault of our own: what is spooled stays there until the next start."""
        if not drain.cancelled() and drain.exception() is not None:
            _log.error(
                "the spool cannot be emptied: report this",
                stream=self._stream,
                exc_info=drain.exception(),
            )

    async def _empty(self, publisher: Publisher) -> None:
        """Publish what is spooled, oldest first, until nothing is; then open the direct way."""
        await self._quiet.wait()
        is_in_doubt = True
        while True:
            if is_in_doubt or self._spool.count(self._stream) > _LOT:
                is_in_doubt = not await self._empty_lot(publisher, is_in_doubt=is_in_doubt)
            else:
                # Whoever comes now waits in memory, or somebody always would be in the spool.
                async with self._aside.order:
                    is_in_doubt = not await self._empty_lot(publisher, is_in_doubt=False)
                    if not self._spool.count(self._stream):
                        self._open_direct_way(publisher)
                        return
            if is_in_doubt:
                await asyncio.sleep(_PAUSE_S)

    def _open_direct_way(self, publisher: Publisher) -> None:
        """Let through who waits, in their order and before anybody else, and all who come."""
        _log.info("the spool is empty", stream=self._stream)
        self._is_aside = False
        for lot in self._aside.take():
            self._direct += 1
            taken = publisher.take(lot.messages)
            finishing = asyncio.create_task(self._finish(lot, taken.results()))
            self._finishing.add(finishing)
            finishing.add_done_callback(self._finishing.discard)

    async def _finish(self, lot: Waiting, sent: Awaitable[Sequence[Result]]) -> None:
        """Tell whoever was let through what became of the messages."""
        lot.settle(await self._follow(lot.turn, lot.messages, sent))

    async def _empty_lot(self, publisher: Publisher, *, is_in_doubt: bool) -> bool:
        """Publish the oldest that is spooled; tell whether all of it is safe now."""
        if not publisher.is_connected:
            return False
        try:
            if is_in_doubt:
                # Of what was tried in vain the bus may have something, and it forgets ids.
                ids = await self._spool.ids(self._stream)
                await publisher.look_back(ids, self._settled_upto())
            lot = await self._spool.head(self._stream, _LOT)
        except BrokerError as error:
            _log.warning("the spool waits", stream=self._stream, error=str(error))
            return False
        results = await publisher.publish_all([message for _, message in lot])
        decided = [
            (entry, result)
            for entry, result in zip(lot, results, strict=True)
            if not isinstance(result, BusUnavailable)
        ]
        # Told before they are dropped: a crash between the two ends in duplicates.
        safe = await self._on_settled(
            [message for (_, message), _ in decided], [result for _, result in decided]
        )
        done = [entry for (entry, _), is_safe in zip(decided, safe, strict=True) if is_safe]
        await self._drop(done)
        return len(done) == len(lot)

    async def _drop(self, done: Sequence[tuple[int, Outgoing]]) -> None:
        """Take messages out of the spool, whose books are closed; a full disk passes."""
        while done:
            try:
                await self._spool.drop(self._stream, done)
            except SpoolDamaged as error:
                _log.error("the spool cannot be emptied", stream=self._stream, error=str(error))
                await asyncio.sleep(_PAUSE_S)
            else:
                return
