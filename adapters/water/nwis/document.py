"""Cut files and responses of NWIS: RDB line by line, JSON and XML as a whole."""

import codecs
import re
from dataclasses import replace
from typing import Final

from adapters.sdk.message import Undecodable
from adapters.water.nwis.alone import opened_by
from adapters.water.nwis.rdb import MAX_LINE_BYTES, RdbReader
from adapters.water.nwis.readings import NwisMessage
from adapters.water.nwis.waterml import read
from adapters.water.nwis.waterml_xml import read_xml

MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_BLANK: Final = b" \t\r\n"


class NwisDecoder:
    """Decodes one file or response; sans I/O, told by its first character which form it has.

    Args:
        limit: Largest JSON or XML document, bytes; RDB has no limit but that of a line.
    """

    def __init__(self, limit: int = MAX_DOCUMENT_BYTES) -> None:
        self._limit = limit
        self._is_whole: bool | None = None
        self._mark = b""  # a byte order mark, or the beginning of one
        self._document = bytearray()
        self._size = 0
        self._line = bytearray()
        self._rdb = RdbReader()
        self._opened: NwisMessage | None = None

    def feed(self, data: bytes) -> list[NwisMessage | Undecodable]:
        """Return the rows that these bytes complete; JSON and XML are only collected."""
        if self._is_whole is None:
            begun = self._mark + data
            self._mark = begun if codecs.BOM_UTF8.startswith(begun) else b""
            data = b"" if self._mark else begun.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
            if not data:
                return []
            self._is_whole = data.startswith((b"{", b"[", b"<"))
        if self._is_whole:
            self._size += len(data)
            self._document += data[: self._limit - len(self._document)]
            return []
        found: list[NwisMessage | Undecodable] = []
        for piece in _LINE.findall(data):
            if self._opened is not None:
                self._document += piece[: self._limit - len(self._document)]
                continue
            self._line += piece[: MAX_LINE_BYTES + 1 - len(self._line)]
            if piece.endswith(b"\n"):
                found += self._end_line()
        return found

    def close(self) -> list[NwisMessage | Undecodable]:
        """Return what is left: the document, or the last row."""
        if self._is_whole:
            raw, size = bytes(self._document), self._size
            self._document, self._size, self._is_whole = bytearray(), 0, None
            if size > self._limit:
                reason = f"the document has {size} bytes; expected at most {self._limit}"
                return [Undecodable(raw, "oversize", reason)]
            return list((read_xml if raw.startswith(b"<") else read)(raw))
        if self._opened is not None:
            alone = replace(self._opened, raw=bytes(self._document))
            self._document, self._is_whole, self._opened = bytearray(), None, None
            return [alone]
        self._line += self._mark.removeprefix(codecs.BOM_UTF8)
        self._mark = b""
        found = self._end_line()
        comments = self._rdb.close()
        self._rdb, self._is_whole = RdbReader(), None
        return found if comments is None else [*found, comments]

    def _end_line(self) -> list[NwisMessage | Undecodable]:
        line = bytes(self._line).rstrip(b"\r\n")
        self._line = bytearray()
        self._opened = opened_by(line)
        if self._opened is not None:
            return []
        found = self._rdb.line(line)
        return [] if found is None else [found]
