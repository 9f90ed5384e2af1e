"""One caller's watch, from the snapshot, or its token, until the caller has gone."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gateway.backlog import Behind, Event
from gateway.calls import Call
from gateway.encoding import named_event
from gateway.errors import TooSlow
from gateway.group import Group
from gateway.lookout import Tally
from gateway.missed import Replay, StartOver, missed
from gateway.resume import Place
from gateway.selection import Selector
from gateway.snapshot import Snapshots, joined
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    EVENT_TYPE_BOOKMARK,
    EVENT_TYPE_HEARTBEAT,
    EVENT_TYPE_SNAPSHOT,
    EventType,
)

_AT_ONCE = 128


class Sources(NamedTuple):
    """Where a watch takes from what it sends.

    Attributes:
        view: The shared state.
        snapshots: What watches begin with.
        replay: What watches of every revision have missed.
        feeds: Returns how the feeds fare that bring what is selected, as elements of an
            event's ``feeds``.
        tally: Where it is counted what is not sent.
    """

    view: StateView
    snapshots: Snapshots
    replay: Replay
    feeds: Callable[[Selector], bytes]
    tally: Tally


class Watcher:
    """One caller's watch.

    Args:
        sources: From where it takes what it sends.
        group: Those who watch the same.
        call: The call.
        every_revision: Whether each revision is wanted.
        heartbeat_s: How often to say that nothing has changed, in seconds.

    Attributes:
        position: Before which position of the group's backlog it has been told everything.
    """

    __slots__ = (
        "_call",
        "_every_revision",
        "_group",
        "_heartbeat_s",
        "_is_due",
        "_is_writing",
        "_loop",
        "_patience",
        "_place",
        "_sources",
        "_touched",
        "_waiter",
        "position",
    )

    def __init__(
        self,
        sources: Sources,
        group: Group,
        call: Call,
        *,
        every_revision: bool,
        heartbeat_s: float,
    ) -> None:
        self._sources = sources
        self._group = group
        self._call = call
        self._every_revision = every_revision
        self._heartbeat_s = heartbeat_s
        self._loop = asyncio.get_running_loop()
        self._patience = asyncio.timeout(None)
        self._place: Place | None = None
        self._touched = self._loop.time()
        self._is_writing = self._is_due = False
        self._waiter: asyncio.Future[None] | None = None
        self.position = group.end

    def wake(self) -> None:
        """Look whether there is something to send."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def tick(self, now: float, tick_s: float, unread_s: float) -> None:
        """End a watch that nobody reads, and wake one that has been silent for long enough.

        Args:
            now: The loop's time.
            tick_s: How long it is until the next tick.
            unread_s: How long a write may take.
        """
        silent = now - self._touched
        if self._is_writing:
            if silent > unread_s and self._patience.when() is None:
                self._patience.reschedule(now)
        elif silent + tick_s / 2 >= self._heartbeat_s:
            self._is_due = True
            self.wake()

    async def run(self, after: Place | None, unread_s: float) -> None:
        """Send the snapshot, or what came after a place, then what happens, for ever.

        Raises:
            TooSlow: If it is not read for a time, or every revision is more than is read.
            RevisionsGone: If not every revision after the place can be told.
            StreamAway: If they cannot be read.
        """
        try:
            async with self._patience:
                await self._begin(after)
                while True:
                    await self._wait()
                    await self._go_on()
        except TimeoutError as error:
            raise TooSlow(f"nothing was read for {unread_s:.0f} s", self._token()) from error
        except Behind as error:
            raise TooSlow("more came than was read", self._token()) from error

    async def _begin(self, after: Place | None) -> None:
        """Send all up to now, and a bookmark."""
        place = self._group.place()
        if self._every_revision:
            if after is None:
                await self._snapshot()
            # What came while the snapshot was read may be more than the backlog keeps.
            if after is not None or self._is_behind():
                place = await self._replay(after or place)
        else:
            try:
                events = None if after is None else await self._missed(after)
            except StartOver:
                events = None
            if events is not None:
                await self._events(events)
            elif not await self._snapshot() and after is not None:
                # Nothing is selected now; whoever had something must be told so.
                await self._write(named_event(EVENT_TYPE_SNAPSHOT, "", ""))
        await self._named(EVENT_TYPE_BOOKMARK, place)

    async def _missed(self, after: Place) -> list[Event]:
        """Return what has happened since a place.

        Raises:
            StartOver: If that is not known exactly.
        """
        return await missed(self._sources.view, self._group, after, self._sources.replay)

    async def _snapshot(self) -> bool:
        """Send all that is selected; tell whether there is anything.

        When agreements change meanwhile it is sent from the beginning again.
        """
        turns, is_anything = -1, False
        while turns != self._group.turns:
            turns = self._group.turns
            snapshot = self._sources.snapshots.of(self._group.selector, self._group.encode)
            self._call.read.update(snapshot.read)
            is_anything = is_anything or bool(snapshot.read)
            for message in snapshot.messages:
                if turns != self._group.turns:
                    break
                await self._write(message)
        return is_anything

    async def _replay(self, after: Place) -> Place:
        """Send every revision after a place up to now, and return where that is."""
        self.position, place = self._group.end, self._group.place()
        events: list[Event] = []
        async for event in self._sources.replay.events(self._group, after, place.sequence):
            events.append(event)
            if len(events) >= _AT_ONCE:
                await self._events(events)
                events.clear()
        await self._events(events)
        return place

    def _is_behind(self) -> bool:
        """Tell whether the backlog no longer has what comes next."""
        try:
            self._group.batch(self.position)
        except Behind:
            return True
        return False

    async def _wait(self) -> None:
        """Wait until there is something to send, or nothing was for long enough."""
        if self.position < self._group.flushed:
            return
        self._waiter = self._loop.create_future()
        await self._waiter
        self._waiter = None

    async def _go_on(self) -> None:
        """Send what has happened, or that nothing has."""
        if self.position < self._group.end:
            batch = self._group.batch(self.position)
            self._sources.tally.conflated += batch.overtaken
            for key, count in batch.read:
                self._call.read[key] += count
            for message in batch.messages:
                await self._write(message)
            self.position, self._place = batch.end, batch.place
        elif self._is_due:
            await self._named(EVENT_TYPE_HEARTBEAT, self._group.place())
        self._is_due = False

    async def _events(self, events: Iterable[Event]) -> None:
        """Send events of this watcher alone."""
        lot = tuple(events)
        self._call.read.update(event.key for event in lot if event.key is not None)
        for message in joined(event.data for event in lot):
            await self._write(message)

    async def _named(self, kind: "EventType.ValueType", place: Place) -> None:
        """Send an event that is about no record."""
        token = place.token(self._group.watched.bound_to)
        feeds = self._sources.feeds(self._group.selector)
        await self._write(named_event(kind, "", token, feeds=feeds))
        self._place = place

    async def _write(self, message: bytes) -> None:
        """Write a message; whoever does not read is ended by a tick."""
        self._touched = self._loop.time()
        self._is_writing = True
        await self._call.context.write(message)
        self._is_writing = False

    def _token(self) -> str:
        """Return where to go on; empty: at the beginning."""
        return "" if self._place is None else self._place.token(self._group.watched.bound_to)
