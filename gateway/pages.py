"""Pages that were asked for, kept until one of the records changes that they might hold.

Screens ask for the same first page again and again, many of them at once. A page is the same
while no record of the keys that it selects has changed and none that it holds has ended.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.entry import KEY, Entry
from gateway.key import Key
from gateway.order import NAME
from gateway.query import Query
from gateway.view import StateView, now_ns

_KEPT: Final = 256
_KEPT_BYTES: Final = 16 << 20
Mark = tuple[int, int]
"""How many keys there are, and how often records of the selected ones have changed."""


@dataclass(slots=True)
class Page:
    """A page as it was answered.

    Attributes:
        mark: When.
        ends: When the first of its records ends, nanoseconds since 1970 UTC; 0: none does.
        encoded: Its bytes.
        read: How many records of which key it holds.
    """

    mark: Mark
    ends: int
    encoded: bytes
    read: Counter[Key]


class Pages:
    """Keeps pages of queries that look at keys alone.

    Args:
        view: The shared state.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self._kept: dict[tuple[Query, str, int], Page] = {}
        self._bytes = 0

    def mark(self, query: Query) -> Mark | None:
        """Return what changes when a query's pages may; None: they are not kept."""
        if query.order.by != NAME or query.selector.is_narrow:
            return None
        names, changed = self._view.names, self._view.changed
        return names.keys, sum([changed[key] for key in query.selector.keys(names)])

    def of(self, query: Query, token: str, size: int, mark: Mark | None) -> Page | None:
        """Return a page that is still the same."""
        page = self._kept.get((query, token, size))
        if page is None or page.mark != mark or 0 < page.ends <= now_ns():
            return None
        return page

    def keep(
        self, asked: tuple[Query, str, int], mark: Mark, encoded: bytes, entries: Sequence[Entry]
    ) -> None:
        """Keep a page with the entries that it holds."""
        if len(self._kept) >= _KEPT or self._bytes >= _KEPT_BYTES:
            self._kept.clear()
            self._bytes = 0
        ends = min((entry.expires for entry in entries if entry.expires), default=0)
        self._kept[asked] = Page(mark, ends, encoded, Counter(map(KEY, entries)))
        self._bytes += len(encoded)
