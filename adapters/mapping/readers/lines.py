"""What readers of rows have in common: cutting, decoding, leaving out what holds nothing."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from adapters.mapping.row import Row
from adapters.sdk.message import Undecodable
from adapters.sdk.tables import MAX_ROW_LINES, CutRow, RowCutter, RowText, TableHead
from adapters.sdk.text import Encoding

Parse = Callable[[CutRow, str], Row | Undecodable | None]
"""Returns what a row's text is; None: nothing."""


class LineReader:
    """Cuts rows, decodes each, and has each parsed.

    Args:
        cutter: Cuts them.
        encoding: Their encoding; None: settled by the first row that is not ASCII.
        limit: Longest row in bytes, for the reason.
        parse: Parses one.
        skip: How many rows at the beginning are no part of the table.
    """

    def __init__(
        self,
        cutter: RowCutter,
        encoding: Encoding | None,
        limit: int,
        parse: Parse,
        *,
        skip: int = 0,
    ) -> None:
        self._cutter = cutter
        self._text = RowText(encoding)
        self._head = TableHead()
        self._limit = limit
        self._parse = parse
        self._skip = skip

    def feed(self, data: bytes) -> list[Row | Undecodable]:
        """Return the rows that these bytes complete."""
        return self._read(self._cutter.feed(data))

    def close(self) -> list[Row | Undecodable]:
        """Return the last row, whose line end may be missing."""
        return self._read(self._cutter.close())

    def _read(self, rows: Iterable[CutRow]) -> list[Row | Undecodable]:
        """Read rows, less those that hold nothing."""
        found: list[Row | Undecodable] = []
        for cut in rows:
            opening = self._head.opening
            row = self._row(cut)
            if isinstance(row, Row):
                found.append(Row(row.raw, row.line, row.values, opening) if opening else row)
            elif row is not None:
                found.append(replace(row, opening=opening))
        return found

    def belongs_above(self, cut: CutRow) -> None:
        """Keep a row as one that says what the cells of those below it are."""
        self._head.add(cut.raw)

    def _row(self, cut: CutRow) -> Row | Undecodable | None:
        """Read a row."""
        if cut.problem:
            return Undecodable(cut.raw, cut.problem, self._problem(cut))
        text = self._text.decode(cut)
        if self._skip:
            self._skip -= 1
            self.belongs_above(cut)
            return None
        if isinstance(text, Undecodable):
            return text
        return self._parse(cut, text) if text and not text.isspace() else None

    def _problem(self, cut: CutRow) -> str:
        """Say why a row could not be cut."""
        if cut.problem == "oversize":
            return (
                f"line {cut.line} is longer than {self._limit} bytes, of which the first "
                f"{self._limit} are kept; expected a row of ordinary length"
            )
        return (
            f"line {cut.line} opens a quoted cell that does not end within {self._limit} bytes or "
            f"{MAX_ROW_LINES} lines; expected a closing quotation mark"
        )
