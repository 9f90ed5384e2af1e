"""A listening socket whose connections must shake hands in time where it speaks TLS."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Final

import structlog

HANDSHAKE_S: Final = 15.0
_HANDSHAKES: Final = 512
# Of the slowest links that stations have, two ways there and back.
_FAIR_S: Final = 3.0
_BACKLOG: Final = 1024
_AGAIN_S: Final = 1.0
_log = structlog.get_logger()
Factory = Callable[[], asyncio.BaseProtocol]
Tls = Callable[[], ssl.SSLContext]


class Listener:
    """Takes connections.

    asyncio itself shakes hands with as many at once as there are files. Here they are few, and
    when more come, who has taken longest gives way.

    Args:
        factory: Returns what serves a connection.
        tls: Returns how it speaks TLS at a handshake; None: it does not.

    Attributes:
        address: Where it listens.
    """

    def __init__(self, factory: Factory, tls: Tls | None) -> None:
        self._factory = factory
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], float] = {}
        self._has_room = asyncio.Event()
        self.address = ("", 0)

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0: at any free one.

        Raises:
            OSError: If that cannot be.
        """
        loop = asyncio.get_running_loop()
        if self._tls is None:
            self._server = await loop.create_server(self._factory, host, port, backlog=_BACKLOG)
            self.address = self._server.sockets[0].getsockname()[:2]
            return
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, place in dict.fromkeys((family, place) for family, *_, place in found):
                listening = socket.create_server(place, family=family, backlog=_BACKLOG)
                listening.setblocking(False)
                self._sockets.append(listening)
        except OSError:
            self._close_sockets()
            raise
        self.address = self._sockets[0].getsockname()[:2]
        self._accepting = [loop.create_task(self._accept(one, self._tls)) for one in self._sockets]

    async def close(self) -> None:
        """Take no more; connections that have been taken go on."""
        if self._server is not None:
            self._server.close()
        working = [*self._accepting, *self._handshakes]
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        self._close_sockets()

    def _close_sockets(self) -> None:
        """Listen no more."""
        for one in self._sockets:
            one.close()

    async def _accept(self, listening: socket.socket, tls: Tls) -> None:
        """Take connections, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._make_room()
            try:
                peer, _ = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                # It came, and went before it was taken.
                continue
            except OSError as error:
                _log.warning("no connection can be taken", error=str(error), port=self.address[1])
                await asyncio.sleep(_AGAIN_S)
                continue
            handshake = loop.create_task(self._shake(peer, tls))
            self._handshakes[handshake] = loop.time()
            handshake.add_done_callback(self._shaken)

    async def _make_room(self) -> None:
        """Wait until one more can shake hands; who has taken longest does not delay it for long."""
        while len(self._handshakes) >= _HANDSHAKES:
            oldest, since = next(iter(self._handshakes.items()))
            left = since + _FAIR_S - asyncio.get_running_loop().time()
            if left <= 0:
                oldest.cancel()
                del self._handshakes[oldest]
                return
            self._has_room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._has_room.wait()

    async def _shake(self, peer: socket.socket, tls: Tls) -> None:
        """Shake hands; from then on the connection is on its own."""
        is_taken = False
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._factory, peer, ssl=tls(), ssl_handshake_timeout=HANDSHAKE_S
            )
            is_taken = True
        except OSError:
            # It did not come in time, hung up, or was refused: `broker.handshakes` tells of that.
            return
        finally:
            if not is_taken:
                peer.close()

    def _shaken(self, handshake: asyncio.Task[None]) -> None:
        """Make room for the next."""
        self._handshakes.pop(handshake, None)
        self._has_room.set()
