"""A TCP server for senders that connect, send, and wait for an answer."""

from typing import Any, ClassVar

from adapters.sdk.adapter import Adapter
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import cannot_listen, host_and_port, joined
from adapters.transports.connection import Connection
from adapters.transports.crowd import ConnectionLimits, Crowd
from adapters.transports.dialect import Dialect, Plain
from adapters.transports.listener import Listener
from adapters.transports.tls import server_tls


class TcpServerOptions(ConnectionLimits, frozen=True, forbid_unknown_fields=True):
    """Limits of a TCP server; it speaks TLS when ``tls_cert`` is given."""


class TcpServer:
    """Listens, and runs a feed's messages through its pipeline.

    Args:
        adapter: Decodes, and says what to answer.
        pipeline: Settles messages.
        url: Where to listen, ``tcp://host:port``; port 0: any free one.
        options: Limits.

    Raises:
        FeedMisconfigured: If the address lacks host or port.
    """

    options_type: ClassVar = TcpServerOptions
    scheme: ClassVar = "tcp"

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        url: str,
        options: TcpServerOptions,
    ) -> None:
        self._feed = adapter.feed.id
        self._host, self._port = host_and_port(self._feed, url)
        self._crowd = Crowd(self._feed, self._dialect(adapter, options), pipeline, options)
        self._options = options
        self._listener: Listener | None = None

    def _dialect(self, adapter: Adapter[Any, Any], options: TcpServerOptions) -> Dialect:
        """Return how messages lie in the bytes."""
        del options
        return Plain(adapter)

    @property
    def address(self) -> str:
        """Return where it listens, as a URL."""
        return joined(self.scheme, self._host, self._port)

    async def start(self) -> None:
        """Listen.

        Raises:
            FeedMisconfigured: If the port cannot be used, or a certificate does not load.
        """
        tls = server_tls(self._feed, self._options)
        listener = Listener(lambda: Connection(self._crowd), tls)
        try:
            await listener.open(self._host, self._port)
        except OSError as error:
            raise cannot_listen(self._feed, self.address, error) from error
        self._listener = listener
        self._port = listener.address[1]

    async def stop(self) -> None:
        """Take no more, settle and answer what is under way, hang up."""
        if self._listener is not None:
            await self._listener.close()
        await self._crowd.drain()
