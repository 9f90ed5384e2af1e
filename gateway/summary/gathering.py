"""Groups gathered from entries one after another, where no columns are kept."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gateway.entry import KEY, Entry
from gateway.key import Key
from gateway.summary.cells import Cells
from gateway.summary.grouping import NO_TIME, Common, Facts, Group, Grouping
from gateway.summary.numbers import ABSENT, Number

_NONE: Final = (0, 0, 0.0, float("inf"), float("-inf"))


class Gathering:
    """Groups of entries.

    Args:
        grouping: By what they are grouped.
        number: Their value; None: they are counted only.
        bucket_ns: How long time buckets are, nanoseconds; 0: there are none.

    Attributes:
        read: How many there were of which key.
        ends: When the first of them ends, nanoseconds since 1970 UTC; 0: none does.
    """

    def __init__(self, grouping: Grouping, number: Number | None, bucket_ns: int = 0) -> None:
        self.read: Counter[Key] = Counter()
        self.ends = 0
        self._grouping, self._number, self._bucket_ns = grouping, number, bucket_ns
        self._cells = None if grouping.resolution is None else Cells(grouping.resolution)
        self._groups: dict[tuple[int, Common, int], Facts] = {}

    def add(self, entries: Sequence[Entry]) -> None:
        """Count entries, as the caller sees them.

        Raises:
            SummaryTooLarge: If there are too many groups.
        """
        groups, cells, number, bucket = self._groups, self._cells, self._number, self._bucket_ns
        common = self._grouping.common
        self.read.update(map(KEY, entries))
        for entry in entries:
            if entry.expires and (entry.expires < self.ends or not self.ends):
                self.ends = entry.expires
            place = (
                0 if cells is None else cells.number(entry),
                common(entry.key),
                entry.counted // bucket * bucket if bucket else NO_TIME,
            )
            count, stated, total, least, most = groups.get(place, _NONE)
            value = ABSENT if number is None else number.of(entry.payload)
            if value is not ABSENT:
                stated, total = stated + 1, total + value
                least, most = min(least, value), max(most, value)
            groups[place] = count + 1, stated, total, least, most
        self._grouping.require_few(len(groups))

    def groups(self) -> list[Group]:
        """Return the groups."""
        ids = [0] if self._cells is None else self._cells.ids
        return [
            (ids[cell], common, start, *known)
            for (cell, common, start), known in self._groups.items()
        ]
