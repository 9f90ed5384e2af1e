"""From a spool to its stream, in order: each lot all or none, each message once.

Unlike an outbox it never goes past a message: what the stream does not take now it is
offered again, and nothing behind it is. The newest message that was forwarded stays in the
spool, so that whoever opens that knows where it stands also when the bus is away.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import structlog

from broker.connection import Bus
from broker.errors import SpoolDamaged, StreamUnavailable
from broker.exchange import Denied, Exchange
from broker.lookup import last_message
from broker.outgoing import MESSAGE_ID, Outgoing
from broker.spool import Spool

_LOT = 64
_LOT_BYTES = 4 << 20
_JOIN_S = 0.1
_PAUSE_S = 0.5
_WITHIN_S = 5.0
_FAREWELL_S = 2.0
_log = structlog.get_logger()
Row = tuple[int, Outgoing]


class Forwarder:
    """Forwards what is put into a spool for a stream, all of it on one subject.

    Use it as ``async with Forwarder(bus, spool, "AUDIT", subject) as forwarder``. It is the
    only one that publishes on the subject. On leaving what is left is forwarded if that
    succeeds at once; else it stays in the spool.

    Args:
        bus: An open connection whose user may publish on the subject and read the stream.
        spool: Where messages wait; it must be open.
        stream: The stream.
        subject: The subject.
    """

    def __init__(self, bus: Bus, spool: Spool, stream: str, subject: str) -> None:
        self._bus = bus
        self._spool = spool
        self._stream = stream
        self._subject = subject
        self._kept: Row | None = None
        self._is_in_doubt = True
        self._told = ""
        self._wake = asyncio.Event()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self._exchange = await stack.enter_async_context(Exchange(self._bus))
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(self._ended)
            stack.push_async_callback(self._end)
            self._stack = stack.pop_all()
        self.wake()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def wake(self) -> None:
        """Forward what has been put into the spool."""
        self._wake.set()

    @property
    def left(self) -> int:
        """Return how many messages wait, as far as is known."""
        return self._spool.count(self._stream) - (self._kept is not None)

    @property
    def stands_still(self) -> bool:
        """Tell whether the last attempt was in vain."""
        return bool(self._told)

    async def _end(self) -> None:
        """Forward what is left if the bus is there, and end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                while self._bus.is_connected and not self._running.done() and self.left:
                    self.wake()
                    await asyncio.sleep(_JOIN_S / 2)
        self._running.cancel()
        await asyncio.wait((self._running,))

    def _ended(self, running: asyncio.Task[None]) -> None:
        """Tell of a fault of our own: what is in the spool stays there until the next start."""
        if not running.cancelled() and running.exception() is not None:
            _log.error(
                "forwarding has ended: report this",
                stream=self._stream,
                exc_info=running.exception(),
            )

    async def _run(self) -> None:
        """Forward whatever comes: at once when nothing came before, else what came together."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.left:
                trouble = await self._attempt()
                if trouble:
                    self._tell(trouble)
                    await asyncio.sleep(_PAUSE_S)
            self._tell("")
            await asyncio.sleep(_JOIN_S)

    def _tell(self, trouble: str) -> None:
        """Say once that forwarding stands still, and once that it goes on."""
        if trouble and not self._told:
            _log.warning(
                "kept on this machine until the bus takes it", stream=self._stream, why=trouble
            )
        elif self._told and not trouble:
            _log.info("all that was kept is on the bus", stream=self._stream)
        self._told = trouble

    async def _attempt(self) -> str:
        """Forward the oldest lot; return why it could not be, if so."""
        if not self._bus.is_connected:
            self._is_in_doubt = True
            return "the bus is away"
        try:
            lot = await self._lot()
            if not lot:
                return ""
            answer = await self._exchange.commit([message for _, message in lot], _WITHIN_S)
            if "error" in answer:
                # Also when it holds what an attempt without an answer has stored.
                self._is_in_doubt = True
                return str(answer["error"].get("description", "no reason given"))
            await self._done(lot)
        except (StreamUnavailable, SpoolDamaged, Denied, TimeoutError, ConnectionError) as error:
            self._is_in_doubt = True
            return str(error) or "no answer"
        return ""

    async def _lot(self) -> list[Row]:
        """Return the oldest messages that the stream does not have.

        Raises:
            StreamUnavailable: If it cannot be told what the stream has.
            SpoolDamaged: If the spool cannot be read.
        """
        rows = await self._spool.head(self._stream, _LOT)
        if self._is_in_doubt:
            found = await last_message(self._bus, self._stream, self._subject)
            last = found.headers.get(MESSAGE_ID, "") if found is not None else ""
            stored = [at for at, (_, message) in enumerate(rows) if message.message_id == last]
            if stored:
                await self._done(rows[: stored[0] + 1])
                rows = rows[stored[0] :]
            self._is_in_doubt = False
        if self._kept is not None and rows and rows[0][0] == self._kept[0]:
            del rows[0]
        size = 0
        for at, (_, message) in enumerate(rows):
            size += len(message.payload)
            if at and size > _LOT_BYTES:
                return rows[:at]
        return rows

    async def _done(self, rows: list[Row]) -> None:
        """Take out of the spool what the stream has, all but the newest.

        Raises:
            SpoolDamaged: If the spool cannot be written.
        """
        before = [self._kept] if self._kept is not None and self._kept[0] != rows[0][0] else []
        await self._spool.drop(self._stream, [*before, *rows[:-1]])
        self._kept = rows[-1]
