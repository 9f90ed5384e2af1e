"""One legacy system for each transport: it sends documents and sees acknowledgements."""

import abc
import asyncio
import contextlib
import json
import os
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import paho.mqtt.publish
import sqlalchemy

from adapters.transports import ForgetfulCheckpoint
from broker.home import Home
from tests.adapters.transports.relay import Relay, relaying
from tests.adapters.transports.running import RunningFeed, until
from tests.adapters.transports.servers import mosquitto
from tests.adapters.transports.web import Web, page, serving
from tests.conftest import free_port

QUICK = {"settle_s": 0.02, "scan_s": 0.02}


class Sender(abc.ABC):
    """A legacy system.

    Attributes:
        source: Where the feed finds it, or listens for it.
        options: The transport's options.
        checkpoint: The feed's place.
        acknowledged: How many documents it need not send again.
    """

    def __init__(self, source: str, **options: Any) -> None:
        self.source = source
        self.options = options
        self.checkpoint = ForgetfulCheckpoint()
        self.acknowledged = 0

    async def meet(self, feed: RunningFeed) -> None:
        """Get ready to send to a running feed."""

    @abc.abstractmethod
    async def send(self, document: bytes) -> None:
        """Send a document; whether it was acknowledged is seen later."""

    async def look(self) -> None:
        """See what was acknowledged."""

    async def leave(self) -> None:
        """Hang up."""


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


class FileSender(Sender):
    """Puts files into a folder, and sees them go."""

    def __init__(self, source: str, folder: Path, **options: Any) -> None:
        super().__init__(source, **QUICK, **options)
        self._folder = folder

    async def send(self, document: bytes) -> None:
        name = uuid.uuid4().hex
        (self._folder / f".{name}").write_bytes(document)
        (self._folder / f".{name}").rename(self._folder / name)

    async def look(self) -> None:
        moved = [path for to in ("done", "failed") for path in (self._folder / to).glob("*")]
        self.acknowledged = len(moved)


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


class Publisher(Sender):
    """Publishes at an MQTT broker; what the feed acknowledges is counted on the wire."""

    def __init__(self, broker: int, relay: Relay, scheme: str, **options: Any) -> None:
        super().__init__(f"{scheme}://127.0.0.1:{relay.port}/stages/+/level", **options)
        self._broker, self._relay = broker, relay

    async def meet(self, feed: RunningFeed) -> None:
        await until(lambda: self._relay.subscribed)

    async def send(self, document: bytes) -> None:
        await asyncio.to_thread(
            paho.mqtt.publish.single,
            "stages/nanjing/level",
            document,
            qos=1,
            hostname="127.0.0.1",
            port=self._broker,
        )

    async def look(self) -> None:
        self.acknowledged = self._relay.acknowledged


class Table(Sender):
    """Adds rows to a table; the feed's place shows which it has."""

    def __init__(self, url: str) -> None:
        self.name = f"stages_{uuid.uuid4().hex[:8]}"
        super().__init__(
            f"sql+{url}", query=f"SELECT * FROM {self.name}", key="id", interval_s=0.02
        )
        self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        columns = "id serial PRIMARY KEY, station text, at text, level_m text"
        self.run(f"CREATE TABLE {self.name} ({columns})")

    def run(self, statement: str, **values: Any) -> None:
        """Run a statement."""
        with self._engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement), values)

    async def send(self, document: bytes) -> None:
        columns = "(station, at, level_m) VALUES (:station, :at, :level_m)"
        insert = f"INSERT INTO {self.name} {columns}"
        await asyncio.to_thread(self.run, insert, **json.loads(document))

    async def look(self) -> None:
        place = await self.checkpoint.load()
        self.acknowledged = len(json.loads(place)["tail"]) if place else 0


def client_tls(home: Home) -> ssl.SSLContext:
    """Return how a sender of the water department proves itself."""
    context = ssl.create_default_context(cafile=home.ca)
    context.load_cert_chain(*home.certificate("water"))
    return context


def server_tls(home: Home) -> ssl.SSLContext:
    """Return how a legacy server proves itself, and that it wants proof."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=home.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*home.certificate("nats"))
    return context


OURS = {"tls_cert": "tls/nats.pem", "tls_key": "tls/nats.key", "tls_ca": "tls/ca.pem"}
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
async def sftp_server(root: Path, home: Path) -> AsyncIterator[tuple[int, dict[str, str]]]:
    """Run an SFTP server; yield its port, and the options by which a feed enters."""
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user.write_private_key(home / "sftp.key")
    user.write_public_key(home / "sftp.pub")
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=str(home / "sftp.pub"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(root)),
    ) as server:
        port = server.get_port()
        public = host.export_public_key().decode().strip()
        (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
        yield port, {"known_hosts": "known_hosts", "key_file": "sftp.key"}


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


THEIRS = {"tls_cert": "tls/water.pem", "tls_key": "tls/water.key", "tls_ca": "tls/ca.pem"}
_MLLP = {"start": b"\x0b", "end": b"\x1c\r"}
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


async def until_acknowledged(sender: Sender, number: int) -> None:
    """Wait until so many documents are acknowledged."""

    async def enough() -> bool:
        await sender.look()
        return sender.acknowledged >= number

    await _until(enough)
    assert sender.acknowledged == number


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.01)
