"""Legacy systems that speak over the network and hear an answer."""
# ruff: noqa: D102 - what a method is for, `Sender` says

import asyncio
import contextlib
import ssl
import uuid
from typing import Any

import httpx

from broker.home import Home
from tests.adapters.transports.running import RunningFeed, until
from tests.adapters.transports.sender import Sender, client_tls
from tests.adapters.transports.web import Web, page


class TcpSender(Sender):
    """Sends lines and waits for lines; with TLS if the feed has it; MLLP if it wants blocks."""

    def __init__(
        self, source: str, home: Home, start: bytes = b"", end: bytes = b"\n", **options: Any
    ) -> None:
        super().__init__(source, **options)
        self._start, self._end = start, end
        self._context = client_tls(home) if options else None
        self._reading: asyncio.Task[None] | None = None

    async def meet(self, feed: RunningFeed) -> None:
        host, _, port = feed.address.partition("://")[2].rpartition(":")
        reader, self._writer = await asyncio.open_connection(host, int(port), ssl=self._context)
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Count answers."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                answer = await reader.readuntil(b"\n" + self._end.removesuffix(b"\n"))
                assert answer.startswith(self._start)
                self.acknowledged += 1

    async def send(self, document: bytes) -> None:
        self._writer.write(self._start + document + self._end)

    async def leave(self) -> None:
        self._writer.close()
        if self._reading is not None:
            await self._reading


class Server(TcpSender):
    """A legacy server to which the feed connects."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the feed."""
        self._writer = writer
        self._reading = asyncio.create_task(self._read(reader))

    async def meet(self, feed: RunningFeed) -> None:
        await until(lambda: self._reading)


class UdpSender(Sender, asyncio.DatagramProtocol):
    """Sends datagrams and counts answers."""

    async def meet(self, feed: RunningFeed) -> None:
        place = feed.address.removeprefix("udp://").split(":")
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, remote_addr=(place[0], int(place[1]))
        )

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.acknowledged += 1

    async def send(self, document: bytes) -> None:
        self._transport.sendto(document)

    async def leave(self) -> None:
        self._transport.close()


class Poster(Sender):
    """Posts, and posts again what was answered with 503."""

    def __init__(self, source: str, home: Home, **options: Any) -> None:
        super().__init__(source, **options)
        self._context: ssl.SSLContext | bool = client_tls(home) if options else True
        self.refused = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def meet(self, feed: RunningFeed) -> None:
        scheme = "http" if self._context is True else "https"
        self._url = feed.address.replace("http-listen", scheme)

    async def send(self, document: bytes) -> None:
        self._tasks.add(asyncio.create_task(self._post(document)))

    async def _post(self, document: bytes) -> None:
        """Post until it is taken."""
        async with httpx.AsyncClient(verify=self._context, timeout=60) as client:
            while True:
                answer = await client.post(self._url, content=document)
                if answer.status_code in {200, 422}:
                    self.acknowledged += 1
                    return
                assert answer.status_code == 503, answer.text
                self.refused += 1
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Page(Sender):
    """Publishes one document after another at one address, each as a version of its own."""

    def __init__(self, web: Web) -> None:
        super().__init__(web.url, interval_s=0.02, max_interval_s=0.1)
        self._web = web
        self._versions: list[str] = []

    async def send(self, document: bytes) -> None:
        self._versions.append(uuid.uuid4().hex)
        self._web.answer = page(document, ETag=f'"{self._versions[-1]}"')

    async def look(self) -> None:
        # It asks for what has changed since a version once it has that.
        asked = "".join(self._web.requests)
        self.acknowledged = sum(version in asked for version in self._versions)
