"""Where records are, by cells of a grid, so that looking costs what is found there.

A cell of points holds their coordinates side by side, because following a pointer to each
record's own would cost more than comparing them. Areas lie by name in every cell that they
touch, of the finest grid in which these are few; what spans more than a few of the coarsest
lies outside of all.
"""

import itertools
from array import array
from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from gateway.boxes import Box, is_point
from gateway.entry import Entry

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Number = int
"""A cell's number."""
Grid = dict[Number, set[str]]
# 2 km, 70 km and 2,200 km in latitude. Comparing a point costs less than finding a cell.
_CELLS_PER_DEGREE: Final = (50.0, 1.5625, 0.048828125)
_FINEST: Final = _CELLS_PER_DEGREE[0]
_MOST_CELLS: Final = 16
_ROW: Final = 1 << 20


class Region(Protocol):
    """A part of the earth.

    Attributes:
        boxes: The boxes about it, none of which crosses the antimeridian.
    """

    boxes: Sequence[Box]

    def holds(self, latitudes: Floats, longitudes: Floats) -> Flags:
        """Tell of each point whether it lies in it."""
        ...


class Cell:
    """Points that lie close together.

    Attributes:
        entries: Their entries.
        places: Latitude and longitude of each, in degrees, one after the other.
    """

    __slots__ = ("entries", "places")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.places = array("d")

    def add(self, entry: Entry, box: Box) -> None:
        """Take an entry in."""
        entry.slot = len(self.entries)
        self.entries.append(entry)
        self.places.extend(box[:2])

    def remove(self, slot: int) -> None:
        """Give the place of an entry to the last one."""
        last, places = self.entries.pop(), self.places
        longitude, latitude = places.pop(), places.pop()
        if slot < len(self.entries):
            last.slot = slot
            self.entries[slot] = last
            places[2 * slot], places[2 * slot + 1] = latitude, longitude


class Space:
    """Entries by their points, and names by their areas."""

    def __init__(self) -> None:
        self._points: dict[Number, Cell] = {}
        self._areas: tuple[Grid, ...] = ({}, {}, {})
        self._wide: set[str] = set()

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        for entry in entries:
            if entry.box is not None:
                self._add(entry, entry.box)

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        self.fill((entry,))

    def replace(self, old: Entry, new: Entry) -> None:
        """Put an entry in the place of another of its name."""
        before, now = old.box, new.box
        if before is not None and now is not None and is_point(before) and is_point(now):
            number = _number(before)
            if before == now or number == _number(now):
                cell, slot = self._points[number], old.slot
                new.slot = slot
                cell.entries[slot] = new
                cell.places[2 * slot], cell.places[2 * slot + 1] = now[0], now[1]
                return
        if before is not None:
            self._remove(old, before)
        if now is not None:
            self._add(new, now)

    def near(self, boxes: Sequence[Box]) -> "Near":
        """Return what lies about boxes."""
        grids = list(zip(self._areas, _CELLS_PER_DEGREE, strict=True))
        return Near(
            [_at(self._points, box, _FINEST) for box in boxes],
            [
                *(
                    names
                    for box in boxes
                    for grid, scale in grids
                    for names in _at(grid, box, scale)
                ),
                self._wide,
            ],
        )

    def _add(self, entry: Entry, box: Box) -> None:
        """Put an entry where its box is."""
        if is_point(box):
            number = _number(box)
            cell = self._points.get(number)
            if cell is None:
                cell = self._points[number] = Cell()
            cell.add(entry, box)
            return
        grid, numbers = self._level(box)
        if grid is None:
            self._wide.add(entry.name)
        else:
            for number in numbers:
                grid.setdefault(number, set()).add(entry.name)

    def _remove(self, entry: Entry, box: Box) -> None:
        """Take an entry from where its box was; empty cells go."""
        if is_point(box):
            number = _number(box)
            cell = self._points[number]
            cell.remove(entry.slot)
            if not cell.entries:
                del self._points[number]
            return
        grid, numbers = self._level(box)
        if grid is None:
            self._wide.discard(entry.name)
            return
        for number in numbers:
            grid[number].discard(entry.name)
            if not grid[number]:
                del grid[number]

    def _level(self, box: Box) -> tuple[Grid | None, list[Number]]:
        """Return the grid in which a box touches few cells, and these; None: there is none."""
        for grid, scale in zip(self._areas, _CELLS_PER_DEGREE, strict=True):
            rows, columns = _spans(box, scale)
            if len(rows) * len(columns) <= _MOST_CELLS:
                return grid, [row * _ROW + column for row in rows for column in columns]
        return None, []


class Near:
    """What lies about some boxes.

    Args:
        cells: The cells of points that each box touches.
        areas: The names of what may have an area there.
    """

    __slots__ = ("_areas", "_cells")

    def __init__(self, cells: list[list[Cell]], areas: list[set[str]]) -> None:
        self._cells = cells
        self._areas = areas

    def __len__(self) -> int:
        """Return how many there are, some counted more than once."""
        return sum([len(cell.entries) for cells in self._cells for cell in cells]) + sum(
            map(len, self._areas)
        )

    def areas(self) -> list[str]:
        """Return the names of what may have an area there, each once."""
        return list(set().union(*self._areas))

    def points(self, region: Region) -> list[Entry]:
        """Return the entries whose point lies in the region that the boxes are about."""
        found: list[Entry] = []
        for box, cells in zip(region.boxes, self._cells, strict=True):
            if cells:
                found += _inside(box, cells, region)
        # What lies on an edge that two boxes share is found in both.
        return found if len(self._cells) == 1 else list(dict.fromkeys(found))


def _inside(box: Box, cells: list[Cell], region: Region) -> list[Entry]:
    """Return the entries in cells whose point lies in a box, and in the region about it."""
    south, west, north, east = box
    places = np.frombuffer(b"".join([cell.places for cell in cells])).reshape(-1, 2)
    latitudes, longitudes = places[:, 0], places[:, 1]
    indices = np.flatnonzero(
        (latitudes >= south) & (latitudes <= north) & (longitudes >= west) & (longitudes <= east)
    )
    indices = indices[region.holds(latitudes[indices], longitudes[indices])]
    entries = list(itertools.chain.from_iterable([cell.entries for cell in cells]))
    return [entries[index] for index in indices.tolist()]


def _number(point: Box) -> Number:
    """Return the number of a point's cell."""
    return int((point[0] + 90.0) * _FINEST) * _ROW + int((point[1] + 180.0) * _FINEST)


def _spans(box: Box, scale: float) -> tuple[range, range]:
    """Return the rows and columns of the cells that a box touches."""
    south, west, north, east = box
    return (
        range(int((south + 90.0) * scale), int((north + 90.0) * scale) + 1),
        range(int((west + 180.0) * scale), int((east + 180.0) * scale) + 1),
    )


def _at(grid: dict[Number, T], box: Box, scale: float) -> list[T]:
    """Return what is in the cells that a box touches."""
    rows, columns = _spans(box, scale)
    if len(rows) * len(columns) > len(grid):
        return [
            held
            for number, held in grid.items()
            if number // _ROW in rows and number % _ROW in columns
        ]
    found: list[T] = []
    for row in rows:
        first = row * _ROW
        numbers = range(first + columns.start, first + columns.stop)
        found += [held for number in numbers if (held := grid.get(number)) is not None]
    return found
