"""A TCP client for legacy servers that send to whoever connects."""

import asyncio
import ssl
from typing import Any, ClassVar

from adapters.sdk.adapter import Adapter
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import host_and_port, joined
from adapters.transports.connection import Connection
from adapters.transports.crowd import ConnectionLimits, Crowd
from adapters.transports.dialect import Plain
from adapters.transports.retry import Retry, Trouble, pause, unless_stopped
from adapters.transports.tls import client_context

_CONNECT_S = 15.0
_LASTING_S = 5.0


class TcpClientOptions(ConnectionLimits, frozen=True, forbid_unknown_fields=True):
    """Limits of a TCP client; it speaks TLS when ``tls_ca`` is given.

    Attributes:
        reconnect_s: Wait before connecting again, seconds; it doubles while that is in vain.
        longest_reconnect_s: Longest such wait, seconds.
    """

    reconnect_s: float = 1.0
    longest_reconnect_s: float = 60.0


class TcpClient:
    """Connects to a server, and again whenever the connection ends.

    Args:
        adapter: Decodes, and says what to answer.
        pipeline: Settles messages.
        url: The server, ``tcp-connect://host:port``.
        options: Limits.

    Raises:
        FeedMisconfigured: If the address lacks host or port.
    """

    options_type: ClassVar = TcpClientOptions

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        url: str,
        options: TcpClientOptions,
    ) -> None:
        self._feed = adapter.feed.id
        self._host, self._port = host_and_port(self._feed, url)
        self._options = options
        self._pipeline = pipeline
        self._crowd = Crowd(self._feed, Plain(adapter), pipeline, options)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._retry = Retry(
            self._feed,
            pipeline,
            self._stop,
            first_s=options.reconnect_s,
            longest_s=options.longest_reconnect_s,
        )

    @property
    def address(self) -> str:
        """Return the server, as a URL."""
        return joined("tcp-connect", self._host, self._port)

    async def start(self) -> None:
        """Begin to connect.

        Raises:
            FeedMisconfigured: If a certificate does not load.
        """
        context = client_context(self._feed, self._options) if self._options.tls_ca else None
        self._task = asyncio.create_task(self._run(context))

    async def stop(self) -> None:
        """Settle and answer what has come, then hang up."""
        self._stop.set()
        if self._task is not None:
            await self._task
        await self._crowd.drain()

    async def _run(self, context: ssl.SSLContext | None) -> None:
        """Hold one connection after another."""
        while not self._stop.is_set():
            await self._retry(lambda: self._hold(context))
            await pause(self._stop, self._options.reconnect_s)

    async def _hold(self, context: ssl.SSLContext | None) -> None:
        """Connect, and wait until the connection ends.

        Raises:
            Trouble: If no message came of it: to connect again at once would be in vain.
        """
        connection = await unless_stopped(self._stop, self._connect(context))
        if connection is None:
            return
        await unless_stopped(self._stop, self._outlast(connection))
        if not connection.took_messages and not self._stop.is_set():
            raise Trouble(f"{self.address} hung up before it sent a message")

    async def _outlast(self, connection: Connection) -> None:
        """Wait until a connection has ended; one that lasts is no trouble any more."""
        try:
            async with asyncio.timeout(_LASTING_S):
                await _until_closed(connection)
        except TimeoutError:
            self._pipeline.recover()
            await _until_closed(connection)

    async def _connect(self, context: ssl.SSLContext | None) -> Connection:
        """Connect.

        Raises:
            Trouble: If the server cannot be reached, or does not prove itself.
        """
        connection = Connection(self._crowd)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._open(connection, context)
        except TimeoutError as error:
            raise Trouble(f"{self.address} does not answer within {_CONNECT_S:g} s") from error
        except OSError as error:
            raise Trouble(
                f"{self.address} cannot be reached ({error.strerror or error})"
            ) from error
        return connection

    async def _open(self, connection: Connection, context: ssl.SSLContext | None) -> None:
        """Open a connection; one that is called off knows that it has ended."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, self._host, self._port, ssl=context)
        except asyncio.CancelledError:
            # It may be made already, and uvloop then closes it without telling it so.
            connection.connection_lost(None)
            raise


async def _until_closed(connection: Connection) -> None:
    """Wait until a connection has ended; to wait no longer does not end it."""
    await asyncio.shield(connection.closed)
