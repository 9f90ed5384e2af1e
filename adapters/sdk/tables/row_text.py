"""Turn a table's rows of bytes into text, one row at a time."""

import codecs

from adapters.sdk.message import Undecodable
from adapters.sdk.tables.rows import CutRow
from adapters.sdk.text import GB18030, UTF8, Encoding, encoding_of_chinese, is_valid

_SHOWN = 40


class RowText:
    """Decodes the rows of one file, which has one encoding.

    The first row that is not ASCII settles it: so a damaged row is not taken for one in
    another encoding. A byte order mark before the first row settles it, too. Where it was
    found to be GB 18030, and was not named, rows of UTF-8 are read as what they are, for what
    is UTF-8 is almost never Chinese in the other: programs join files.

    Args:
        encoding: The encoding, when it is known.
    """

    def __init__(self, encoding: Encoding | None) -> None:
        self.encoding = encoding
        self._is_named = encoding is not None
        self._is_first = True

    def decode(self, row: CutRow) -> str | Undecodable:
        """Return a row's text, or why there is none."""
        raw = row.raw
        if self._is_first:
            self._is_first = False
            if raw.startswith(codecs.BOM_UTF8):
                self.encoding = UTF8
                raw = raw.removeprefix(codecs.BOM_UTF8)
        if self.encoding is None and not raw.isascii():
            self.encoding = encoding_of_chinese(raw)
        encoding = self.encoding or UTF8
        if encoding == GB18030 and not self._is_named and not raw.isascii():
            encoding = encoding_of_chinese(raw) or GB18030
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            known = f"not {self.encoding}" if self.encoding else "neither UTF-8 nor GB 18030"
            reason = f"line {row.line} has bytes that are {known}: {raw[:_SHOWN]!r}; expected text"
            if self.encoding == GB18030 and is_valid(raw, UTF8):
                reason += f" in it; they are UTF-8, {raw.decode()[:_SHOWN]!r}: name that encoding"
            return Undecodable(row.raw, "encoding", reason)
