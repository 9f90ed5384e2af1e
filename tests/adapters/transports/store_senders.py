"""Legacy systems that leave messages in a store: a folder, a broker, a database."""
# ruff: noqa: D102 - what a method is for, `Sender` says

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import paho.mqtt.publish
import sqlalchemy

from tests.adapters.transports.relay import Relay
from tests.adapters.transports.running import RunningFeed, until
from tests.adapters.transports.sender import Sender

QUICK: dict[str, Any] = {"settle_s": 0.02, "scan_s": 0.02}


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


@asynccontextmanager
async def sftp_server(root: Path, home: Path) -> AsyncIterator[tuple[int, dict[str, Any]]]:
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
