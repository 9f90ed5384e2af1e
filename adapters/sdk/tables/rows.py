"""Cut a CSV file into rows of bytes, without knowing its encoding.

Line feed, quotation mark and the usual delimiters are never part of a longer character
in UTF-8, nor a later byte of one in GB 18030 (whose later bytes are digits or 0x40 and
above; of the delimiters only ``|`` is among those), so rows can be cut before they are
decoded, and one row that is no text spoils no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_ROW_BYTES: Final = 65_536
MAX_ROW_LINES: Final = 200


@dataclass(frozen=True, slots=True)
class CutRow:
    """A row's exact bytes without its line end.

    ``problem`` is empty, ``oversize`` (the row is longer than the limit, and its rest is
    dropped) or ``quote`` (a quoted field opens on this line and does not end soon enough).
    """

    raw: bytes
    line: int
    problem: str = ""


class RowCutter:
    """Cuts rows; a quoted field may span lines. Keeps at most ``limit`` bytes and a chunk.

    Args:
        delimiter: What parts the cells.
        limit: Longest row, in bytes.
        quote: What surrounds a quoted field, one byte; empty: there are none, and every
            line is a row.
    """

    def __init__(self, delimiter: bytes, limit: int = MAX_ROW_BYTES, quote: bytes = b'"') -> None:
        self._quote = quote
        self._opening = delimiter + quote
        self._limit = limit
        self._buffer = bytearray()
        self._line = 1
        self._dropping = False
        # Of the row at the buffer's front: whether a quoted field is open, its whole lines,
        # where its last line begins and how far a line end was looked for.
        self._quoted = False
        self._lines = 0
        self._position = 0
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[CutRow]:
        """Take bytes and yield the rows that they complete."""
        if self._dropping:
            _, ended, data = data.partition(b"\n")
            self._dropping = not ended
            self._line += len(ended)
        self._buffer += data
        while row := self._take(at_end=False):
            yield row

    def close(self) -> Iterator[CutRow]:
        """Yield what is left at the end of the file, whose last row may lack a line end."""
        while self._buffer and (row := self._take(at_end=True)):
            yield row
        self._dropping = False

    def _take(self, *, at_end: bool) -> CutRow | None:
        """Return the next row, if it is there whole."""
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if max(end, 0 if end >= 0 else len(self._buffer)) > self._limit:
                return self._refuse_line() if self._lines else self._refuse_length(end)
            is_last = end < 0 and at_end
            if end < 0 and not is_last:
                self._searched = len(self._buffer)
                return None
            end = len(self._buffer) if is_last else end
            self._quoted = self._is_open(bytes(self._buffer[self._position : end]))
            if not self._quoted:
                return self._cut(end)
            self._lines += 1
            if is_last or self._lines >= MAX_ROW_LINES:
                return self._refuse_line()
            self._position = self._searched = end + 1

    def _is_open(self, line: bytes) -> bool:
        """Tell whether a quoted field goes on after a line, as Python's csv module reads it.

        A quotation mark opens a field only at its start; a doubled one stands for itself.
        """
        quote, quoted, position = self._quote, self._quoted, 0
        if not quote:
            return False
        if not quoted and line.startswith(quote):
            quoted, position = True, 1
        while True:
            sought = quote if quoted else self._opening
            found = line.find(sought, position)
            if found < 0:
                return quoted
            position = found + len(sought)
            if quoted and line.startswith(quote, position):
                position += 1
            else:
                quoted = not quoted

    def _refuse_line(self) -> CutRow:
        """Give up on a row's first line alone; the lines after it are read afresh."""
        end = self._buffer.find(b"\n")
        return self._cut(end if end >= 0 else len(self._buffer), "quote")

    def _refuse_length(self, end: int) -> CutRow:
        """Give up on a line that is too long, whose end may be yet to come."""
        row = CutRow(bytes(self._buffer[: self._limit]), self._line, "oversize")
        self._dropping = end < 0
        self._line += not self._dropping
        del self._buffer[: len(self._buffer) if self._dropping else end + 1]
        self._restart()
        return row

    def _cut(self, end: int, problem: str = "") -> CutRow:
        """Take a row off the buffer's front, and the line end after it."""
        raw = bytes(self._buffer[:end])
        row = CutRow(raw.removesuffix(b"\r"), self._line, problem)
        self._line += raw.count(b"\n") + 1
        del self._buffer[: end + 1]
        self._restart()
        return row

    def _restart(self) -> None:
        """Look at the buffer afresh: a new row begins at its front."""
        self._quoted = False
        self._lines = 0
        self._position = 0
        self._searched = 0
