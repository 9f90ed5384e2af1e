"""An archive: a folder, or the same as one tar file; read only after it was verified."""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from broker.snapshots import CHUNK
from ops.backup.manifest import DIGEST, FORMAT, MANIFEST, SEALED, Manifest, is_name
from ops.failure import Failure


class ArchiveWrong(Failure):
    """An archive cannot be used; nothing was touched."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} cannot be used: {problem}; nothing was touched")


class Archive:
    """An archive that is read.

    Use it as ``with Archive(path) as archive``; entering verifies every file.

    Args:
        path: The folder, or the tar file.

    Attributes:
        manifest: What it holds.

    Raises:
        ArchiveWrong: On entering, if it is no archive or not whole; the sentence names the
            file that is damaged, missing, or not of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tar: tarfile.TarFile | None = None
        self._members: dict[str, tarfile.TarInfo] = {}
        self.manifest: Manifest

    def __enter__(self) -> Self:
        if not self.path.exists():
            raise ArchiveWrong(self.path, "it is not there")
        try:
            if not self.path.is_dir():
                self._tar = tarfile.open(self.path, "r:")
                self._members = {one.name: one for one in self._tar if one.isfile()}
            self.manifest = self._read_manifest()
            self._verify()
        except (tarfile.TarError, OSError) as error:
            self._close()
            raise ArchiveWrong(self.path, f"it cannot be read ({error})") from error
        except ArchiveWrong:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        """Close the file."""
        if self._tar is not None:
            self._tar.close()

    @property
    def is_sealed(self) -> bool:
        """Tell whether it holds keys and certificates."""
        return SEALED in self.manifest.files

    def read(self, name: str) -> bytes:
        """Return a file."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file in pieces that the bus takes."""
        with self._open(name) as file:
            while piece := file.read(CHUNK):
                yield piece

    def _open(self, name: str) -> IO[bytes]:
        """Open a file.

        Raises:
            ArchiveWrong: If it is not there.
        """
        if self._tar is None:
            path = self.path / name
            if path.is_file() and not path.is_symlink():
                return path.open("rb")
        elif name in self._members and (file := self._tar.extractfile(self._members[name])):
            return file
        raise ArchiveWrong(self.path, f"{name} is missing")

    def _names(self) -> set[str]:
        """Return the names of all files that are there."""
        if self._tar is not None:
            return set(self._members)
        return {
            str(path.relative_to(self.path)) for path in self.path.rglob("*") if not path.is_dir()
        }

    def _read_manifest(self) -> Manifest:
        """Return what the archive says of itself.

        Raises:
            ArchiveWrong: If that is damaged, or of a form that is not known here.
        """
        text = self.read(MANIFEST)
        if self.read(DIGEST).decode(errors="replace").strip() != hashlib.sha256(text).hexdigest():
            raise ArchiveWrong(self.path, f"{MANIFEST} is damaged")
        try:
            if (form := msgspec.json.decode(text)["format"]) != FORMAT:
                raise ArchiveWrong(
                    self.path, f"it has form {form}, expected {FORMAT}: use the version of its time"
                )
            return msgspec.json.decode(text, type=Manifest)
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise ArchiveWrong(self.path, f"{MANIFEST} is none of liandong ({error})") from error

    def _verify(self) -> None:
        """Compare every file with its digest.

        Raises:
            ArchiveWrong: If one is not what it was.
        """
        files = self.manifest.files
        needed = {self.manifest.city_file, *self.manifest.spools}
        needed |= {stream.file for stream in self.manifest.streams}
        if unknown := sorted(self._names() - files.keys() - {MANIFEST, DIGEST}):
            raise ArchiveWrong(self.path, f"{unknown[0]} is not in its manifest")
        for name in sorted(needed | files.keys()):
            if not is_name(name) or name not in files:
                raise ArchiveWrong(self.path, f"its manifest names {name!r}, which it cannot hold")
            digest, size = hashlib.sha256(), 0
            for piece in self.pieces(name):
                digest.update(piece)
                size += len(piece)
            if (size, digest.hexdigest()) != (files[name].size, files[name].sha256):
                raise ArchiveWrong(self.path, f"{name} is damaged")
