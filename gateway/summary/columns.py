"""Columns of the shared state, made when a summary first asks for them, and kept while any does.

A whole state is so summarised in the time that adding up its numbers takes: by key, and
only of keys whose records have changed since.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from gateway.entry import Entry
from gateway.key import Key
from gateway.summary.cells import Cells
from gateway.summary.numbers import Number
from gateway.summary.rows import SLICE, Column, Rows
from gateway.summary.tally import Numbers, Tally, tally, whole
from gateway.view import StateView, now_ns

_KEPT_S: Final = 300.0
_MOST_COLUMNS: Final = 24
_TURN_S: Final = 0.002
# Moving things meet ever more cells: beyond these numbers begin anew.
_CELLS: Final = 1 << 16


class Part(NamedTuple):
    """What is asked of the records of one key.

    Attributes:
        key: The key.
        resolution: Of their cells; None: their cells are not told apart.
        number: Their value; None: they have none.
    """

    key: Key
    resolution: int | None
    number: Number | None


class _Known(NamedTuple):
    """A tally, and until when it is right."""

    tally: Tally
    changes: int
    ends: int


class Columns:
    """Columns of the records of each key; a view has no more than one of these.

    Args:
        view: The shared state.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self._rows: dict[Key, Rows] = {}
        self._cells: dict[int, Cells] = {}
        self._known: dict[Part, _Known] = {}
        self._used: dict[object, float] = {}
        self._lock = asyncio.Lock()
        self._end: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def tallies(
        self, parts: Sequence[Part], resolution: int | None
    ) -> tuple[list[Tally], Numbers, int]:
        """Return the tally of each part, all of the same moment.

        Args:
            parts: What is asked.
            resolution: Of the cells of those that tell them apart.

        Returns:
            The tallies, the cell of each number in them, and when the first of their records
            ends, nanoseconds since 1970 UTC; 0: none does.
        """
        async with self._lock:
            self._begin(resolution, parts)
            await self._work(parts, counts=False)
            await self._work(parts, counts=True)
            # What has changed since is little: without a pause, so that each record counts once.
            for _ in self._steps(parts, counts=True):
                pass
            known = [self._known[part] for part in parts]
            cells = np.array([0] if resolution is None else self._cells[resolution].ids)
            ends = min((one.ends for one in known if one.ends), default=0)
            return [one.tally for one in known], cells, ends

    async def _work(self, parts: Sequence[Part], *, counts: bool) -> None:
        """Bring parts up to date, giving way to others."""
        since = time.perf_counter()
        for _ in self._steps(parts, counts=counts):
            if time.perf_counter() - since > _TURN_S:
                await asyncio.sleep(0)
                since = time.perf_counter()

    def _begin(self, resolution: int | None, parts: Sequence[Part]) -> None:
        """Make room for what is asked."""
        if self._end is None:
            self._end = self._view.listen(self._take)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_KEPT_S, self._forget)
        now = time.monotonic()
        paths = {part.number.path for part in parts if part.number is not None}
        for asked in ({resolution} - {None}) | paths | {None}:
            self._used[asked] = now
        while len(self._used) > _MOST_COLUMNS:
            self._drop(min(self._used, key=self._used.__getitem__))
        if resolution is not None:
            cells = self._cells.get(resolution)
            if cells is not None and len(cells.ids) > 2 * len(self._view) + _CELLS:
                self._drop(resolution)
                self._used[resolution] = now
            self._cells.setdefault(resolution, Cells(resolution))

    def _steps(self, parts: Sequence[Part], *, counts: bool) -> Iterator[None]:
        """Bring the columns of parts up to date, a slice at a time, and count those if asked to."""
        now = now_ns()
        for part in parts:
            known, rows = self._known.get(part), self._rows.get(part.key)
            is_right = (
                known is not None
                and rows is not None
                and known.changes == rows.changes
                and not 0 < known.ends <= now
            )
            if not is_right:
                yield from self._renew(part, counts=counts)

    def _renew(self, part: Part, *, counts: bool) -> Iterator[None]:
        """Bring the columns of a part up to date, and count it anew if asked to."""
        rows = self._rows.get(part.key)
        if rows is None:
            rows = self._rows[part.key] = Rows()
        yield from self._fill(rows, part.key)
        columns: list[Column] = []
        if part.resolution is not None:
            cells = self._cells[part.resolution]
            columns.append(rows.columns.setdefault(part.resolution, Column("i")))
            yield from rows.refresh(columns[-1], self._entry, cells.number)
        if part.number is not None:
            columns.append(rows.columns.setdefault(part.number.path, Column("d")))
            number = part.number
            yield from rows.refresh(
                columns[-1], self._entry, lambda entry: number.of(entry.payload)
            )
        if counts and all(rows.is_fresh(column) for column in columns):
            self._known[part] = _counted(rows, part)
            yield

    def _fill(self, rows: Rows, key: Key) -> Iterator[None]:
        """Take in all entries of a key, if they are not yet."""
        names = self._view.names
        if len(rows.names) == names.count((key,)):
            return
        every = list(names.after("", (key,)))
        for start in range(0, len(every), SLICE):
            for entry in self._view.of(every[start : start + SLICE]):
                if entry.key is key and not rows.has(entry):
                    rows.take(entry)
            yield

    def _entry(self, name: str) -> Entry:
        """Return the entry of a name that is held."""
        entry = self._view.get(name)
        assert entry is not None, "what the view has taken it keeps"
        return entry

    def _take(self, entry: Entry) -> None:
        """Take a change."""
        replaced = self._view.replaced
        if replaced is not None and replaced.key is not entry.key:
            rows = self._rows.get(replaced.key)
            if rows is not None and rows.has(replaced):
                moved = rows.remove(replaced)
                if moved is not entry.name:
                    self._entry(moved).row = replaced.row
        rows = self._rows.get(entry.key)
        if rows is not None:
            rows.take(entry)

    def _forget(self) -> None:
        """Forget what was not asked for lately."""
        self._timer = None
        limit = time.monotonic() - _KEPT_S
        for asked in [one for one, at in self._used.items() if at <= limit]:
            self._drop(asked)
        if self._used:
            self._timer = asyncio.get_running_loop().call_later(_KEPT_S, self._forget)
        elif self._end is not None:
            self._end()
            self._end = None
            self._rows.clear()
            self._known.clear()

    def _drop(self, asked: object) -> None:
        """Forget a column of all keys, by its resolution or path."""
        self._used.pop(asked, None)
        for rows in self._rows.values():
            rows.columns.pop(asked, None)
        if isinstance(asked, int):
            self._cells.pop(asked, None)
        for part in list(self._known):
            if asked in {part.resolution, part.number.path if part.number else None}:
                del self._known[part]


def _counted(rows: Rows, part: Part) -> _Known:
    """Return the tally of columns that are up to date."""
    if not rows.names:
        return _Known(whole(0, None), rows.changes, 0)
    live, ends = rows.live(now_ns())
    values = cells = None
    if part.number is not None:
        values = np.frombuffer(rows.columns[part.number.path].held, np.float64)
        values = values if live is None else values[live]
    if part.resolution is not None:
        cells = np.frombuffer(rows.columns[part.resolution].held, np.int32)
        cells = cells if live is None else cells[live]
        counted = tally(cells, values)
    else:
        counted = whole(len(rows.names) if live is None else int(live.sum()), values)
    return _Known(counted, rows.changes, ends)
