"""A folder that holds what another system put there, wherever it lies."""

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from adapters.transports.retry import Trouble

DONE = "done"
FAILED = "failed"


class Entry(msgspec.Struct, frozen=True):
    """A file as the folder shows it.

    Attributes:
        name: Its name.
        size: Bytes.
        modified: When it was last written, by the folder's own clock; orders files only.
        version: Another one when the file has changed, or another has its name.
    """

    name: str
    size: int
    modified: float
    version: tuple[float, ...]


class FileGone(Trouble):
    """The file is not there any more."""


class FileChanged(Trouble):
    """The file is no longer the one that the folder showed."""


class Folder(Protocol):
    """A folder, with the folders ``done`` and ``failed`` in it.

    Methods raise `Trouble` when the folder or a file cannot be had.
    """

    @property
    def address(self) -> str:
        """Return where it is, as a source is written."""

    async def prepare(self) -> None:
        """Make the folders that are missing."""

    async def entries(self) -> list[Entry]:
        """Return its regular files."""

    def read(self, entry: Entry, chunk: int) -> AsyncGenerator[bytes, None]:
        """Yield a file's bytes.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: Once all is read, if it was written to meanwhile.
        """

    async def move(self, entry: Entry, to: str) -> None:
        """Move a file; one of the same name that is there already is not overwritten.

        Raises:
            FileGone: If it is not there any more.
            FileChanged: If another has its name now, which stays where it is.
        """

    async def close(self) -> None:
        """Let go of it."""


def numbered(name: str, number: int) -> str:
    """Return a file's name with a number, before its ending; 0: the name itself."""
    if not number:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{number}{dot}{ending}" if stem else f"{name}.{number}"
