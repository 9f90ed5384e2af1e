"""One legacy system for each transport."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from broker.home import Home
from tests.adapters.transports.network_senders import Page, Poster, Server, TcpSender, UdpSender
from tests.adapters.transports.relay import relaying
from tests.adapters.transports.sender import OURS, THEIRS, Sender, client_tls, server_tls
from tests.adapters.transports.servers import mosquitto
from tests.adapters.transports.store_senders import FileSender, Publisher, Table, sftp_server
from tests.adapters.transports.web import page, serving
from tests.conftest import free_port

Open = Callable[[Home, Path], AbstractAsyncContextManager[Sender]]


def _at_once(make: Callable[[Home, Path], Sender]) -> Open:
    """Return how to open a sender that needs no server of its own."""

    @asynccontextmanager
    async def opened(home: Home, folder: Path) -> AsyncIterator[Sender]:
        yield make(home, folder)

    return opened


def _drop(_: Home, folder: Path) -> Sender:
    inbox = folder / "in"
    inbox.mkdir()
    return FileSender(f"drop:{inbox}", inbox)


@asynccontextmanager
async def _sftp(home: Home, folder: Path) -> AsyncIterator[Sender]:
    inbox = folder / "sftp" / "in"
    inbox.mkdir(parents=True)
    async with sftp_server(folder / "sftp", home.path) as (port, options):
        yield FileSender(f"sftp://legacy@127.0.0.1:{port}/in", inbox, **options)


@asynccontextmanager
async def _page(_: Home, __: Path) -> AsyncIterator[Sender]:
    async with serving(page(b"", "404 Not Found")) as web:
        yield Page(web)


def _server(scheme: str, **options: Any) -> Open:
    @asynccontextmanager
    async def opened(home: Home, _: Path) -> AsyncIterator[Sender]:
        sender = Server("", home, **options)
        context = server_tls(home) if options else None
        server = await asyncio.start_server(sender.serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        sender.source = f"{scheme}://127.0.0.1:{port}"
        try:
            yield sender
        finally:
            server.close()

    return opened


def _broker(scheme: str, **options: Any) -> Open:
    @asynccontextmanager
    async def opened(home: Home, folder: Path) -> AsyncIterator[Sender]:
        plain, secure = free_port(), free_port()
        tls = home.tls_dir
        lines = [
            f"listener {secure} 127.0.0.1",
            f"cafile {tls}/ca.pem",
            f"certfile {tls}/nats.pem",
            f"keyfile {tls}/nats.key",
            "require_certificate true",
            # Mosquitto would else give up its right to read the key.
            *(["user root"] if os.getuid() == 0 else []),
        ]
        wire = relaying(secure, server_tls(home), client_tls(home)) if options else relaying(plain)
        async with mosquitto(folder, plain, *lines), wire as relay:
            yield Publisher(plain, relay, scheme, **options)

    return opened


def table_at(url: str) -> Open:
    """Return how to open a table of its own in a database."""
    return _at_once(lambda _, __: Table(url))


SENDERS: dict[str, Open] = {
    "tcp": _at_once(lambda home, _: TcpSender("tcp://127.0.0.1:0", home)),
    "tcp with TLS": _at_once(lambda home, _: TcpSender("tcp://127.0.0.1:0", home, **OURS)),
    "tcp-connect": _server("tcp-connect"),
    "tcp-connect with TLS": _server("tcp-connect", **THEIRS),
    "mllp": _at_once(lambda home, _: TcpSender("mllp://127.0.0.1:0", home, b"\x0b", b"\x1c\r")),
    "mllp with TLS": _at_once(
        lambda home, _: TcpSender("mllp://127.0.0.1:0", home, b"\x0b", b"\x1c\r", **OURS)
    ),
    "udp": _at_once(lambda _, __: UdpSender("udp://127.0.0.1:0")),
    "drop": _at_once(_drop),
    "sftp": _sftp,
    "http-listen": _at_once(lambda home, _: Poster("http-listen://127.0.0.1:0/in", home)),
    "http-listen with TLS": _at_once(
        lambda home, _: Poster("http-listen://127.0.0.1:0/in", home, **OURS)
    ),
    "http": _page,
    "mqtt": _broker("mqtt"),
    "mqtt with TLS": _broker("mqtts", **THEIRS),
}
