"""The shared state: the newest observation of everything, kept in memory.

It never goes back in time: a record observed earlier than the one that is held, such as
a station's back-fill, changes nothing here. Of two observed at the same moment the one
stored later holds. One observed ahead of its storing counts as observed when it was stored,
so that the next true reading replaces it.
"""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import structlog
from google.protobuf.message import DecodeError

from broker.delivery import Delivery
from gateway.course import Course
from gateway.entry import Entry, stored_entry
from gateway.key import Key
from gateway.names import Names
from gateway.space import Space
from gateway.times import Times

Listener = Callable[[Entry], None]
_log = structlog.get_logger()


class StateView:
    """Holds the newest entry of each record, and tells listeners of changes.

    Attributes:
        sequence: Of the city's stream, the last that was taken.
        refused: How many messages were no records, or not those that their subjects are for.
        passed: Up to which sequence all was taken when the stream was last silent; what lies
            between is no state of this view.
        changes: How many there were; the same number means the same state.
        replaced: While listeners are told of an entry: which one it took the place of.
        course: What was read of the city's stream.
        names: The names in order, by what records have in common.
        space: The entries by place.
        times: The names by the time of observation.
        changed: How often records of a key have changed, counted from when it was indexed.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._expiring: list[tuple[int, str]] = []
        self._listeners: set[Listener] = set()
        self.sequence = self.passed = 0
        self.refused = 0
        self.changes = 0
        self.replaced: Entry | None = None
        self.course = Course()
        self.names, self.space, self.times = Names(), Space(), Times()
        self.changed: Counter[Key] = Counter()
        self._is_indexed = False

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, delivery: Delivery) -> None:
        """Take a record from the city's stream."""
        changed = self._changed_by(delivery)
        self.sequence = delivery.sequence
        self.course.passed(delivery.sequence, delivery.timestamp_ns, changes=changed is not None)
        if changed is None:
            return
        entry, held = changed, self._entries.pop(changed.name, None)
        self.changes += 1
        if held is not None and held.key is not entry.key:
            self.course.moved(entry.name, entry.sequence, held.key)
        # At the end: entries are in the order of their changes.
        self._entries[entry.name] = entry
        if self._is_indexed:
            self._index(held, entry)
        if entry.expires:
            heapq.heappush(self._expiring, (entry.expires, entry.name))
        self._tell(entry, held)

    def _changed_by(self, delivery: Delivery) -> Entry | None:
        """Return the entry by which a delivery changes the state; None: it does not."""
        try:
            entry = stored_entry(delivery)
        except (DecodeError, ValueError) as error:
            self.refused += 1
            # Whoever sends many must not fill the log with them.
            if not self.refused & (self.refused - 1):
                told = {"subject": delivery.subject, "so_far": self.refused}
                _log.error("not a record", error=str(error), **told)
            return None
        held = self._entries.get(entry.name)
        if held is not None and held.counted > entry.counted:
            return None
        if held is not None:
            # The indexes hold the name already: one string for all.
            entry.name, entry.row = held.name, held.row
        if held is not None and held.sized == entry.sized:
            # Read again, or said again: no change that anyone need be told of.
            self._entries[entry.name] = entry
            if self._is_indexed:
                self.space.replace(held, entry)
            return None
        return entry

    def _tell(self, entry: Entry, replaced: Entry | None) -> None:
        """Tell listeners of an entry."""
        self.replaced = replaced
        for listener in self._listeners:
            listener(entry)
        self.replaced = None

    def restart(self) -> None:
        """Take the city's stream from its start again, whose sequences may be given anew.

        What is held stays: all of it is in the agencies' streams, and comes again.
        """
        self.sequence = self.passed = 0
        self.course.restart()

    def pass_over(self, sequence: int) -> None:
        """Note up to which sequence of the city's stream all was taken."""
        self.passed = sequence

    @property
    def reached(self) -> int:
        """Return up to which sequence of the city's stream the state is known."""
        return max(self.sequence, self.passed)

    def expire(self, now_ns: int) -> None:
        """Tell listeners of the records that have ended by now."""
        while self._expiring and self._expiring[0][0] <= now_ns:
            expires, name = heapq.heappop(self._expiring)
            entry = self._entries.get(name)
            if entry is not None and entry.expires == expires:
                self.changes += 1
                self.course.ended(expires, name)
                self._tell(entry, None)

    def get(self, name: str) -> Entry | None:
        """Return the entry of a record, also when it has expired."""
        return self._entries.get(name)

    def index(self) -> None:
        """Build the indexes, at once from all that is held; from here on changes enter them.

        A view is indexed when it has caught up: for a million records that costs half of
        what it costs with each record that comes.
        """
        if self._is_indexed:
            return
        held = self._entries.values()
        self.names.fill(held)
        self.space.fill(held)
        self.times.fill(held)
        self._is_indexed = True

    def _index(self, held: Entry | None, entry: Entry) -> None:
        """Note in the indexes that an entry is new, or took the place of another."""
        name = entry.name
        self.changed[entry.key] += 1
        if held is None:
            self.names.add(name, entry.key)
            self.space.add(entry)
            self.times.move(name, None, entry.observed)
        else:
            if held.key is not entry.key:
                self.changed[held.key] += 1
                self.names.move(name, held.key, entry.key)
            self.space.replace(held, entry)
            self.times.move(name, held.observed, entry.observed)

    def after(self, name: str) -> Iterator[Entry]:
        """Return the entries after a name, in the order of their names."""
        self.index()
        return self.of(self.names.after(name, self.names.known()))

    def of(self, names: Iterable[str]) -> Iterator[Entry]:
        """Return the entries of names that are held."""
        return map(self._entries.__getitem__, names)

    def entries(self) -> list[Entry]:
        """Return all entries."""
        return list(self._entries.values())

    def changed_since(self, sequence: int) -> Iterator[Entry]:
        """Return the entries that have changed after a sequence of the stream, latest first."""
        latest = reversed(self._entries.values())
        return itertools.takewhile(lambda entry: entry.sequence > sequence, latest)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with each change; returns a function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)


def now_ns() -> int:
    """Return the time now, nanoseconds since 1970 UTC."""
    return time.time_ns()
