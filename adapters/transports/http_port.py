"""A port of HTTP, on which nobody waits for those who connect and do not ask.

The library ends a connection that has not asked for long enough, however busily it dribbles;
it takes as many as there are, and knows no end of handshakes nor of answers that nobody reads.
"""

import asyncio
import contextlib
import socket
from typing import Any, Final

import structlog
from aiohttp import web

from adapters.transports.guests import Guests
from adapters.transports.listener import Listener, Tls

_UNREAD_S: Final = 60.0
_TELL_EVERY_S: Final = 60.0
_log = structlog.get_logger()


class HttpPort:
    """Where an HTTP server listens.

    Args:
        runner: Runs the server; it is set up and cleaned up here.
        name: What is served there, for the log.
        idle_s: After how long without a whole request a connection is closed, seconds.
        max_connections: How many may be open at once; then strangers, and after them whoever
            has asked nothing for longest, give way to newcomers.
        tls: Returns how it speaks TLS at a handshake; None: it does not.
    """

    def __init__(
        self,
        runner: web.BaseRunner,
        name: str,
        *,
        idle_s: float = 75.0,
        max_connections: int = 1024,
        tls: Tls | None = None,
    ) -> None:
        self._runner = runner
        self._askers = _Askers(name, max_connections)
        self._idle_s = idle_s
        self._listener = Listener(self._asker, tls)

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        return self._listener.address

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0: at any free one.

        Raises:
            OSError: If that cannot be.
        """
        await self._runner.setup()
        try:
            await self._listener.open(host, port)
        except OSError:
            await self._runner.cleanup()
            raise

    async def close(self) -> None:
        """Take no more, answer what is under way, hang up."""
        await self._listener.close()
        await self._runner.cleanup()

    def _asker(self) -> "_Asker":
        """Return what serves a connection."""
        server = self._runner.server
        assert server is not None, "it is set up"
        return _Asker(
            self._askers,
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=self._idle_s,
        )


class _Asker(web.RequestHandler):
    """One connection."""

    __slots__ = ("_askers",)

    def __init__(self, askers: "_Askers", *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._askers = askers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or hang up when there are too many."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        # Of a peer that does not read nothing else knows the end; not every system knows this.
        with contextlib.suppress(OSError, AttributeError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_UNREAD_S * 1000))
        if not self._askers.enter(self):
            self.cut()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Know it no more."""
        self._askers.leave(self)
        super().connection_lost(exc)

    @property
    def is_stranger(self) -> bool:
        """Tell whether it has asked nothing yet."""
        return self._request_count == 0

    @property
    def is_busy(self) -> bool:
        """Tell whether something that it asked, and has said all of, is under way."""
        asked = self._current_request
        if asked is not None:
            return asked.content.is_eof()
        return self._request_in_progress or bool(self._messages)

    @property
    def quiet_at(self) -> float:
        """Return a time that is the later the later it was answered last."""
        return self._next_keepalive_close_time

    def cut(self) -> None:
        """Hang up at once."""
        if self.transport is not None:
            self.transport.abort()


class _Askers(Guests[_Asker]):
    """All connections.

    Args:
        name: What is served there, for the log.
        most: How many there may be.
    """

    def __init__(self, name: str, most: int) -> None:
        super().__init__(most)
        self._name = name
        self._told_at = -_TELL_EVERY_S
        self._times = 0

    def _who_gives_way(self, before: float) -> _Asker | None:
        """Return a stranger, or whoever has asked nothing for longest."""
        self._tell()
        guest = super()._who_gives_way(before)
        if guest is not None or self._strangers:
            return guest
        quiet = [one for one in self.members if not (one.is_stranger or one.is_busy)]
        return min(quiet, key=lambda one: one.quiet_at, default=None)

    def _tell(self) -> None:
        """Tell that there are too many, once a minute."""
        self._times += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TELL_EVERY_S:
            _log.warning(
                "too many connections", port=self._name, limit=self.most, times=self._times
            )
            self._told_at, self._times = now, 0
