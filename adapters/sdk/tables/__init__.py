"""Tables as files hold them: cut into rows of bytes, decoded row by row."""

from adapters.sdk.tables.head import MAX_HEAD_BYTES, TableHead
from adapters.sdk.tables.opening import TableOpening
from adapters.sdk.tables.row_text import RowText
from adapters.sdk.tables.rows import MAX_ROW_BYTES, MAX_ROW_LINES, CutRow, RowCutter

__all__ = [
    "MAX_HEAD_BYTES",
    "MAX_ROW_BYTES",
    "MAX_ROW_LINES",
    "CutRow",
    "RowCutter",
    "RowText",
    "TableHead",
    "TableOpening",
]
