"""Where records are: names by cells of a grid, so that looking costs what is found there.

A point lies in one cell of the finest grid. What spans more than a few cells lies in a
coarser grid, and what spans more than a few of the coarsest lies outside of all.
"""

import itertools
import math
from collections.abc import Iterable, Iterator

from gateway.boxes import Box, is_point
from gateway.entry import Entry

Cell = int
# 550 m, 18 km and 570 km in latitude: a city's thousand nearest lie in a few dozen cells.
_CELLS_PER_DEGREE = (200.0, 6.25, 0.1953125)
_MOST_CELLS = 16
_ROW = 1 << 20
_FINEST = _CELLS_PER_DEGREE[0]


class Space:
    """Names of records by what their boxes touch."""

    def __init__(self) -> None:
        self._grids: tuple[dict[Cell, set[str]], ...] = ({}, {}, {})
        self._wide: set[str] = set()

    def __len__(self) -> int:
        """Return how many cells hold something."""
        return sum(map(len, self._grids))

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        finest = self._grids[0]
        for entry in entries:
            box = entry.box
            if box is None:
                continue
            if is_point(box):
                cell = _cell(box)
                held = finest.get(cell)
                if held is None:
                    finest[cell] = {entry.name}
                else:
                    held.add(entry.name)
            else:
                self._add(entry.name, box)

    def move(self, name: str, old: Box | None, new: Box | None) -> None:
        """Take note that a record is elsewhere now; None: nowhere."""
        if old == new:
            return
        if old is not None and new is not None and is_point(old) and is_point(new):
            self._step(name, _cell(old), _cell(new))
            return
        if old is not None:
            self._remove(name, old)
        if new is not None:
            self._add(name, new)

    def _step(self, name: str, old: Cell, new: Cell) -> None:
        """Move a point from one cell of the finest grid to another."""
        if old == new:
            return
        finest = self._grids[0]
        held = finest[old]
        held.discard(name)
        if not held:
            del finest[old]
        there = finest.get(new)
        if there is None:
            finest[new] = {name}
        else:
            there.add(name)

    def within(self, boxes: Iterable[Box]) -> list[set[str]]:
        """Return sets with all names that may touch one of the boxes, and others near by."""
        found = [self._wide] if self._wide else []
        for grid, scale in zip(self._grids, _CELLS_PER_DEGREE, strict=True):
            for box in boxes:
                found += _touched(grid, box, scale)
        return found

    def _add(self, name: str, box: Box) -> None:
        """Put a name where its box is."""
        grid, cells = self._cells(box)
        if grid is None:
            self._wide.add(name)
            return
        for cell in cells:
            grid.setdefault(cell, set()).add(name)

    def _remove(self, name: str, box: Box) -> None:
        """Take a name from where its box was; empty cells go."""
        grid, cells = self._cells(box)
        if grid is None:
            self._wide.discard(name)
            return
        for cell in cells:
            held = grid[cell]
            held.discard(name)
            if not held:
                del grid[cell]

    def _cells(self, box: Box) -> tuple[dict[Cell, set[str]] | None, Iterable[Cell]]:
        """Return the grid in which a box spans few cells, and these; None: there is none."""
        for grid, scale in zip(self._grids, _CELLS_PER_DEGREE, strict=True):
            rows, columns = _spans(box, scale)
            if len(rows) * len(columns) <= _MOST_CELLS:
                return grid, _numbers(rows, columns)
        return None, ()


def _cell(point: Box) -> Cell:
    """Return the number of a point's cell in the finest grid."""
    return int((point[0] + 90.0) * _FINEST) * _ROW + int((point[1] + 180.0) * _FINEST)


def _spans(box: Box, scale: float) -> tuple[range, range]:
    """Return the rows and columns of the cells that a box touches."""
    south, west, north, east = box
    return (
        range(int((south + 90.0) * scale), int((north + 90.0) * scale) + 1),
        range(math.floor((west + 180.0) * scale), math.floor((east + 180.0) * scale) + 1),
    )


def _numbers(rows: range, columns: range) -> Iterator[Cell]:
    """Yield the numbers of cells."""
    return (row * _ROW + column for row, column in itertools.product(rows, columns))


def _touched(grid: dict[Cell, set[str]], box: Box, scale: float) -> Iterator[set[str]]:
    """Yield what the cells hold that a box touches."""
    rows, columns = _spans(box, scale)
    if len(rows) * len(columns) > len(grid):
        for cell, held in grid.items():
            row, column = divmod(cell, _ROW)
            if row in rows and column in columns:
                yield held
        return
    for cell in _numbers(rows, columns):
        held_here = grid.get(cell)
        if held_here is not None:
            yield held_here
