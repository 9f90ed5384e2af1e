"""A folder on this machine."""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from adapters.transports.folder import (
    DONE,
    FAILED,
    Entry,
    FileChanged,
    FileGone,
    numbered,
)
from adapters.transports.retry import Trouble

# A link would make the adapter read what the sender may not; a pipe would block it.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalFolder:
    """A folder on this machine.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def address(self) -> str:
        """Return the folder, as a source is written."""
        return f"drop:{self._path}"

    async def prepare(self) -> None:
        """Make the folders that are missing.

        Raises:
            Trouble: If they cannot be made.
        """
        with _trouble(f"the folder {self._path} cannot be made"):
            for folder in (self._path, self._path / DONE, self._path / FAILED):
                folder.mkdir(parents=True, exist_ok=True)

    async def entries(self) -> list[Entry]:
        """Return its regular files.

        Raises:
            Trouble: If it cannot be listed.
        """
        found = []
        with _trouble(f"the folder {self._path} cannot be read"), os.scandir(self._path) as listing:
            for item in listing:
                with contextlib.suppress(FileNotFoundError):
                    status = item.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found.append(_entry(item.name, status))
        return found

    async def read(self, entry: Entry, chunk: int) -> AsyncGenerator[bytes, None]:
        """Yield a file's bytes.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: Once all is read, if it was written to meanwhile.
            Trouble: If it cannot be read.
        """
        with _trouble(f"{entry.name} cannot be read"):
            handle = os.open(self._path / entry.name, _OPEN)
        try:
            while True:
                with _trouble(f"{entry.name} cannot be read"):
                    data = await asyncio.to_thread(os.read, handle, chunk)
                if not data:
                    break
                yield data
            if _entry(entry.name, os.fstat(handle)) != entry:
                raise FileChanged(f"{entry.name} was written to while it was read")
        finally:
            os.close(handle)

    async def move(self, entry: Entry, to: str) -> None:
        """Move a file; one of the same name that is there already is not overwritten.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: If another has its name now, which stays where it is.
            Trouble: If it cannot be moved.
        """
        source = self._path / entry.name
        with _trouble(f"{entry.name} cannot be moved to {self._path / to}"):
            self._require_same(source, entry)
            target = _free(self._path / to, entry.name)
            source.rename(target)
            try:
                self._require_same(target, entry)
            except FileChanged:
                # It came between the look and the move: nobody has read it yet.
                target.rename(_free(self._path, entry.name))
                raise

    def _require_same(self, path: Path, entry: Entry) -> None:
        """Fail unless a path still leads to the file that was listed."""
        if _entry(entry.name, path.lstat()) != entry:
            raise FileChanged(f"{entry.name} was replaced while it was read")

    async def close(self) -> None:
        """Let go of it: nothing is held."""


def _entry(name: str, status: os.stat_result) -> Entry:
    """Return a file as its status shows it."""
    version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return Entry(name, status.st_size, status.st_mtime, version)


def _free(folder: Path, name: str) -> Path:
    """Return a path in a folder that nothing has."""
    folder.mkdir(exist_ok=True)
    number = 0
    while os.path.lexists(folder / numbered(name, number)):
        number += 1
    return folder / numbered(name, number)


@contextlib.contextmanager
def _trouble(what: str) -> Iterator[None]:
    """Say what could not be done, in place of an error of the system."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileGone(f"{what}: it is not there") from error
    except OSError as error:
        raise Trouble(
            f"{what} ({error.strerror or error}): let the adapter's user read and write there"
        ) from error
