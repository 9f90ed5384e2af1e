"""Our own TLS servers say why they refuse a client's certificate, and not without end."""

import asyncio
import contextlib
import ssl
from pathlib import Path

from structlog.testing import capture_logs

from broker.handshakes import tell_refused
from broker.home import Home
from broker.tls import Authority
from tests.conftest import free_port


def city(path: Path) -> Home:
    """Make a home with an authority, a server's certificate and a department's."""
    home = Home(path)
    home.tls_dir.mkdir(parents=True)
    authority = Authority(home)
    authority.issue_server("nats")
    authority.issue_client("water", "water", "client")
    return home


def client(home: Home, own: Home | None) -> ssl.SSLContext:
    """Return how somebody comes, with a department's certificate of a home or with none."""
    context = ssl.create_default_context(cafile=str(home.ca))
    if own is not None:
        context.load_cert_chain(*own.certificate("water"))
    return context


async def said(port: int, context: ssl.SSLContext) -> bytes:
    """Return what a server says to somebody."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        with contextlib.closing(writer):
            return await reader.read(9)
    return b""


async def test_the_first_of_a_minute_are_told(tmp_path: Path) -> None:
    """One that is taken is not told; nor is the eleventh that is not."""
    home, other = city(tmp_path / "home"), city(tmp_path / "other")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(home.ca))
    context.load_cert_chain(*home.certificate("nats"))
    context.verify_mode = ssl.CERT_REQUIRED
    tell_refused(context, "here")

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome")
        writer.close()

    port = free_port()
    with capture_logs() as told:
        async with await asyncio.start_server(greet, "127.0.0.1", port, ssl=context):
            assert await said(port, client(home, home)) == b"welcome"
            assert told == []
            assert await said(port, client(home, None)) == b""
            for _ in range(12):
                assert await said(port, client(home, other)) == b""

    assert len(told) == 10
    assert told[0]["why"] == "it brought none"
    assert {one["why"] for one in told[1:]} == {"unable to get local issuer certificate"}
    assert {one["port"] for one in told} == {"here"}
