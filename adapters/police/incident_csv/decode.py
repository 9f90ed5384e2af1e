"""Decode a dispatch export: rows of bytes to rows of text, one unit each."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from adapters.police.incident_csv.layout import Layout, LayoutMismatch, layout_of
from adapters.police.incident_csv.opening import delimiter_of, separator_named
from adapters.police.incident_csv.options import IncidentCsvOptions
from adapters.sdk.message import Undecodable
from adapters.sdk.tables import MAX_ROW_LINES, CutRow, RowCutter, RowText, TableHead, TableOpening

# Titles and dates of a report may stand above its header.
_MOST_TITLES: Final = 5
# How digits are kept from Excel: ="0123" or '0123.
_AS_TEXT: Final = re.compile(r"=\"([^\"]*)\"|'(\d[\d .:/-]*)")


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """A row of a dispatch export.

    Attributes:
        raw: Its exact bytes, without the line end.
        line: The line of the file on which it begins, from 1.
        values: Its cells, without blanks about them.
        layout: What the cells are.
        opening: The rows that say so.
    """

    raw: bytes
    line: int
    values: tuple[str, ...]
    layout: Layout
    opening: bytes = b""

    def get(self, field: str) -> str:
        """Return the cell that fills a field; empty if there is none."""
        position = self.layout.fields.get(field)
        return "" if position is None else self.values[position]


class IncidentDecoder:
    """Decodes one file; sans I/O, memory bounded by the longest row.

    The first row is the header, of a report one of the first five; where the configuration
    names the columns there need be none. Blank rows hold nothing.
    """

    def __init__(self, options: IncidentCsvOptions) -> None:
        self._options = options
        self._opening = TableOpening(options.max_row_bytes)
        self._delimiter = options.delimiter
        self._cutter: RowCutter | None = None
        self._text = RowText(None if options.encoding == "auto" else options.encoding)
        self._head = TableHead()
        self._demanded = options.columns or options.the_preset().columns
        self._layout = layout_of(self._demanded, options) if self._demanded else None
        self._mismatch = ""
        self._is_first = True
        self._titles = 0
        self._named = 0

    def feed(self, data: bytes) -> list[IncidentRow | Undecodable]:
        """Return the rows that these bytes complete."""
        return self._decode(self._cut(self._opening.feed(data)))

    def close(self) -> list[IncidentRow | Undecodable]:
        """Return the last row, whose line end may be missing."""
        rest = self._decode(self._cut(self._opening.feed(b"", ended=True)))
        rest += self._opening.take_foreign()
        return [*rest, *self._decode(self._cutter.close() if self._cutter else ())]

    def _cut(self, data: bytes) -> Iterable[CutRow]:
        """Cut rows, once the first line has told what parts their cells."""
        if self._cutter is None:
            if not self._opening.is_open:
                return ()
            if self._delimiter == "auto":
                columns = self._layout.columns if self._layout else ()
                self._delimiter = delimiter_of(data[: self._options.max_row_bytes], len(columns))
            self._cutter = RowCutter(self._delimiter.encode("ascii"), self._options.max_row_bytes)
        return self._cutter.feed(data)

    def _decode(self, rows: Iterable[CutRow]) -> list[IncidentRow | Undecodable]:
        """Decode rows, less those that hold nothing and the header."""
        found: list[IncidentRow | Undecodable] = []
        for cut in rows:
            if not cut.problem and not cut.raw.strip():
                continue
            opening = self._head.opening
            row = self._row(cut)
            if isinstance(row, Undecodable):
                row = replace(row, opening=opening)
            if row is not None:
                found.append(row)
        return found

    def _row(self, cut: CutRow) -> IncidentRow | Undecodable | None:
        """Decode a row."""
        if cut.problem:
            return Undecodable(cut.raw, cut.problem, self._problem(cut))
        text = self._text.decode(cut)
        if isinstance(text, Undecodable):
            return text
        try:
            reader = csv.reader([text], delimiter=self._delimiter)
            values = tuple(_bare(value) for value in next(reader, []))
        except csv.Error as error:
            return Undecodable(cut.raw, "csv", f"line {cut.line} is no CSV: {error}")
        if cut.line == 1 and separator_named(text):
            self._head.add(cut.raw)
            values = ()
        if not any(values):
            return None
        is_first, self._is_first = self._is_first, False
        if is_first and self._is_header(values):
            return self._header(cut, values)
        return self._incident(cut, values)

    def _is_header(self, values: tuple[str, ...]) -> bool:
        """Tell whether the file's first row names its columns, or most of those configured."""
        if self._layout is None:
            return True
        named = sum(column in values for column in self._layout.columns)
        return 2 * named >= len(self._layout.columns)

    def _header(self, cut: CutRow, columns: tuple[str, ...]) -> Undecodable | None:
        """Learn the columns, in the file's order; when one is missing, no row can be read."""
        self._head.add(cut.raw)
        self._layout = None
        try:
            self._layout = layout_of(columns, self._options, self._demanded)
        except LayoutMismatch as mismatch:
            self._titles += 1
            self._is_first = self._titles < _MOST_TITLES
            # Rows below may hold people's names: the first that is more than a title tells.
            if self._named <= 1:
                self._named = sum(map(bool, columns))
                self._mismatch = str(mismatch)
            return Undecodable(cut.raw, "header", f"the header does not fit: {self._mismatch}")
        return None

    def _incident(self, cut: CutRow, values: tuple[str, ...]) -> IncidentRow | Undecodable:
        """Return a row that has as many cells as there are columns."""
        if self._layout is None:
            reason = f"line {cut.line} cannot be read without a header: {self._mismatch}"
            return Undecodable(cut.raw, "header", reason)
        expected = len(self._layout.columns)
        if not any(values[expected:]):
            values = values[:expected]
        if len(values) != expected:
            reason = (
                f"line {cut.line} has {len(values)} columns, expected {expected}: "
                f"{', '.join(self._layout.columns)}"
            )
            return Undecodable(cut.raw, "columns", reason)
        return IncidentRow(cut.raw, cut.line, values, self._layout, self._head.opening)

    def _problem(self, cut: CutRow) -> str:
        """Say why a row could not be cut."""
        limit = self._options.max_row_bytes
        if cut.problem == "oversize":
            return (
                f"line {cut.line} is longer than {limit} bytes, of which the first {limit} are "
                "kept; expected a row of ordinary length"
            )
        return (
            f"line {cut.line} opens a quoted field that does not end within {limit} bytes or "
            f"{MAX_ROW_LINES} lines; expected a closing quotation mark"
        )


def _bare(value: str) -> str:
    """Return a cell without blanks about it, and without what keeps its digits from Excel."""
    value = value.strip()
    kept = _AS_TEXT.fullmatch(value)
    return (kept[1] or kept[2] or "").strip() if kept else value
