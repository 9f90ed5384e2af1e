"""When records were observed: names by the minute, so that a span is read without others."""

import bisect
from collections.abc import Iterable

from gateway.entry import Entry

MINUTE_NS = 60_000_000_000


class Times:
    """Names of records by the minute in which they were observed."""

    def __init__(self) -> None:
        self._minutes: dict[int, set[str]] = {}
        self._sorted: list[int] | None = None

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        minutes = self._minutes
        for entry in entries:
            minute = entry.observed // MINUTE_NS
            names = minutes.get(minute)
            if names is None:
                minutes[minute] = {entry.name}
            else:
                names.add(entry.name)
        self._sorted = None

    def move(self, name: str, old: int | None, new: int) -> None:
        """Take note that a record was observed at another time, nanoseconds since 1970 UTC."""
        minute = new // MINUTE_NS
        if old is not None:
            before = old // MINUTE_NS
            if before == minute:
                return
            names = self._minutes[before]
            names.discard(name)
            if not names:
                del self._minutes[before]
                self._sorted = None
        held = self._minutes.get(minute)
        if held is None:
            self._minutes[minute] = {name}
            self._sorted = None
        else:
            held.add(name)

    def minutes(
        self, start: int | None, end: int | None, *, latest_first: bool = False
    ) -> list[int]:
        """Return the minutes, since 1970 UTC, that a span of time touches, in their order.

        Args:
            start: From when, nanoseconds since 1970 UTC; None: from the first.
            end: Until when; that moment still belongs to it; None: until the last.
            latest_first: Whether the latest minute comes first.
        """
        minutes = self._in_order()
        first = 0 if start is None else bisect.bisect_left(minutes, start // MINUTE_NS)
        last = len(minutes) if end is None else bisect.bisect_right(minutes, end // MINUTE_NS)
        span = minutes[first:last]
        if latest_first:
            span.reverse()
        return span

    def within(self, minute: int) -> set[str]:
        """Return the names that were observed in a minute; it may have none any more."""
        return self._minutes.get(minute, _NONE)

    def _in_order(self) -> list[int]:
        """Return the minutes in their order."""
        if self._sorted is None:
            self._sorted = sorted(self._minutes)
        return self._sorted


_NONE: set[str] = set()
