"""What a watcher has missed since its token, as events; or that it must begin anew."""

import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator

from google.protobuf.message import DecodeError

from broker.errors import StreamUnavailable
from broker.revisions import Revisions, RevisionsLost
from broker.subjects import share_subject
from gateway.backlog import Event
from gateway.entry import Entry, stored_entry
from gateway.errors import RevisionsGone, StreamAway
from gateway.group import Group, lasting, removal
from gateway.key import Key
from gateway.resume import Place
from gateway.told_on import subjects_of
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import REMOVAL_REASON_EXPIRED

# Of two clocks, the gateway's and the bus's, one may be ahead.
_CLOCKS_NS = 60_000_000_000
_REMOVALS = 10_000


class StartOver(Exception):
    """What was missed is not known exactly."""


async def missed(view: StateView, group: Group, after: Place, replay: "Replay") -> list[Event]:
    """Return the latest event of each record that has changed since, in their order.

    Args:
        view: The shared state.
        group: Who watches, and what.
        after: Up to where the watcher has been told everything.
        replay: Reads what the view does not know.

    Raises:
        StartOver: If another stream or other agreements were meant, or too much has happened.
    """
    require_same(view, group, after)
    changed = list(view.changed_since(after.sequence))
    gone = list(ended(view, group, after))
    keys = await replay.keys_then(changed, group, after)
    events = []
    for entry in reversed(changed):
        key_then = keys.get(entry.name, entry.key)
        if key_then is None:
            continue
        event = group.event_since(entry, key_then, group.place(entry.sequence))
        if event is not None:
            events.append(event)
    if sum(event.key is None for event in events) + len(gone) > _REMOVALS:
        raise StartOver
    return gone + events


def require_same(view: StateView, group: Group, after: Place) -> None:
    """Check that a place lies in the stream that is read, under the agreements that hold.

    Raises:
        StartOver: If it does not.
    """
    here = (group.stream, group.permit.digest)
    if not group.stream or (after.stream, after.permit) != here:
        raise StartOver
    if after.sequence > view.reached:
        raise StartOver
    if not view.course.goes_through(after.sequence, after.stored_ns):
        raise StartOver


def ended(view: StateView, group: Group, after: Place) -> Iterator[Event]:
    """Return a removal of each record that has ended since and has not changed.

    Raises:
        StartOver: If not all of them are known.
    """
    names = view.course.ended_after(max(after.stored_ns - _CLOCKS_NS, 0))
    if names is None:
        raise StartOver
    token = after.token(group.watched.bound_to)
    for name in names:
        entry = view.get(name)
        if entry is None or entry.sequence > after.sequence:
            continue
        if group.selector.show(entry) is None and group.selector.show(lasting(entry)) is not None:
            yield removal(name, token, REMOVAL_REASON_EXPIRED)


class Replay:
    """Reads missed revisions out of the stream itself.

    Args:
        view: The shared state.
        revisions: What the stream keeps.
    """

    def __init__(self, view: StateView, revisions: Revisions) -> None:
        self._view = view
        self._revisions = revisions

    async def keys_then(
        self, changed: Iterable[Entry], group: Group, after: Place
    ) -> dict[str, Key | None]:
        """Return the keys that changed records had at a place; None: they were not there yet.

        Those that are shown now are left out where they would have to be read: whatever they
        were, the watcher is told of them.

        Raises:
            StartOver: If what a record was may have gone.
        """
        course, sequence = self._view.course, after.sequence
        if sequence + 1 >= course.exact_since:
            return {one.name: course.key_at(one.name, sequence, one.key) for one in changed}
        subjects = {
            share_subject(one.name): one.name for one in changed if group.selector.show(one) is None
        }
        if len(subjects) > _REMOVALS:
            raise StartOver
        try:
            held = await self._revisions.at(sequence, subjects)
            then = {subjects[subject]: stored_entry(one).key for subject, one in held.items()}
        except (RevisionsLost, StreamUnavailable, DecodeError, ValueError) as error:
            raise StartOver from error
        keys: dict[str, Key | None] = dict.fromkeys(subjects.values())
        keys.update(then)
        return keys

    async def events(self, group: Group, after: Place, last: int) -> AsyncGenerator[Event, None]:
        """Yield an event for each revision that changed the state, in the stream's order.

        Args:
            group: Who watches, and what.
            after: Up to where the watcher has been told everything.
            last: Up to which sequence.

        Raises:
            RevisionsGone: If not all of them are known any more.
            StreamAway: If the stream cannot be read.
        """
        try:
            require_same(self._view, group, after)
            gone = list(ended(self._view, group, after))
        except StartOver as error:
            raise RevisionsGone("the stream or the agreements are others than then") from error
        if not self._view.course.knows(after.sequence):
            raise RevisionsGone("too much has happened since")
        # What ended did so at a time, not at a place in the stream.
        for event in gone:
            yield event
        told: dict[str, Entry] = {}
        try:
            async for entry in self._entries(group, after, last):
                before = told.get(entry.name)
                if before is not None and before.counted > entry.counted:
                    continue
                said = self._event(group, after, entry, before)
                told[entry.name] = entry
                if said is not None:
                    yield said
        except RevisionsLost as error:
            raise RevisionsGone(str(error)) from error
        except StreamUnavailable as error:
            raise StreamAway from error
        for event in self._ended_now(group, told.values(), group.place(last)):
            yield event

    @staticmethod
    def _ended_now(group: Group, told: Iterable[Entry], place: Place) -> Iterator[Event]:
        """Return a removal of each entry that has been told and has ended by now."""
        for entry in told:
            event = None if group.selector.show(entry) else group.event(entry, None, place)
            if event is not None:
                yield event

    async def _entries(self, group: Group, after: Place, last: int) -> AsyncGenerator[Entry, None]:
        """Yield the entry of each revision that changed the state."""
        deliveries = self._revisions.after(
            after.sequence, last, subjects_of(group.watched.selection)
        )
        async with contextlib.aclosing(deliveries):
            async for one in deliveries:
                if not self._view.course.changed(one.sequence):
                    continue
                with contextlib.suppress(DecodeError, ValueError):
                    # The view has said of what is no record that it is none.
                    yield stored_entry(one)

    def _event(
        self, group: Group, after: Place, entry: Entry, before: Entry | None
    ) -> Event | None:
        """Return what the watcher would have been told of a revision when it came."""
        place = group.place(entry.sequence)
        if before is not None:
            return group.event(lasting(entry), before, place)
        key_then = self._view.course.key_at(entry.name, after.sequence, entry.key)
        return group.event_since(lasting(entry), key_then, place)
