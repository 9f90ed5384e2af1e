"""A row of a table."""

from dataclasses import dataclass
from typing import Protocol

from adapters.sdk.message import Undecodable


@dataclass(frozen=True, slots=True)
class Row:
    """A row, less what the mapping does not read.

    Attributes:
        raw: Its exact bytes, without the line end.
        line: The line of the file, or the position in the document, at which it stands,
            from 1.
        values: Its values, in the order of the plan's columns; empty where it has none.
        opening: The rows above the table's own that say what its cells are.
    """

    raw: bytes
    line: int
    values: tuple[str, ...]
    opening: bytes = b""


class RowReader(Protocol):
    """Reads one file or answer; sans I/O."""

    def feed(self, data: bytes) -> list[Row | Undecodable]:
        """Return the rows that these bytes complete."""

    def close(self) -> list[Row | Undecodable]:
        """Return what is left."""
