"""Read one JSON object a line."""

import msgspec

from adapters.mapping.readers.json_values import OBJECT, picking
from adapters.mapping.readers.lines import LineReader
from adapters.mapping.row import Row
from adapters.mapping.schema import JsonLines
from adapters.sdk.message import Undecodable
from adapters.sdk.tables import CutRow, RowCutter
from adapters.sdk.text import Encoding


class JsonLinesReader(LineReader):
    """Reads one file of JSON lines; memory is bounded by the longest line.

    Args:
        form: How long lines may be.
        encoding: The encoding; None: settled by the first line that is not ASCII.
        columns: The keys to read.
    """

    def __init__(
        self, form: JsonLines, encoding: Encoding | None, columns: tuple[str, ...]
    ) -> None:
        self._pick = picking(columns)
        super().__init__(
            RowCutter(b"", form.max_row_bytes, b""), encoding, form.max_row_bytes, self._object
        )

    def _object(self, cut: CutRow, text: str) -> Row | Undecodable:
        """Read a line's object."""
        try:
            row = OBJECT.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return Undecodable(cut.raw, "json", f"line {cut.line} is no JSON: {error}")
        if not isinstance(row, dict):
            reason = f"line {cut.line} is a {type(row).__name__}, expected a JSON object"
            return Undecodable(cut.raw, "json", reason)
        return Row(cut.raw, cut.line, self._pick(row))
