"""Read lines in which every column has its place, counted in bytes or in characters."""

from adapters.mapping.readers.lines import LineReader
from adapters.mapping.row import Row
from adapters.mapping.schema import FixedWidth
from adapters.sdk.message import Undecodable
from adapters.sdk.tables import CutRow, RowCutter
from adapters.sdk.text import UTF8, Encoding


class FixedWidthReader(LineReader):
    """Reads one file of fixed width; memory is bounded by the longest line.

    A line may be short: systems leave blanks at the end out. A line that ends within a
    column, or a column that begins or ends within a character, is refused.

    Args:
        form: Where columns stand.
        encoding: The encoding; None: settled by the first line that is not ASCII.
        columns: The columns to read.
    """

    def __init__(
        self, form: FixedWidth, encoding: Encoding | None, columns: tuple[str, ...]
    ) -> None:
        self._spans = [
            (name, slice(form.columns[name][0] - 1, form.columns[name][1])) for name in columns
        ]
        self._in_bytes = form.count == "bytes"
        super().__init__(
            RowCutter(b"", form.max_row_bytes, b""),
            encoding,
            form.max_row_bytes,
            self._fields,
            skip=form.skip_rows,
        )

    def _fields(self, cut: CutRow, text: str) -> Row | Undecodable:
        """Read a line's columns."""
        if not self._in_bytes or text.isascii():
            values = tuple(text[span].strip() for _, span in self._spans)
            return Row(cut.raw, cut.line, values)
        encoding = self._text.encoding or UTF8
        line = text.encode(encoding)
        values = ()
        for name, span in self._spans:
            part = line[span]
            try:
                values += (part.decode(encoding).strip(),)
            except UnicodeDecodeError:
                reason = (
                    f"the column {name!r} of line {cut.line} is {part!r}, which begins or ends "
                    f"within a character of {encoding}; expected whole characters: see that "
                    "`count` and the positions in `columns` are right"
                )
                return Undecodable(cut.raw, "columns", reason)
        return Row(cut.raw, cut.line, values)
