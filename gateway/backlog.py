"""What a group of watchers has still to be sent: kept once, whatever their number.

Each watcher has a position in it, a number. So a watcher that reads slowly costs no memory
of its own, and one that reads nothing cannot hold the others up.
"""

import itertools
from collections import deque
from collections.abc import Collection
from typing import NamedTuple, Protocol

from gateway.key import Key


class Event(NamedTuple):
    """An event, ready to be sent.

    Attributes:
        name: The record's name.
        data: The event as an element of the response.
        key: What the record that leaves has in common with others; None: none leaves.
    """

    name: str
    data: bytes
    key: Key | None


class Behind(Exception):
    """What comes after a position is no longer kept."""


class Backlog(Protocol):
    """Events in order, and positions between them.

    Attributes:
        end: The position after the last.
    """

    end: int

    def add(self, event: Event) -> None:
        """Take an event in at the end."""

    def since(self, position: int) -> list[Event]:
        """Return the events after a position.

        Raises:
            Behind: If they are not all there.
        """

    def trim(self, position: int) -> None:
        """Let go of what lies before a position, at which no watcher stands."""

    def close(self, names: Collection[str]) -> None:
        """Take out what is said of records that may not be shown any more."""


class Latest:
    """Keeps the latest event of each record: never more than are selected."""

    def __init__(self) -> None:
        self.end = 0
        self._held: dict[str, tuple[int, Event]] = {}

    def add(self, event: Event) -> None:
        """Take an event in, in place of the record's one before."""
        # Taken out first, so that the order is that of the latest change.
        self._held.pop(event.name, None)
        self._held[event.name] = (self.end, event)
        self.end += 1

    def since(self, position: int) -> list[Event]:
        """Return the latest event of each record that has one after a position."""
        latest = reversed(self._held.values())
        events = [event for _, event in itertools.takewhile(lambda one: one[0] >= position, latest)]
        events.reverse()
        return events

    def trim(self, position: int) -> None:
        """Let go of what lies before a position."""
        held = self._held
        before = itertools.takewhile(lambda name: held[name][0] < position, held)
        for name in tuple(before):
            del held[name]

    def close(self, names: Collection[str]) -> None:
        """Take out what is said of records."""
        for name in names:
            self._held.pop(name, None)


class Every:
    """Keeps every event, up to a number of bytes.

    Args:
        limit: How many bytes; the oldest events go first.
    """

    def __init__(self, limit: int) -> None:
        self.end = 0
        self._limit = limit
        self._bytes = 0
        self._held: deque[Event] = deque()

    def add(self, event: Event) -> None:
        """Take an event in."""
        self._held.append(event)
        self._bytes += len(event.data)
        self.end += 1
        while self._bytes > self._limit:
            self._bytes -= len(self._held.popleft().data)

    def since(self, position: int) -> list[Event]:
        """Return the events after a position.

        Raises:
            Behind: If they are not all there.
        """
        count = self.end - position
        if count > len(self._held):
            raise Behind
        events = list(itertools.islice(reversed(self._held), count))
        events.reverse()
        return events

    def trim(self, position: int) -> None:
        """Let go of what lies before a position."""
        while len(self._held) > self.end - position:
            self._bytes -= len(self._held.popleft().data)

    def close(self, names: Collection[str]) -> None:
        """Empty the events of records; their places stay."""
        self._held = deque(
            Event(event.name, b"", None) if event.name in names else event for event in self._held
        )
        self._bytes = sum(len(event.data) for event in self._held)
