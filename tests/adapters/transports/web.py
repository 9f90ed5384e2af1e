"""A web server that answers as a script says, byte for byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

STALL = object()
"""A part of an answer after which nothing more comes."""
Answer = list[bytes | object]


def page(body: bytes, status: str = "200 OK", **headers: str) -> Answer:
    """Write an answer."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""])
    return [head.encode() + body]


class Web:
    """The server; its answers may be changed at any time.

    Args:
        answer: What it answers until it is changed.
        hangs_up: Whether it hangs up after each answer.

    Attributes:
        pages: What it answers at paths of their own.
    """

    def __init__(self, answer: Answer, *, hangs_up: bool = False) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.pages: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.port = 0
        self.scheme = "http"
        self._ended = asyncio.Event()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}/data"

    def asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(request.startswith(f"get {path.lower()} ") for request in self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection."""
        with suppress(OSError, EOFError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request.decode().lower())
                for part in self.pages.get(request.decode().split()[1], self.answer):
                    if isinstance(part, bytes):
                        writer.write(part)
                    else:
                        await self._ended.wait()
                if self.hangs_up:
                    break
        writer.close()


@asynccontextmanager
async def serving(
    answer: Answer,
    port: int = 0,
    context: ssl.SSLContext | None = None,
    *,
    hangs_up: bool = False,
) -> AsyncIterator[Web]:
    """Run a server."""
    web = Web(answer, hangs_up=hangs_up)
    web.scheme = "https" if context else "http"
    server = await asyncio.start_server(web.serve, "127.0.0.1", port, ssl=context)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        web._ended.set()
        server.close()
