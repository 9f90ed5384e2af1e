"""Real servers beside the bus: Mosquitto and PostgreSQL, as Debian has them."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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


@asynccontextmanager
async def postgresql() -> AsyncIterator[str]:
    """Run a database; yield its URL, as SQLAlchemy writes it."""
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
        async with process(*as_user, postgres, "-D", data, *flags, port=port):
            address = f"liandong@127.0.0.1:{port}/postgres"
            await _until_serving(f"postgresql://{address}")
            yield f"postgresql+psycopg://{address}"


async def _until_serving(url: str) -> None:
    """Wait until a database takes connections: it listens before it does."""
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncio.to_thread(psycopg.connect, url)
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
            else:
                connection.close()
                return
