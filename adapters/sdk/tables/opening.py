"""What a file's first bytes say of the whole: that it is UTF-16, or how its lines end."""

import codecs
from typing import Final

from adapters.sdk.message import Undecodable
from adapters.sdk.tables.foreign import LONGEST_MARK, MAX_FOREIGN_BYTES, foreign_reason

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TableOpening:
    """Holds a file's bytes back until its first line is there, and evens them out from then on.

    What Excel saves as Unicode text (UTF-16) goes on as UTF-8, and line ends of a lone CR
    as LF; all else goes on as it is. Of a file that is no text nothing goes on.

    Args:
        limit: How many bytes are held back at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = b""
        self._is_open = False
        self._has_begun = False
        self._has_lone_cr = False
        self._foreign = ""
        self._size = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    @property
    def is_open(self) -> bool:
        """Whether the first line has come."""
        return self._is_open

    def feed(self, data: bytes, *, ended: bool = False) -> bytes:
        """Return the bytes that may go on; none while the first line is not there."""
        if not self._has_begun:
            self._held += data
            if len(self._held) < LONGEST_MARK and not ended:
                return b""
            self._has_begun = True
            data, self._held = self._held, b""
            self._foreign = foreign_reason(data[:LONGEST_MARK])
            if data.startswith(_UTF16):
                self._decoder = codecs.getincrementaldecoder("utf-16")("backslashreplace")
        if self._foreign:
            self._held += data[: MAX_FOREIGN_BYTES - len(self._held)]
            self._size += len(data)
            return b""
        if self._decoder is not None:
            data = self._decoder.decode(data, ended).encode()
        if self._is_open:
            return self._evened(data)
        self._held += data
        if b"\n" not in self._held and len(self._held) < self._limit and not ended:
            return b""
        opening = self._held[: self._limit]
        self._has_lone_cr = b"\r" in opening and b"\n" not in opening
        self._is_open = True
        data, self._held = self._held, b""
        return self._evened(data)

    def take_foreign(self) -> list[Undecodable]:
        """Return the file, once it has ended, if it was none that holds rows."""
        raw, self._held = self._held, b""
        if not (self._foreign and raw):
            return []
        cut = f" (of its {self._size} bytes the first {len(raw)} are kept)"
        return [Undecodable(raw, "format", self._foreign + (cut if self._size > len(raw) else ""))]

    def _evened(self, data: bytes) -> bytes:
        """Return bytes whose lines end with LF, or CR LF."""
        return data.replace(b"\r", b"\n") if self._has_lone_cr else data
