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
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from broker.errors import BusUnavailable, PublishError, SpoolFull
from broker.outgoing import Outgoing, Spooled, Stored
from broker.publisher import Publisher
from broker.spool import Spool

Result = Stored | Spooled | PublishError
Settled = Callable[[Sequence[Outgoing], Sequence[Stored | PublishError]], Awaitable[None]]
_LOT = 500
_PAUSE_S = 1.0
_log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    """Messages that are to be spooled, and who waits for it."""

    turn: int
    messages: Sequence[Outgoing]
    done: asyncio.Future[list[Result]]

    def settle(self, results: list[Result]) -> None:
        if not self.done.done():
            self.done.set_result(results)


class Outbox:
    """One stream's way to the bus.

    Use it as ``async with Outbox(publisher, "WATER", spool, on_settled) as outbox``.

    Args:
        publisher: Publishes on the stream; it must be open.
        stream: The stream.
        spool: Where messages wait; None: they do not, and `BusUnavailable` is the result.
        on_settled: Called with spooled messages and what became of them at last.
    """

    def __init__(
        self, publisher: Publisher, stream: str, spool: Spool | None, on_settled: Settled
    ) -> None:
        self._publisher = publisher
        self._stream = stream
        self._spool = spool
        self._on_settled = on_settled
        self._turns = itertools.count()
        self._direct = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._waiting: list[_Waiting] = []
        self._order = asyncio.Lock()
        self._drain: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._spool is not None and self._spool.count(self._stream):
            self._drain = asyncio.create_task(self._empty(self._spool))
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

    async def publish_all(self, messages: Sequence[Outgoing]) -> list[Result]:
        """Store messages, or spool them; return, in their order, what became of each."""
        if self._spool is None:
            return [*await self._publisher.publish_all(messages)]
        turn = next(self._turns)
        if self._drain is not None:
            return await self._wait_aside(turn, messages)
        self._direct += 1
        results: list[Result] = [*await self._publisher.publish_all(messages)]
        late = [at for at, result in enumerate(results) if isinstance(result, BusUnavailable)]
        if late and self._drain is None:
            _log.warning("the bus is away: spooling", stream=self._stream)
            # Whoever waits in the publisher came before whoever calls from now on.
            self._publisher.give_up()
            self._quiet.clear()
            self._drain = asyncio.create_task(self._empty(self._spool))
        waiting = self._stand(turn, [messages[at] for at in late]) if late else None
        self._direct -= 1
        if not self._direct:
            self._quiet.set()
        if waiting is not None:
            for at, result in zip(late, await self._put_aside(waiting), strict=True):
                results[at] = result
        return results

    async def _wait_aside(self, turn: int, messages: Sequence[Outgoing]) -> list[Result]:
        """Have messages spooled after those that came before them."""
        return await self._put_aside(self._stand(turn, messages))

    def _stand(self, turn: int, messages: Sequence[Outgoing]) -> _Waiting:
        """Queue messages to be spooled."""
        waiting = _Waiting(turn, messages, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        return waiting

    async def _put_aside(self, waiting: _Waiting) -> list[Result]:
        """Return what became of messages that are to be spooled."""
        await self._quiet.wait()
        await self._write()
        return await waiting.done

    async def _write(self) -> None:
        """Spool all that waits, in the order of its coming, as one flush to disk."""
        assert self._spool is not None
        async with self._order:
            lots = sorted(self._waiting, key=lambda waiting: waiting.turn)
            self._waiting.clear()
            if not lots:
                return
            messages = [message for lot in lots for message in lot.messages]
            fresh = await self._spool.append(self._stream, messages)
            for lot in lots:
                if fresh is None:
                    lot.settle([SpoolFull(self._spool.bytes)] * len(lot.messages))
                    continue
                mine, fresh = fresh[: len(lot.messages)], fresh[len(lot.messages) :]
                known = Stored(self._stream, None, duplicate=True)
                lot.settle([Spooled() if is_new else known for is_new in mine])

    async def _empty(self, spool: Spool) -> None:
        """Publish what is spooled, oldest first, until nothing is."""
        await self._quiet.wait()
        while True:
            await self._write()
            if not spool.count(self._stream) and not self._waiting:
                _log.info("the spool is empty", stream=self._stream)
                self._drain = None
                return
            lot = await spool.head(self._stream, _LOT)
            results = await self._publisher.publish_all([message for _, message in lot])
            done = [
                (entry, result)
                for entry, result in zip(lot, results, strict=True)
                if not isinstance(result, BusUnavailable)
            ]
            if done:
                # Told before they are dropped: a crash between the two ends in duplicates.
                await self._on_settled(
                    [message for (_, message), _ in done], [result for _, result in done]
                )
                await spool.drop(self._stream, [entry for entry, _ in done])
            if len(done) < len(lot):
                await asyncio.sleep(_PAUSE_S)
