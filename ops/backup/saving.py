"""Saving a city that runs.

What follows from something else is read before it: the city's streams before the agencies'
of which they are made; within an agency, places in sources and books first, then what waits
in spools, then the quarantine, and the records last. Whatever was under way is then found in
the later one, and settled on the first start after restoring as after a crash.
"""

import asyncio
import hashlib
import os
import tarfile
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import IO

import msgspec

from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.snapshots import snapshot
from broker.spool import copy_spool
from broker.users import CHECKPOINTS, HUB, admin, feeds_stream, quarantine_stream
from ops.backup.manifest import (
    DIGEST,
    FORMAT,
    MANIFEST,
    SEALED,
    FileFacts,
    Manifest,
    StreamFacts,
)
from ops.backup.sealing import seal
from ops.city import City
from ops.failure import Failure

_TAR = ".tar"
_COPY = 1 << 20


def save_city(home: Home, city: City, target: Path, passphrase: bytes | None) -> Manifest:
    """Save a city's streams, spools, city file and agreements; sealed, its keys too.

    Args:
        home: The home of the city, whose server runs.
        city: The city.
        target: A folder, or a file that ends in ``.tar``; it appears when it is whole.
        passphrase: What seals keys and certificates; None: they are left out.

    Raises:
        Failure: If the target is there already, or cannot be written.
        SpoolDamaged: If a spool cannot be read.
        BusUnreachable: If the server does not run.
        StreamUnavailable: If a stream cannot be read.
    """
    if target.exists():
        raise Failure(f"{target} is there already: name another, or move it away")
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup.") as made:
            folder = Path(made) / "archive"
            folder.mkdir(mode=0o700)
            manifest = asyncio.run(_save(home, city, _Files(folder), passphrase))
            if target.suffix == _TAR:
                _pack(folder, packed := Path(made) / "archive.tar")
                packed.replace(target)
            else:
                folder.replace(target)
    except OSError as error:
        raise Failure(
            f"{target} cannot be made ({error.filename or target}: {error.strerror or error})"
        ) from error
    return manifest


class _Files:
    """The files of an archive that is being made, with their digests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, FileFacts] = {}

    def add(self, name: str, content: bytes) -> str:
        """Add a file; return its name."""
        with self.open(name) as file:
            file.write(content)
        self.close(name)
        return name

    def open(self, name: str) -> IO[bytes]:
        """Open a new file, which only its owner can read."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def close(self, name: str) -> None:
        """Take the digest of a file that is whole, once it is on the disk."""
        with (self.folder / name).open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.sha256()
            while piece := file.read(_COPY):
                digest.update(piece)
            self.facts[name] = FileFacts(file.tell(), digest.hexdigest())


async def _save(home: Home, city: City, files: _Files, passphrase: bytes | None) -> Manifest:
    """Write all files of the archive."""
    streams: list[StreamFacts] = []
    spools: list[str] = []
    for account, names in _in_order(city.plan):
        async with Bus(BusSettings.of(home, city.plan, admin(account))) as bus:
            for name in names:
                if name == quarantine_stream(account):
                    spools += _save_spools(home, city, account, files)
                streams.append(await _save_stream(bus, account, name, files))
        if account == HUB:
            # After the log, for a journal must never lie behind it.
            spools += _save_journals(home, files)
    city_file = files.add(f"city/{city.path.name}", city.path.read_bytes())
    for path in _described(city):
        files.add(f"city/{_place(path, city.path.parent)}", path.read_bytes())
    if passphrase is not None:
        files.add(SEALED, seal(home, passphrase))
    manifest = Manifest(
        format=FORMAT,
        liandong=version("liandong"),
        made_at=_now(),
        city=city.name,
        city_file=city_file,
        # Agencies' before those that are made of them.
        streams=tuple(sorted(streams, key=lambda stream: stream.account == HUB)),
        spools=tuple(spools),
        files=files.facts,
    )
    text = msgspec.json.format(msgspec.json.encode(manifest))
    files.add(MANIFEST, text)
    files.add(DIGEST, hashlib.sha256(text).hexdigest().encode() + b"\n")
    return manifest


def _in_order(plan: BusPlan) -> list[tuple[str, list[str]]]:
    """Return accounts and their streams in the order in which they are read."""
    hub = [stream.config.name for stream in definitions(plan) if stream.account == HUB]
    return [
        (HUB, [name for name in hub if name is not None]),
        *(
            (
                stream_name(agency),
                [
                    CHECKPOINTS,
                    feeds_stream(agency),
                    quarantine_stream(agency),
                    stream_name(agency),
                ],
            )
            for agency in plan.agencies
        ),
    ]


async def _save_stream(bus: Bus, account: str, name: str, files: _Files) -> StreamFacts:
    """Save one stream."""
    read_at = _now()
    path = f"streams/{account}/{name}.snapshot"
    with files.open(path) as file:
        facts = await snapshot(bus, name, file.write)
    files.close(path)
    return StreamFacts(account=account, name=name, read_at=read_at, **facts)


def _save_spools(home: Home, city: City, account: str, files: _Files) -> list[str]:
    """Save what an agency's feeds hold in their spools; return the files' names."""
    saved = []
    for feed in city.feeds:
        path = home.spool(feed.id)
        if stream_name(feed.agency) == account and path.exists():
            saved.append(_save_spool(path, f"spool/{path.name}", files))
    return saved


def _save_journals(home: Home, files: _Files) -> list[str]:
    """Save what gateways have recorded and the bus may not have; return the files' names."""
    paths = sorted(home.journals_dir.glob("*.sqlite"))
    return [_save_spool(path, f"{home.journals_dir.name}/{path.name}", files) for path in paths]


def _save_spool(path: Path, name: str, files: _Files) -> str:
    """Save a spool, which may be in use; return the file's name."""
    files.open(name).close()
    copy_spool(path, files.folder / name)
    files.close(name)
    return name


def _described(city: City) -> list[Path]:
    """Return the files of which the city file speaks: agreements, and feeds' mappings."""
    folder = city.path.parent
    named = [city.agreements] if city.agreements is not None else []
    for feed in city.feeds:
        for value in feed.options.values():
            if isinstance(value, str) and value.endswith(".toml"):
                named.append(folder / value)
    return [path for path in dict.fromkeys(named) if path.is_file()]


def _place(path: Path, folder: Path) -> PurePath:
    """Return where a file lies below the city file; one that lies elsewhere, beside it."""
    path = Path(os.path.normpath(path))
    return path.relative_to(folder) if path.is_relative_to(folder) else PurePath(path.name)


def _pack(folder: Path, target: Path) -> None:
    """Pack a folder into a tar, which only its owner can read."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    tar.add(path, str(path.relative_to(folder)))
        file.flush()
        os.fsync(file.fileno())


def _now() -> str:
    """Return the time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
