"""The rows above a table's own, without which those say nothing."""

from typing import Final

MAX_HEAD_BYTES: Final = 16_384
"""Above that a head is kept no further, and rows cannot be read alone."""


class TableHead:
    """Collects titles and header of one file, as its rows need them to be read alone.

    Attributes:
        opening: The rows, each with a line end.
    """

    def __init__(self) -> None:
        self.opening = b""

    def add(self, row: bytes) -> None:
        """Take a row, without its line end."""
        if len(self.opening) + len(row) < MAX_HEAD_BYTES:
            self.opening += row + b"\n"
