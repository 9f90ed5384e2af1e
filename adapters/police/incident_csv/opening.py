"""What a file's first line says of the whole: its encoding, its line ends, its delimiter."""

import codecs
import re
from typing import Final

from adapters.sdk.text import encoding_of

DELIMITERS: Final = (",", ";", "\t", "|")
_SEP: Final = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Opening:
    """Holds a file's bytes back until its first line is there, and evens them out from then on.

    What Excel saves as Unicode text (UTF-16) goes on as UTF-8, and line ends of a lone CR
    as LF; all else goes on as it is.

    Args:
        limit: How many bytes are held back at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = b""
        self._is_open = False
        self._has_begun = False
        self._has_lone_cr = False
        self._decoder: codecs.IncrementalDecoder | None = None

    @property
    def is_open(self) -> bool:
        """Whether the first line has come."""
        return self._is_open

    def feed(self, data: bytes, *, ended: bool = False) -> bytes:
        """Return the bytes that may go on; none while the first line is not there."""
        if not self._has_begun:
            self._held += data
            if len(self._held) < len(codecs.BOM_UTF16_LE) and not ended:
                return b""
            self._has_begun = True
            data, self._held = self._held, b""
            if data.startswith(_UTF16):
                self._decoder = codecs.getincrementaldecoder("utf-16")("backslashreplace")
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

    def _evened(self, data: bytes) -> bytes:
        """Return bytes whose lines end with LF, or CR LF."""
        return data.replace(b"\r", b"\n") if self._has_lone_cr else data


def separator_named(line: str) -> str:
    """Return the delimiter of a line that is Excel's ``sep=;``, or nothing."""
    found = _SEP.fullmatch(line)
    return found[1] if found and found[1] in DELIMITERS else ""


def delimiter_of(opening: bytes, columns: int) -> str:
    """Return what parts the cells of a file.

    Args:
        opening: Its first bytes, the first line whole.
        columns: How many columns it has, if that is known; 0: the line is a header.
    """
    raw = opening.partition(b"\n")[0]
    line = raw.decode(encoding_of(raw) or "latin-1")
    if named := separator_named(line):
        return named
    counts = {delimiter: line.count(delimiter) for delimiter in DELIMITERS}
    if columns:
        fitting = (one for one, count in counts.items() if count == columns - 1)
        return next(fitting, ",")
    return max(DELIMITERS, key=counts.__getitem__)
