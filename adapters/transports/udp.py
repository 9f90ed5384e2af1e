"""Datagrams: each is a document of its own, and is answered once it is stored.

Nobody sends a datagram again that nobody asked for, so what the bus does not take is
held here. When too much is, the rest waits in the kernel; what the kernel then drops is
counted by it and told.
"""

import asyncio
import functools
import socket
import struct
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec
import structlog

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import cannot_listen, host_and_port, joined, peer_name
from adapters.transports.dialect import Plain
from adapters.transports.documents import decoded
from adapters.transports.intake import Intake, Parcel

_LARGEST: Final = 65_535
_AT_ONCE: Final = 256
# Linux: the count of datagrams that were dropped comes with each that was not.
_SO_RXQ_OVFL: Final = 40
_COUNT: Final = struct.Struct("=I")
_log = structlog.get_logger()


class UdpOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of datagrams.

    Attributes:
        max_waiting: Datagrams that wait to be stored before no more are read.
        receive_bytes: What the kernel is asked to hold of those not read yet.
    """

    max_waiting: int = 8192
    receive_bytes: int = 8 << 20


class Udp:
    """Takes datagrams, and runs them through a feed's pipeline.

    Args:
        adapter: Decodes, and says what to answer.
        pipeline: Settles messages.
        url: Where to listen, ``udp://host:port``; port 0: any free one.
        options: Limits.

    Raises:
        FeedMisconfigured: If the address lacks host or port.
    """

    options_type: ClassVar = UdpOptions

    def __init__(
        self, adapter: Adapter[Any, Any], pipeline: Pipeline, url: str, options: UdpOptions
    ) -> None:
        self._adapter = adapter
        self._dialect = Plain(adapter)
        self._pipeline = pipeline
        self._options = options
        self._feed = adapter.feed.id
        self._host, self._port = host_and_port(self._feed, url)
        self._intake = Intake(self._feed, pipeline, options.max_waiting, self._read_on)
        self._socket: socket.socket | None = None
        self._is_reading = False
        self._is_ending = False
        self._dropped = 0

    @property
    def address(self) -> str:
        """Return where it listens, as a URL."""
        return joined("udp", self._host, self._port)

    async def start(self) -> None:
        """Listen.

        Raises:
            FeedMisconfigured: If the port cannot be used.
        """
        loop = asyncio.get_running_loop()
        try:
            (family, kind, protocol, _, place), *_ = await loop.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )
            self._socket = socket.socket(family, kind, protocol)
            self._socket.bind(place)
        except OSError as error:
            if self._socket is not None:
                self._socket.close()
            raise cannot_listen(self._feed, self.address, error) from error
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._options.receive_bytes)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        self._port = self._socket.getsockname()[1]
        self._read_on()

    async def stop(self) -> None:
        """Settle and answer what has come, then listen no more."""
        if self._socket is None:
            return
        self._is_ending = True
        while self._read():
            pass
        self._read_no_further()
        await self._intake.drain()
        self._socket.close()
        self._socket = None

    def _read_on(self) -> None:
        """Read while there is room."""
        if self._socket is not None and not self._is_reading and not self._is_ending:
            self._is_reading = True
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read_no_further(self) -> None:
        """Leave what comes in the kernel."""
        if self._socket is not None and self._is_reading:
            self._is_reading = False
            asyncio.get_running_loop().remove_reader(self._socket)

    def _read(self) -> bool:
        """Read what is there, and see that it is settled; tell whether there may be more."""
        assert self._socket is not None
        for _ in range(_AT_ONCE):
            if self._intake.is_full:
                self._read_no_further()
                return False
            try:
                data, extra, _, peer = self._socket.recvmsg(
                    _LARGEST, socket.CMSG_SPACE(_COUNT.size)
                )
            except BlockingIOError:
                return False
            for level, kind, value in extra:
                if (level, kind) == (socket.SOL_SOCKET, _SO_RXQ_OVFL):
                    self._count_dropped(_COUNT.unpack(value)[0])
            name = peer_name(peer)
            messages = decoded(self._adapter, data, name)
            answer = functools.partial(self._answer, peer, messages)
            # Loggers take another port for each datagram: the host is who speaks.
            speaker = f"{name.rpartition(':')[0]}:*"
            self._intake.put(Parcel(name, messages, answer, speaker))
        return True

    def _count_dropped(self, dropped: int) -> None:
        """Say that the kernel dropped datagrams: there is no other trace of them."""
        new, self._dropped = dropped - self._dropped, dropped
        if new > 0:
            reason = (
                f"{new} datagrams were lost before they could be read: they come faster than "
                "they are stored, or the bus was away; raise net.core.rmem_max"
            )
            _log.error("datagrams lost", feed=self._feed, lost=new)
            self._pipeline.report(reason)

    def _answer(
        self,
        peer: Any,
        messages: Sequence[Message | Undecodable],
        outcomes: Sequence[Outcome],
    ) -> None:
        """Answer what is safe, message by message."""
        assert self._socket is not None
        for message, outcome in zip(messages, outcomes, strict=True):
            answer = self._dialect.answer(message, outcome)
            if not answer:
                continue
            try:
                for datagram in self._adapter.datagrams(answer):
                    self._socket.sendto(datagram, peer)
            except OSError as error:
                # A sender without an answer sends again, and is then told of a duplicate.
                _log.warning("not answered", feed=self._feed, peer=peer, error=str(error))
