"""The records of one key as columns: what is summarised of each lies beside the others'.

A column is brought up to date when it is asked for, so that a record that changes often
between two questions costs once.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.entry import Entry

SLICE: Final = 1024
Look = Callable[[Entry], float]
"""Returns what a column holds of an entry."""


class Column:
    """One fact of each record.

    Args:
        kind: The array's type code.

    Attributes:
        held: The facts.
        stale: Rows whose fact may be another by now.
    """

    __slots__ = ("held", "stale")

    def __init__(self, kind: str) -> None:
        self.held = array(kind)
        self.stale: set[int] = set()


class Rows:
    """The records of a key.

    Attributes:
        names: Their names, by row.
        changes: How often anything of them has changed.
        columns: Their columns.
    """

    __slots__ = ("_ending", "_expires", "changes", "columns", "names")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.changes = 0
        self.columns: dict[object, Column] = {}
        self._expires = array("q")
        self._ending = 0

    def take(self, entry: Entry) -> None:
        """Take an entry in, in the place of the one of its name if there is one."""
        self.changes += 1
        row = entry.row
        if self.has(entry):
            self._ending -= bool(self._expires[row])
            self._expires[row] = entry.expires
            for column in self.columns.values():
                if row < len(column.held):
                    column.stale.add(row)
        else:
            entry.row = len(self.names)
            self.names.append(entry.name)
            self._expires.append(entry.expires)
        self._ending += bool(entry.expires)

    def has(self, entry: Entry) -> bool:
        """Tell whether a record of an entry's name is in its row."""
        # A view has one string for all entries of a name.
        return 0 <= entry.row < len(self.names) and self.names[entry.row] is entry.name

    def remove(self, entry: Entry) -> str:
        """Give an entry's row to the last record; return the name of that one."""
        self.changes += 1
        row, last, expires = entry.row, self.names.pop(), self._expires.pop()
        end = len(self.names)
        self._ending -= bool(expires if row == end else self._expires[row])
        if row < end:
            self.names[row], self._expires[row] = last, expires
        for column in self.columns.values():
            del column.held[end:]
            column.stale.discard(end)
            if row < len(column.held):
                column.stale.add(row)
        return last

    def refresh(self, column: Column, get: Callable[[str], Entry], look: Look) -> Iterator[None]:
        """Bring a column up to date, yielding after each slice; what changes meanwhile too.

        Args:
            column: Which.
            get: Returns the entry of a name.
            look: Returns what it holds of an entry.
        """
        held, stale, names = column.held, column.stale, self.names
        while stale:
            for row in [stale.pop() for _ in range(min(len(stale), SLICE))]:
                held[row] = look(get(names[row]))  # type: ignore[call-overload]  # its own kind
            yield
        while len(held) < len(names):
            lot = names[len(held) : len(held) + SLICE]
            held.extend([look(get(name)) for name in lot])  # type: ignore[misc]
            yield

    def is_fresh(self, column: Column) -> bool:
        """Tell whether a column is up to date."""
        return not column.stale and len(column.held) == len(self.names)

    def live(self, now_ns: int) -> tuple[npt.NDArray[np.bool_] | None, int]:
        """Return which rows have not ended, None for all, and when the next one ends; 0: none."""
        if not self._ending:
            return None, 0
        expires = np.frombuffer(self._expires, np.int64)
        later = expires[expires > now_ns]
        return (expires == 0) | (expires > now_ns), int(later.min()) if len(later) else 0
