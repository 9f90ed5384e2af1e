"""Names in their order, by what records have in common, so that a kind is read without others."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from sortedcontainers import SortedList

from gateway.entry import Entry
from gateway.key import Key

# Merging lists costs some five times what it costs to pass a name over.
_MERGED: Final = 5


class Names:
    """Names of records in order: by agency and kind, and by key.

    Attributes:
        keys: How many keys were ever seen; another number means that there are new ones.
        changes: How often a name came or went to another key; another number ends iterators.
    """

    def __init__(self) -> None:
        self._lists: dict[Key, SortedList[str]] = {}
        # By what names begin with, so that no two groups overlap.
        self._groups: dict[str, SortedList[str]] = {}
        self.keys = 0
        self.changes = 0

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        gathered: defaultdict[Key, list[str]] = defaultdict(list)
        for entry in entries:
            gathered[entry.key].append(entry.name)
        together: defaultdict[str, list[str]] = defaultdict(list)
        for key, names in gathered.items():
            names.sort()
            self._of(key).update(names)
            together[_start(key)] += names
        for start, names in together.items():
            self._groups[start].update(names)

    def add(self, name: str, key: Key) -> None:
        """Add a name."""
        self.changes += 1
        self._of(key).add(name)
        self._groups[_start(key)].add(name)

    def move(self, name: str, old: Key, new: Key) -> None:
        """Take note that a record has another key now; agency and kind are in its name."""
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
        """Return the names of these keys after a name, and of some others, in order."""
        groups: defaultdict[str, list[Key]] = defaultdict(list)
        for key in keys:
            groups[_start(key)].append(key)
        # What comes before the name's own group is over.
        own = name[: name.find("/", name.find("/") + 1) + 1]
        return itertools.chain.from_iterable(
            self._following(start, groups[start], name) for start in sorted(groups) if start >= own
        )

    def _following(self, start: str, keys: list[Key], name: str) -> Iterator[str]:
        """Return the names of a group's keys after a name, and of some others, in order."""
        group = self._groups[start]
        if len(keys) > 1 and self.count(keys) * _MERGED >= len(group):
            return _after(group, name)
        lists = [_after(self._lists[key], name) for key in keys]
        return lists[0] if len(lists) == 1 else heapq.merge(*lists)

    def _of(self, key: Key) -> "SortedList[str]":
        """Return the names of a key."""
        names = self._lists.get(key)
        if names is None:
            names = self._lists[key] = SortedList()
            self._groups.setdefault(_start(key), SortedList())
            self.keys += 1
        return names


def _after(names: "SortedList[str]", name: str) -> Iterator[str]:
    """Return what comes after a name; beginning in the middle costs a search."""
    return names.irange(name, inclusive=(False, False)) if name else iter(names)


def _start(key: Key) -> str:
    """Return what the names of a key begin with."""
    return f"{key.agency}/{key.kind}/"
