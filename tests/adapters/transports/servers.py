"""Real servers beside the bus: Mosquitto and PostgreSQL, as Debian has them."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import free_port

_PATIENCE_S = 60.0


def binary(name: str, package: str) -> str:
    """Return a server's path, or skip; CI installs it and must not skip."""
    places = [
        os.environ["PATH"],
        "/usr/sbin",
        *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
    ]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None and "CI" in os.environ:
        pytest.fail(f"{name} is not installed: apt-get install {package}")
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return found


@asynccontextmanager
async def process(*command: str, port: int) -> AsyncIterator[None]:
    """Run a server until the body ends; it listens when the body begins."""
    server = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not await _listens(port):
                assert server.returncode is None, f"{command[0]} ended with {server.returncode}"
                await asyncio.sleep(0.02)
        yield
    finally:
        if server.returncode is None:
            server.terminate()
            await server.wait()


async def _listens(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def mosquitto(folder: Path, port: int, *further: str) -> AsyncIterator[None]:
    """Run a broker; further lines of its configuration may follow."""
    path = binary("mosquitto", "mosquitto")
    lines = (f"listener {port} 127.0.0.1", "allow_anonymous true", *further)
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n")
    async with process(path, "-c", str(config), port=port):
        yield


class Database:
    """A PostgreSQL, which may be killed and started again.

    Args:
        command: Runs it.
        port: Where it listens.
    """

    def __init__(self, command: Sequence[str], port: int) -> None:
        self._command = command
        self._address = f"liandong@127.0.0.1:{port}/postgres"
        self._server: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return its URL, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://{self._address}"

    async def start(self) -> None:
        """Run it; it takes connections when this returns."""
        self._server = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
        )
        await self._until_serving()

    async def _until_serving(self) -> None:
        """Wait until it takes connections: it listens before it does."""
        assert self._server is not None
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                assert self._server.returncode is None, "the database ended by itself"
                try:
                    url = f"postgresql://{self._address}"
                    connection: Any = await asyncio.to_thread(psycopg.connect, url)
                except psycopg.OperationalError:
                    await asyncio.sleep(0.05)
                else:
                    connection.close()
                    return

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it let nobody in, though its port is open."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it at once, with all that it runs."""
        assert self._server is not None
        own = _children(self._server.pid)
        self._server.kill()
        for child in own:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        await self._server.wait()
        async with asyncio.timeout(_PATIENCE_S):
            while any(map(_is_alive, own)):  # noqa: ASYNC110 - a grandchild's end tells nobody
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End it, hanging up on whoever is connected."""
        if self._server is not None and self._server.returncode is None:
            self._server.send_signal(signal.SIGINT)
            await self._server.wait()


def _children(pid: int) -> list[int]:
    """Return the processes that a process began."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return list(map(int, listed.split()))


def _is_alive(pid: int) -> bool:
    """Tell whether a process holds anything still."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@asynccontextmanager
async def postgresql() -> AsyncIterator[Database]:
    """Run a database."""
    initdb, postgres = binary("initdb", "postgresql"), binary("postgres", "postgresql")
    # It refuses to run as root, and its user may not look into pytest's folders.
    as_user: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        if os.getuid() == 0:
            as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--")
            shutil.chown(folder, "postgres")
        data, port = f"{folder}/data", free_port()
        options = ("-U", "liandong", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        made = await asyncio.create_subprocess_exec(
            *as_user,
            initdb,
            *options,
            "-D",
            data,
            stdout=asyncio.subprocess.DEVNULL,
            cwd="/",
        )
        assert await made.wait() == 0
        settings = (
            f"port={port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={folder}",
            "fsync=off",
        )
        flags = [part for setting in settings for part in ("-c", setting)]
        database = Database((*as_user, postgres, "-D", data, *flags), port)
        try:
            await database.start()
            yield database
        finally:
            await database.stop()
