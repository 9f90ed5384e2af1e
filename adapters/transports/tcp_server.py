"""A TCP server for senders that connect, send, and wait for an answer.

Each connection has a decoder and one lot under way: what arrives while a lot is being
stored goes into the next one, so that a fast sender makes large lots and a slow one
waits for nobody. Answers go out in the order of the messages, after they are settled.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline

_log = structlog.get_logger()


class TcpServerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a TCP server.

    Attributes:
        max_connections: How many may be open at once; more are hung up on.
        max_waiting: Messages of one connection that wait before it is read no further.
        stall_s: After how long without a byte an unfinished message is given up, seconds.
        idle_s: After how long without a byte a connection is closed, seconds.
        max_faults: Faulty pieces in a row after which a connection is closed: whoever
            sends that many does not speak the protocol.
    """

    max_connections: int = 4096
    max_waiting: int = 2048
    stall_s: float = 60.0
    idle_s: float = 1800.0
    max_faults: int = 256


class TcpServer:
    """Listens, and runs a feed's messages through its pipeline.

    Args:
        adapter: Decodes, and says what to answer.
        pipeline: Settles messages.
        host: Where to listen.
        port: Where to listen; 0: any free port.
        options: Limits.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        host: str,
        port: int,
        options: TcpServerOptions,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._host = host
        self._port = port
        self._options = options
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def address(self) -> str:
        """Return where it listens, as a URL."""
        return f"tcp://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            FeedMisconfigured: If the port cannot be used.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connected, self._host, self._port)
        except OSError as error:
            raise FeedMisconfigured(
                self._adapter.feed.id,
                f"cannot listen on {self.address} ({error.strerror or error})",
                "stop what listens there, or change the feed's source in the city file",
            ) from error
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no more, settle and answer what is under way, hang up."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(connection.drain() for connection in tuple(self._connections)))
        if self._server is not None:
            await self._server.wait_closed()

    def _connected(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        return _Connection(self._adapter, self._pipeline, self._options, self._connections)


class _Connection(asyncio.Protocol):
    """One sender."""

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        options: TcpServerOptions,
        connections: "set[_Connection]",
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._options = options
        self._connections = connections
        self._decoder = adapter.decoder()
        self._waiting: list[Message | Undecodable] = []
        self._worker: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._faults = 0
        self._paused = False
        self._ending = False
        self._last_byte = 0.0
        self._stall_checked = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or hang up when there are too many."""
        # uvloop's transports are no asyncio.Transport by class, only by what they do.
        self._transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("peername")[:2]
        self._peer = f"{host}:{port}"
        if len(self._connections) >= self._options.max_connections:
            _log.warning("too many connections", feed=self._adapter.feed.id, peer=self._peer)
            self._transport.abort()
            self._transport = None
            return
        self._connections.add(self)
        self._last_byte = self._now()
        self._watch_time()
        _log.info("connected", feed=self._adapter.feed.id, peer=self._peer)

    def data_received(self, data: bytes) -> None:
        """Decode what came, and see that it is settled."""
        self._last_byte = self._now()
        self._stall_checked = False
        self._take(self._decoder.feed(data))

    def eof_received(self) -> bool:
        """Settle and answer what is left of a sender that has said all, then hang up."""
        self._ending = True
        self._take(self._decoder.close())
        if self._worker is None and self._transport is not None:
            self._transport.close()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what is left; there is nobody to answer any more."""
        if self._transport is None:
            return
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._take(self._decoder.close())
        if self._worker is None:
            self._connections.discard(self)
        reason = str(exc) if exc else "hung up"
        _log.info("disconnected", feed=self._adapter.feed.id, peer=self._peer, reason=reason)

    async def drain(self) -> None:
        """Settle and answer what has come, then hang up."""
        if self._transport is not None:
            self._transport.pause_reading()
        if self._worker is not None:
            await self._worker
        if self._transport is not None:
            self._transport.close()

    def _take(self, messages: Sequence[Message | Undecodable]) -> None:
        """Queue messages and have them worked on."""
        if not messages:
            return
        self._count_faults(messages)
        self._waiting.extend(messages)
        if len(self._waiting) >= self._options.max_waiting and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work())

    def _count_faults(self, messages: Sequence[Message | Undecodable]) -> None:
        """Hang up on a sender that does not speak the protocol."""
        for message in messages:
            self._faults = self._faults + 1 if isinstance(message, Undecodable) else 0
        if self._faults > self._options.max_faults and self._transport is not None:
            _log.warning("too many faults in a row", feed=self._adapter.feed.id, peer=self._peer)
            self._transport.close()

    async def _work(self) -> None:
        """Settle what waits, lot by lot, until nothing does."""
        try:
            while self._waiting:
                lot, self._waiting = self._waiting, []
                outcomes = await self._pipeline.submit(lot, self._peer)
                answers = []
                for message, outcome in zip(lot, outcomes, strict=True):
                    if outcome is None:
                        continue
                    if isinstance(message, Undecodable):
                        answers.append(message.answer)
                    else:
                        answers.append(self._adapter.answer(message, outcome))
                self._send(b"".join(answers))
        finally:
            self._worker = None
            if self._transport is None:
                self._connections.discard(self)
            elif self._ending:
                self._transport.close()

    def _send(self, answers: bytes) -> None:
        """Answer, and read on."""
        if self._transport is None or self._transport.is_closing():
            return
        if answers:
            self._transport.write(answers)
        if self._paused and len(self._waiting) < self._options.max_waiting:
            self._paused = False
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Read no further from a sender that does not read its answers."""
        if self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on once it has read them."""
        if self._transport is not None and self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _watch_time(self) -> None:
        """Give up an unfinished message that stalls, and a connection that is idle."""
        if self._transport is None:
            return
        quiet = self._now() - self._last_byte
        if quiet >= self._options.idle_s:
            self._transport.close()
            return
        if quiet >= self._options.stall_s and not self._stall_checked:
            self._stall_checked = True
            left = self._decoder.close()
            self._decoder = self._adapter.decoder()
            self._take(left)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(min(self._options.stall_s, 5.0), self._watch_time)

    def _now(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()
