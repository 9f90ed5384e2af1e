"""Who waits to be spooled: written together, in the order of their coming."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from broker.errors import PublishError, SpoolDamaged, SpoolFailed, SpoolFull
from broker.outgoing import Outgoing, Spooled, Stored
from broker.spool import Spool

Result = Stored | Spooled | PublishError
_log = structlog.get_logger()


@dataclass(slots=True)
class Waiting:
    """Messages that are to be spooled, and who waits for it.

    Attributes:
        turn: When they came, compared with others.
        messages: The messages.
        done: What becomes of each, in their order.
    """

    turn: int
    messages: Sequence[Outgoing]
    done: asyncio.Future[list[Result]]

    def settle(self, results: list[Result]) -> None:
        """Tell what became of them, if anybody still waits."""
        if not self.done.done():
            self.done.set_result(results)


class Aside:
    """Those of one stream.

    Args:
        stream: The stream.
        spool: Where their messages go.
        may_write: Set while nobody is under way who came before all that wait.

    Attributes:
        order: Held while messages are being written; whoever holds it keeps all waiting.
    """

    def __init__(self, stream: str, spool: Spool, may_write: asyncio.Event) -> None:
        self._stream = stream
        self._spool = spool
        self._may_write = may_write
        self._waiting: list[Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self.order = asyncio.Lock()

    @property
    def is_busy(self) -> bool:
        """Tell whether anybody waits."""
        return self._writer is not None

    def stand(self, turn: int, messages: Sequence[Outgoing]) -> Waiting:
        """Queue messages to be spooled, and see that they are."""
        waiting = Waiting(turn, messages, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._write_on()
        return waiting

    def _write_on(self) -> None:
        """Write what waits, unless that is under way."""
        if self._writer is None and self._waiting:
            self._writer = asyncio.create_task(self._write())
            self._writer.add_done_callback(self._wrote)

    def _wrote(self, writer: asyncio.Task[None]) -> None:
        """Go on with what came meanwhile."""
        self._writer = None
        error = None if writer.cancelled() else writer.exception()
        if error is not None:
            _log.error("spooling failed: report this", stream=self._stream, exc_info=error)
        self._write_on()

    async def written(self) -> None:
        """Wait until all that was to be spooled is."""
        while self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _write(self) -> None:
        """Spool all that waits, in the order of its coming, with one flush to disk for many."""
        while self._waiting:
            await self._may_write.wait()
            async with self.order:
                if self._may_write.is_set():
                    await self._write_once()

    async def _write_once(self) -> None:
        """Spool what waits now."""
        if not (lots := self.take()):
            return
        messages = [message for lot in lots for message in lot.messages]
        results: list[Result] = [SpoolFailed("spooling failed: report this")] * len(messages)
        try:
            results = self._told(len(messages), await self._spool.append(self._stream, messages))
        except SpoolDamaged as error:
            _log.error("spooling failed", stream=self._stream, error=str(error))
            results = [SpoolFailed(str(error))] * len(messages)
        finally:
            # Also a fault of our own leaves nobody waiting.
            told = iter(results)
            for lot in lots:
                lot.settle([*itertools.islice(told, len(lot.messages))])

    def take(self) -> list[Waiting]:
        """Return all that waits, in the order of its coming."""
        lots, self._waiting = self._waiting, []
        return sorted(lots, key=lambda lot: lot.turn)

    def _told(self, count: int, fresh: list[bool] | None) -> list[Result]:
        """Return what is told of messages that were to be spooled."""
        if fresh is None:
            return [SpoolFull(self._spool.bytes)] * count
        known = Stored(self._stream, None, duplicate=True)
        return [Spooled() if is_new else known for is_new in fresh]
