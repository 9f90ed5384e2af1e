"""What an archive says of itself: its files with their digests, its streams, its city."""

import re
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DIGEST: Final = "manifest.sha256"
SEALED: Final = "secrets.sealed"
_FOLDERS: Final = frozenset({"streams", "city", "spool", "audit"})
_NAME = re.compile(r"[^\x00-\x1f\\/]+")


class FileFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of an archive: its size in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class StreamFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stream of an archive.

    Attributes:
        account: The account in which it lives.
        name: Its name.
        config: Its configuration, as the server told it.
        state: Its state, as the server told it.
        read_at: When it was read, UTC, RFC 3339.
    """

    account: str
    name: str
    config: dict[str, Any]
    state: dict[str, Any]
    read_at: str

    @property
    def file(self) -> str:
        """Return the name of the file with its snapshot."""
        return f"streams/{self.account}/{self.name}.snapshot"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an archive holds.

    Attributes:
        format: The archive's form.
        liandong: The version that made it.
        made_at: When, UTC, RFC 3339.
        city: The name of the city.
        city_file: The file with its description.
        streams: Its streams, in the order in which they are restored.
        spools: Files of feeds' spools.
        files: All files but the manifest itself, by name.
    """

    format: int
    liandong: str
    made_at: str
    city: str
    city_file: str
    streams: tuple[StreamFacts, ...]
    spools: tuple[str, ...]
    files: dict[str, FileFacts]


def is_name(name: str) -> bool:
    """Tell whether a file of this name may be in an archive; none leads out of it."""
    parts = PurePosixPath(name).parts
    return name == SEALED or (
        len(parts) > 1
        and parts[0] in _FOLDERS
        and all(part not in {"..", "."} and _NAME.fullmatch(part) for part in parts)
    )
