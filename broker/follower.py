"""Following a stream: each message once and in order, until closed.

A follower begins again, after a gap, a silence or a lost connection, at the message that
it delivered last. Is that still there, it goes on behind it. Is it not, then the stream
may be another than it was: recreated, or shorter after a power cut and perhaps grown anew.
The reader is told and reads from the start.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import structlog
from nats.aio.msg import Msg

from broker.connection import Bus
from broker.consumer import Consumer
from broker.delivery import Delivery
from broker.errors import StreamUnavailable

_SILENCE_S = 2.5
_RETRY_S = 0.3
_log = structlog.get_logger()


class Follower:
    """A subscription that delivers a stream's messages in order until closed.

    Attributes:
        caught_up: Set once all that was there at the start has been delivered; cleared
            when the stream is read from the start again.
    """

    def __init__(
        self,
        bus: Bus,
        stream: str,
        subjects: Sequence[str],
        on_delivery: Callable[[Delivery], None],
        *,
        on_restart: Callable[[], None] | None = None,
        on_passed: Callable[[int], None] | None = None,
        last_of_each: bool = False,
    ) -> None:
        self.caught_up = asyncio.Event()
        self._last_of_each = last_of_each
        self._bus = bus
        self._stream = stream
        self._subjects = subjects
        self._on_delivery = on_delivery
        self._on_restart = on_restart
        self._on_passed = on_passed
        self._start = 1
        self._last: Delivery | None = None
        self._finding = False
        self._broken = asyncio.Event()
        self._consumer: Consumer | None = None
        self._stack = contextlib.AsyncExitStack()

    async def start(self, start: int) -> None:
        """Begin at a sequence.

        Raises:
            StreamUnavailable: If the stream cannot be read.
        """
        self._start = start
        self._stack.push_async_callback(self._drop)
        self._stack.callback(self._bus.on_back(self._broken.set))
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        keeper = asyncio.create_task(self._keep())
        self._stack.push_async_callback(asyncio.wait, [keeper])
        self._stack.callback(keeper.cancel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop delivering."""
        await self._stack.aclose()

    async def _open(self) -> None:
        """Make a consumer: at the start, or at what was delivered last."""
        consumer = self._consumer = Consumer(self._bus, self._stream, *self._subjects)
        self._finding = self._last is not None
        start = self._last.sequence if self._last is not None else self._start
        ahead = await consumer.open(
            functools.partial(self._arrived, consumer),
            start,
            last_of_each=self._last_of_each and not self._finding,
        )
        if ahead:
            return
        if self._finding:
            self._begin_anew()
        else:
            self.caught_up.set()

    async def _drop(self) -> None:
        """End the consumer."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()

    async def _arrived(self, consumer: Consumer, message: Msg) -> None:
        """Deliver a message when it is the next one."""
        if consumer is not self._consumer or self._broken.is_set():
            return
        try:
            delivery = await consumer.take(message)
        except StreamUnavailable as error:
            _log.warning("a stream is followed anew", stream=self._stream, error=error.problem)
            self._broken.set()
            return
        if delivery is not None and not (self._finding and self._is_found(delivery)):
            if self._broken.is_set():
                return
            self._last = delivery
            self._on_delivery(delivery)
        if consumer.idle:
            self.caught_up.set()
            if delivery is None and self._on_passed is not None:
                self._on_passed(consumer.passed)

    def _is_found(self, delivery: Delivery) -> bool:
        """Tell whether the first message is the one delivered last; if not, begin anew."""
        self._finding = False
        last = self._last
        assert last is not None
        found = (delivery.sequence, delivery.timestamp_ns) == (last.sequence, last.timestamp_ns)
        if not found:
            self._begin_anew()
        return found

    def _begin_anew(self) -> None:
        """Forget what was delivered, tell the reader, and have a consumer made at the start."""
        _log.warning("a stream is read from its start again", stream=self._stream)
        self._last, self._start, self._finding = None, 1, False
        self._broken.set()
        self.caught_up.clear()
        if self._on_restart is not None:
            self._on_restart()

    async def _keep(self) -> None:
        """Look after the consumer: make it anew when it broke or has fallen silent."""
        told = ""
        while True:
            if not await self._needs_another():
                continue
            self._broken.clear()
            await self._drop()
            try:
                await self._open()
                told = ""
            except StreamUnavailable as error:
                if str(error) != told and self._bus.nc.is_connected:
                    told = str(error)
                    _log.warning("a stream cannot be followed at the moment", error=told)
                self._broken.set()
                await asyncio.sleep(_RETRY_S)

    async def _needs_another(self) -> bool:
        """Wait for a consumer to break, or to be silent for too long."""
        try:
            async with asyncio.timeout(_SILENCE_S):
                await self._broken.wait()
        except TimeoutError:
            consumer = self._consumer
            if consumer is not None and consumer.heard:
                consumer.heard = False
                return False
            return self._bus.nc.is_connected
        return True
