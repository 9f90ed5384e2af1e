"""Watchers who watch the same: what happens is looked at and encoded once for all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from gateway.backlog import Backlog, Event
from gateway.encoding import named_event, record_event
from gateway.entry import Entry
from gateway.key import Key
from gateway.resume import Place
from gateway.snapshot import Encode, joined
from gateway.view import StateView, now_ns
from gateway.watched import Sight, Waiting, Watched
from liandong.gateway.v1.shared_state_pb2 import (
    EVENT_TYPE_CHANGE,
    EVENT_TYPE_REMOVAL,
    REMOVAL_REASON_EXPIRED,
    REMOVAL_REASON_NOT_SELECTED,
    REMOVAL_REASON_NOT_SHARED,
    RemovalReason,
)

_KEPT_BYTES = 1 << 20


class Batch(NamedTuple):
    """What comes after a position.

    Attributes:
        end: The position after it.
        messages: The events, joined.
        read: How many records of which key leave with it.
        place: Where to go on after it.
        overtaken: How many events are not in it, for a later one of the same record is.
    """

    end: int
    messages: Iterable[bytes]
    read: tuple[tuple[Key, int], ...]
    place: Place
    overtaken: int


class Group:
    """Watchers of one caller who have selected the same.

    Args:
        view: The shared state.
        watched: What they watch.
        sight: What the caller may see, and which of it they are told of.
        encode: Returns what leaves of an entry, after its length.
        backlog: What they have still to be sent.

    Attributes:
        watched: What they watch.
        permit: What the caller may see.
        selector: What tells which records they are told of.
        encode: Returns what leaves of an entry, after its length.
        stream: Which stream of the city is read now.
        turns: How often it has changed what the caller may see.
        watchers: Who they are.
        flushed: Up to which position watchers have been woken.
    """

    def __init__(
        self, view: StateView, watched: Watched, sight: Sight, encode: Encode, backlog: Backlog
    ) -> None:
        self.watched = watched
        self.permit, self.selector = sight
        self.encode = encode
        self.stream = ""
        self.turns = 0
        self.watchers: set[Waiting] = set()
        self.flushed = 0
        self._view = view
        self._backlog = backlog
        self._batches: dict[int, Batch] = {}
        self._next_flush = 0.0
        self._flushing: asyncio.Handle | None = None

    @property
    def end(self) -> int:
        """Return the position after all that has happened."""
        return self._backlog.end

    def place(self, sequence: int | None = None) -> Place:
        """Return up to where everything is told once all up to a sequence is; None: up to now."""
        at = self._view.sequence if sequence is None else sequence
        return Place(self.stream, self.permit.digest, at, self._view.course.stored(at))

    def change(self, entry: Entry, window_s: float) -> None:
        """Take in what has happened to a record, and wake the watchers within a time."""
        event = self.event(entry, self._view.replaced)
        if event is not None:
            self._add(event, window_s)

    def event(
        self, entry: Entry, replaced: Entry | None, place: Place | None = None
    ) -> Event | None:
        """Return what watchers are told of a change; None: nothing.

        Args:
            entry: The entry now.
            replaced: The entry before; None: there was none, or it is the same and has ended.
            place: Up to where everything is told then; None: up to now.
        """
        shown = self.selector.show(entry)
        # A removal of what has ended, and is told as such already, harms nobody.
        if shown is None and self.selector.show(lasting(replaced or entry)) is None:
            return None
        return self._told(entry, shown, place or self.place())

    def event_since(self, entry: Entry, key_then: Key, place: Place) -> Event | None:
        """Return what watchers are told of a record who were told of it long ago; None: nothing.

        Args:
            entry: The entry now.
            key_then: Its key then: by it, it may have been selected.
            place: Up to where everything is told then.
        """
        shown = self.selector.show(entry)
        if shown is None and not self.selector.selects(key_then):
            return None
        return self._told(entry, shown, place)

    def _told(self, entry: Entry, shown: Entry | None, place: Place) -> Event:
        """Return a change, or a removal."""
        token = place.token(self.watched.bound_to)
        if shown is None:
            return removal(entry.name, token, self._reason(entry))
        return Event(
            entry.name, record_event(EVENT_TYPE_CHANGE, self.encode(shown), token), shown.key
        )

    def turn(self, sight: Sight, affected: Iterable[Entry], window_s: float) -> None:
        """Go over to what agreements now open.

        Args:
            sight: What is seen from now on.
            affected: The entries of which that may differ.
            window_s: Within what time watchers are woken.
        """
        before, untold = self.selector, self.place()
        self.permit, self.selector = sight
        turned = []
        for entry in affected:
            was, shown = before.show(entry), self.selector.show(entry)
            if (was and was.sized) != (shown and shown.sized):
                turned.append((entry, shown))
        # All of them are at one place: until the last is told, the agreements are still others.
        events = [self._told(entry, shown, untold) for entry, shown in turned[:-1]]
        events += [self._told(entry, shown, self.place()) for entry, shown in turned[-1:]]
        self._batches.clear()
        # What some have not been sent yet may not be sent any more.
        self._backlog.close({event.name for event in events})
        for event in events:
            self._add(event, window_s)

    def batch(self, position: int) -> Batch:
        """Return what comes after a position, made once for all who stand there.

        Raises:
            Behind: If it is not all there.
        """
        batch = self._batches.get(position)
        if batch is None:
            events = self._backlog.since(position)
            read = Counter(event.key for event in events if event.key is not None)
            messages: Iterable[bytes] = joined(event.data for event in events)
            overtaken = self.end - position - len(events)
            batch = Batch(self.end, messages, tuple(read.items()), self.place(), overtaken)
            if sum(len(event.data) for event in events) <= _KEPT_BYTES:
                batch = self._batches[position] = batch._replace(messages=tuple(messages))
        return batch

    def leave(self, watcher: Waiting) -> None:
        """Go on without a watcher."""
        self.watchers.discard(watcher)
        if not self.watchers and self._flushing is not None:
            self._flushing.cancel()

    def _reason(self, entry: Entry) -> "RemovalReason.ValueType":
        """Return why an entry is not shown."""
        if 0 < entry.expires <= now_ns():
            return REMOVAL_REASON_EXPIRED
        if self.permit.disclosure(entry.key) is None:
            return REMOVAL_REASON_NOT_SHARED
        return REMOVAL_REASON_NOT_SELECTED

    def _add(self, event: Event, window_s: float) -> None:
        """Take an event in, and wake the watchers: now when idle, else when the window is over."""
        self._batches.clear()
        self._backlog.add(event)
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            now = loop.time()
            if now >= self._next_flush:
                # Not here: what comes in the same turn of the loop goes with it.
                self._flushing = loop.call_soon(self._flush, window_s)
            else:
                self._flushing = loop.call_at(self._next_flush, self._flush, window_s)

    def _flush(self, window_s: float) -> None:
        """Wake the watchers, and let go of what all of them have been sent."""
        self._flushing = None
        self._next_flush = asyncio.get_running_loop().time() + window_s
        self.flushed = self.end
        for watcher in self.watchers:
            watcher.wake()
        self._backlog.trim(min((one.position for one in self.watchers), default=self.end))


def removal(name: str, token: str, reason: "RemovalReason.ValueType") -> Event:
    """Return the event that a record is gone."""
    return Event(name, named_event(EVENT_TYPE_REMOVAL, name, token, reason=reason), None)


def lasting(entry: Entry) -> Entry:
    """Return an entry as it was before it ended."""
    return replace(entry, expires=0) if entry.expires else entry
