"""Names in their order, by what records have in common, so that a kind is read without others."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

from sortedcontainers import SortedList

from gateway.entry import Entry
from gateway.key import Key

_Group = dict[Key, "SortedList[str]"]


class Names:
    """Names of records by their keys, each in order.

    Attributes:
        keys: How many keys were ever seen; another number means that there are new ones.
    """

    def __init__(self) -> None:
        # Names begin with agency and kind, so that no two groups overlap.
        self._groups: dict[str, _Group] = {}
        self.keys = 0

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add many entries."""
        gathered: defaultdict[Key, list[str]] = defaultdict(list)
        for entry in entries:
            gathered[entry.key].append(entry.name)
        for key, names in gathered.items():
            self._of(key).update(names)

    def add(self, name: str, key: Key) -> None:
        """Add a name."""
        self._of(key).add(name)

    def move(self, name: str, old: Key, new: Key) -> None:
        """Take note that a record has another key now."""
        if old is not new:
            self._of(old).remove(name)
            self._of(new).add(name)

    def known(self) -> list[Key]:
        """Return all keys."""
        return [key for group in self._groups.values() for key in group]

    def count(self, keys: Iterable[Key]) -> int:
        """Return how many names have one of these keys."""
        return sum(len(self._of(key)) for key in keys)

    def after(self, name: str, keys: Iterable[Key]) -> Iterator[str]:
        """Return the names of these keys after a name, in order."""
        groups: defaultdict[str, list[Key]] = defaultdict(list)
        for key in keys:
            groups[_start(key)].append(key)
        # All names of a group before the one whose beginning is greater.
        first = name[: _second_slash(name)] if name else ""
        return itertools.chain.from_iterable(
            self._merged(groups[start], name) for start in sorted(groups) if start >= first
        )

    def _merged(self, keys: list[Key], name: str) -> Iterator[str]:
        """Return the names of a group's keys after a name, in order."""
        lists = [self._of(key) for key in keys]
        # Beginning in the middle costs a search in each; from the start, nothing.
        following = [names.irange(name, inclusive=(False, False)) if name else names for names in lists]
        return iter(following[0]) if len(following) == 1 else heapq.merge(*following)

    def _of(self, key: Key) -> "SortedList[str]":
        """Return the names of a key."""
        group = self._groups.setdefault(_start(key), {})
        names = group.get(key)
        if names is None:
            names = group[key] = SortedList()
            self.keys += 1
        return names


def _start(key: Key) -> str:
    """Return what the names of a key begin with."""
    return f"{key.agency}/{key.kind}/"


def _second_slash(name: str) -> int:
    """Return where a name's agency and kind end."""
    return name.find("/", name.find("/") + 1) + 1

