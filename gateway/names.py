"""Names in their order, by what records have in common, so that a kind is read without others."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList

from gateway.entry import Entry
from gateway.key import Key


class Names:
    """Names of records by their keys, each in order.

    Attributes:
        keys: How many keys were ever seen; another number means that there are new ones.
        changes: How often a name came or went to another key; another number ends iterators.
    """

    def __init__(self) -> None:
        self._lists: dict[Key, SortedList[str]] = {}
        self.keys = 0
        self.changes = 0

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        gathered: defaultdict[Key, list[str]] = defaultdict(list)
        for entry in entries:
            gathered[entry.key].append(entry.name)
        for key, names in gathered.items():
            self._of(key).update(names)

    def add(self, name: str, key: Key) -> None:
        """Add a name."""
        self.changes += 1
        self._of(key).add(name)

    def move(self, name: str, old: Key, new: Key) -> None:
        """Take note that a record has another key now."""
        if old is not new:
            self.changes += 1
            self._of(old).remove(name)
            self._of(new).add(name)

    def known(self) -> list[Key]:
        """Return all keys."""
        return list(self._lists)

    def count(self, keys: Iterable[Key]) -> int:
        """Return how many names have one of these keys."""
        return sum([len(self._lists[key]) for key in keys])

    def after(self, name: str, keys: Iterable[Key]) -> Iterator[str]:
        """Return the names of these keys after a name, in order."""
        # Names begin with agency and kind, so that no two groups overlap.
        groups: defaultdict[str, list[Key]] = defaultdict(list)
        for key in keys:
            groups[f"{key.agency}/{key.kind}/"].append(key)
        # What comes before the name's own group is over.
        own = name[: name.find("/", name.find("/") + 1) + 1]
        return itertools.chain.from_iterable(
            self._merged(groups[start], name) for start in sorted(groups) if start >= own
        )

    def _merged(self, keys: list[Key], name: str) -> Iterator[str]:
        """Return the names of a group's keys after a name, in order."""
        following: list[Iterable[str]] = [
            self._lists[key].irange(name, inclusive=(False, False)) if name else self._lists[key]
            for key in keys
        ]
        return iter(following[0]) if len(following) == 1 else heapq.merge(*following)

    def _of(self, key: Key) -> "SortedList[str]":
        """Return the names of a key."""
        names = self._lists.get(key)
        if names is None:
            names = self._lists[key] = SortedList()
            self.keys += 1
        return names
