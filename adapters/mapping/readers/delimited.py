"""Read CSV: cells that a delimiter parts, under a header or under columns named beforehand."""

import csv
import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from adapters.mapping.problems import listed, near
from adapters.mapping.readers.lines import LineReader
from adapters.mapping.row import Row
from adapters.mapping.schema import Csv
from adapters.sdk.message import Undecodable
from adapters.sdk.tables import CutRow, RowCutter, TableOpening
from adapters.sdk.text import GB18030, UTF8, Encoding, is_valid

# A header may stand below titles that the mapping does not know of.
_MOST_HEADERS = 5
_SHOWN = 200
# How a spreadsheet is told that digits are a text: ="0123".
_EXCEL_TEXT = re.compile(r'\A="([^"]*)"\Z')
Pick = Callable[[Sequence[str]], tuple[str, ...]]


class DelimitedReader:
    """Reads one CSV file; memory is bounded by the longest row.

    Args:
        form: How cells are written.
        encoding: The encoding; None: settled by the first row that is not ASCII.
        columns: The columns to read.
    """

    def __init__(self, form: Csv, encoding: Encoding | None, columns: tuple[str, ...]) -> None:
        self._form = form
        self._columns = columns
        self._encoding = encoding
        self._header = form.columns
        self._pick = _picking(form.columns, columns) if form.columns else None
        self._mismatch = ""
        self._headers = 0
        self._opening = TableOpening(form.max_row_bytes)
        cutter = RowCutter(form.delimiter.encode(), form.max_row_bytes, form.quote.encode())
        self._lines = LineReader(
            cutter, encoding, form.max_row_bytes, self._parse, skip=form.skip_rows
        )

    def feed(self, data: bytes) -> list[Row | Undecodable]:
        """Return the rows that these bytes complete."""
        return self._lines.feed(self._opening.feed(data))

    def close(self) -> list[Row | Undecodable]:
        """Return the last row, whose line end may be missing."""
        rest = self._lines.feed(self._opening.feed(b"", ended=True))
        return [*rest, *self._opening.take_foreign(), *self._lines.close()]

    def _parse(self, cut: CutRow, text: str) -> Row | Undecodable | None:
        """Read a row's cells."""
        try:
            (cells,) = csv.reader(
                (text,),
                delimiter=self._form.delimiter,
                quotechar=self._form.quote or None,
                quoting=csv.QUOTE_MINIMAL if self._form.quote else csv.QUOTE_NONE,
            )
        except (csv.Error, ValueError) as error:
            return Undecodable(cut.raw, "csv", f"line {cut.line} is no CSV: {error}")
        values = [cell.strip() for cell in cells]
        if '="' in text:
            values = [_EXCEL_TEXT.sub(r"\1", value) for value in values]
        if not any(values):
            return None
        if not self._header:
            return self._learn(cut, values)
        if self._pick is None:
            self._perhaps_header(cut)
            reason = f"line {cut.line} cannot be read without its header: {self._mismatch}"
            return Undecodable(cut.raw, "header", reason)
        if len(values) > len(self._header) and not any(values[len(self._header) :]):
            values = values[: len(self._header)]
        if len(values) != len(self._header):
            reason = (
                f"line {cut.line} has {len(values)} columns, expected {len(self._header)}: "
                f"{', '.join(self._header)}"
            )
            return Undecodable(cut.raw, "columns", reason)
        return Row(cut.raw, cut.line, self._pick(values))

    def _perhaps_header(self, cut: CutRow) -> None:
        """Keep a row that names the columns, or may when the mapping has been mended."""
        if self._headers < _MOST_HEADERS:
            self._headers += 1
            self._lines.belongs_above(cut)

    def _learn(self, cut: CutRow, names: list[str]) -> Undecodable | None:
        """Learn the columns from the header; when one is not there, no row can be read."""
        self._header = tuple(names)
        self._perhaps_header(cut)
        for column in self._columns:
            if names.count(column) != 1:
                self._mismatch = _misread(cut.raw, column, self._encoding) or _mismatch(
                    column, names
                )
                return Undecodable(cut.raw, "header", f"line {cut.line}: {self._mismatch}")
        self._pick = _picking(self._header, self._columns)
        return None


def _misread(raw: bytes, column: str, encoding: Encoding | None) -> str:
    """Say that a header was read in another encoding than its own; empty: it was not."""
    if encoding != GB18030 or raw.isascii() or not is_valid(raw, UTF8):
        return ""
    header = raw.decode().strip()
    return (
        f"read as gb18030, as the mapping says, the header names no column {column!r}; the file is "
        f"UTF-8, where it is {header[:_SHOWN]!r}: write encoding = 'utf-8' in the mapping"
    )


def _mismatch(column: str, names: list[str]) -> str:
    """Say why a column cannot be found under a header."""
    if column in names:
        return f"the header names the column {column!r} twice, expected it once"
    meant = " or ".join(near(column, names))
    hint = f"; did you mean {meant}?" if meant else ""
    return f"the header names no column {column!r}, expected {listed(names)}{hint}"


def _picking(header: tuple[str, ...], columns: tuple[str, ...]) -> Pick:
    """Return what takes columns out of a row's cells."""
    positions = [header.index(column) for column in columns]
    if len(positions) == 1:
        (only,) = positions
        return lambda cells: (cells[only],)
    return itemgetter(*positions)
