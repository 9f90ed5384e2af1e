"""A wire between an MQTT client and its broker that counts what is acknowledged."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PUBACK = 4
_SUBACK = 9


class Relay:
    """The wire.

    Args:
        target: The broker's port.
        context: How it proves itself to the broker, if that wants TLS.
    """

    def __init__(self, target: int, context: ssl.SSLContext | None) -> None:
        self._target = target
        self._context = context
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.acknowledged = 0
        self.subscribed = 0

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        with suppress(OSError):
            back, forth = await asyncio.open_connection(
                "127.0.0.1", self._target, ssl=self._context
            )
            self._writers |= {writer, forth}
            await asyncio.gather(self._carry(reader, forth), self._carry(back, writer))

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what one side sends, packet by packet."""
        with suppress(OSError, EOFError):
            while True:
                head = await reader.readexactly(2)
                while head[-1] & 128:
                    head += await reader.readexactly(1)
                size = sum((byte & 127) << 7 * place for place, byte in enumerate(head[1:]))
                writer.write(head + await reader.readexactly(size))
                self.acknowledged += head[0] >> 4 == _PUBACK
                self.subscribed += head[0] >> 4 == _SUBACK
        writer.close()


@asynccontextmanager
async def relaying(
    target: int, back: ssl.SSLContext | None = None, forth: ssl.SSLContext | None = None
) -> AsyncIterator[Relay]:
    """Run a wire; with contexts it ends TLS, and begins it anew."""
    relay = Relay(target, forth)
    server = await asyncio.start_server(relay.connect, "127.0.0.1", 0, ssl=back)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        relay.cut()
        server.close()
