"""Restoring a city onto an empty home: all of it, or nothing."""

import asyncio
import shutil
import socket
from pathlib import Path, PurePosixPath

import msgspec

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer
from broker.snapshots import restore
from broker.users import admin
from ops.backup.archive import Archive
from ops.backup.manifest import SEALED
from ops.backup.sealing import unpack, unseal
from ops.city import City, read_city
from ops.failure import Failure

CITY_FOLDER = "city"


def restore_city(archive: Archive, home: Path, passphrase: bytes | None) -> City:
    """Restore an archive; the city lies whole in its home when this returns.

    Args:
        archive: The archive, verified.
        home: The home; not there yet, or an empty folder.
        passphrase: What opens keys and certificates; None: new ones are made.

    Returns:
        The city, as its file in the home describes it.

    Raises:
        Failure: If the home is not empty, or the passphrase is another; nothing was touched.
            If the home cannot be written; nothing is left of what was begun.
        BrokerError: If a stream cannot be restored; nothing is left of what was begun.
    """
    home = home.absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Failure(
            f"{home} is not empty: name another --home, or move it away; --running puts streams "
            "back into the city that runs there"
        )
    packed = unseal(archive.read(SEALED), passphrase) if passphrase is not None else b""
    making = home.with_name(f".{home.name}.restoring")
    try:
        making.mkdir(parents=True)
    except OSError as error:
        raise Failure(
            f"{making} cannot be made ({error.strerror}): if no restore runs, remove it"
        ) from error
    try:
        asyncio.run(_fill(archive, Home(making), packed))
        making.replace(home)
    except OSError as error:
        shutil.rmtree(making)
        raise Failure(
            f"{home} cannot be made ({error.filename or making}: {error.strerror or error})"
        ) from error
    except BaseException:
        shutil.rmtree(making)
        raise
    return read_city(home / archive.manifest.city_file)


async def _fill(archive: Archive, home: Home, packed: bytes) -> None:
    """Write a whole home."""
    manifest = archive.manifest
    for name in manifest.files:
        if PurePosixPath(name).parts[0] in {CITY_FOLDER, "spool", "audit"}:
            path = home.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
            path.chmod(0o600)
    if packed:
        unpack(packed, home)
    city = read_city(home.path / manifest.city_file)
    # The city that was saved may still run on its port.
    plan = msgspec.structs.replace(city.plan, host="127.0.0.1", port=free_port(), monitor_port=0)
    async with EmbeddedServer(home, plan):
        for account in dict.fromkeys(stream.account for stream in manifest.streams):
            await _restore_account(archive, home, plan, account)


async def _restore_account(archive: Archive, home: Home, plan: BusPlan, account: str) -> None:
    """Restore the streams of one account."""
    async with Bus(BusSettings.of(home, plan, admin(account))) as bus:
        for stream in archive.manifest.streams:
            if stream.account == account:
                facts = {"config": stream.config, "state": stream.state}
                await restore(bus, stream.name, facts, archive.pieces(stream.file))


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
