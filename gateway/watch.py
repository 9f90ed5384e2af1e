"""Watching: what is selected now, a bookmark, then what changes.

Each watcher keeps the latest of each changed record until it is written; one that reads
slowly is sent the latest, not each revision, and so never costs more memory than the
records it has selected.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator

from gateway.agreements import Agreements
from gateway.encoding import named_event, record_event
from gateway.entry import Entry
from gateway.errors import TooSlow
from gateway.identity import Caller, Context, identify
from gateway.selection import Selector, digest, require_valid
from gateway.tokens import decode_sequence, encode
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    EVENT_TYPE_BOOKMARK,
    EVENT_TYPE_CHANGE,
    EVENT_TYPE_REMOVAL,
    Selection,
    WatchRecordsRequest,
)

_JOINED = 128
# Clients take messages of 4 MiB unless they say otherwise.
_MESSAGE_BYTES = 1 << 20
# A write costs some 20 us: a tenth of one processor, whatever the number of watchers.
_WINDOW_S_EACH = 0.0002
_WINDOW_S = (0.002, 0.05)
_WRITE_S = 30.0
_RESUME_TOKEN = "resume_token"  # noqa: S105 - the field's name
Write = Callable[[bytes], Awaitable[None]]


class Watches:
    """Serves watches.

    Args:
        view: The shared state.
        agreements: Who may read what.
    """

    def __init__(self, view: StateView, agreements: Agreements) -> None:
        self._view = view
        self._agreements = agreements
        self._open = 0

    async def watch_records(self, request: WatchRecordsRequest, context: Context) -> None:
        """Send a watch's events until the caller has gone."""
        caller = identify(context)
        require_valid(request)
        watcher = _Watcher(self._view, self._agreements, caller, request.selection, self._window_s)
        after = None
        if request.resume_token:
            bound = digest(request.selection)
            after = decode_sequence(_RESUME_TOKEN, request.resume_token, bound)
        self._open += 1
        try:
            await watcher.run(context.write, after)
        finally:
            self._open -= 1
            watcher.close()

    def _window_s(self) -> float:
        """Return how long changes are joined before the next write, in seconds."""
        shortest, longest = _WINDOW_S
        return min(max(shortest, self._open * _WINDOW_S_EACH), longest)


class _Watcher:
    """One caller's watch."""

    def __init__(
        self,
        view: StateView,
        agreements: Agreements,
        caller: Caller,
        selection: Selection,
        window_s: Callable[[], float],
    ) -> None:
        self._view = view
        self._agreements = agreements
        self._caller = caller
        self._selection = selection
        self._window_s = window_s
        self._digest = digest(selection)
        self._selector = Selector(selection, agreements.permit(caller))
        self._sent: set[str] = set()
        self._changed: dict[str, Entry] = {}
        self._wake = asyncio.Event()
        self._ends = [view.listen(self._on_change), agreements.on_change(self._on_agreements)]

    def close(self) -> None:
        """Listen no more."""
        for end in self._ends:
            end()

    def _on_change(self, entry: Entry) -> None:
        """Note a change that this watcher is to be told of."""
        if entry.name in self._sent or self._selector(entry):
            # Taken out first, so that the order is that of the latest change.
            self._changed.pop(entry.name, None)
            self._changed[entry.name] = entry
            self._wake.set()

    def _on_agreements(self) -> None:
        """Look at everything again under the changed agreements."""
        self._selector = Selector(self._selection, self._agreements.permit(self._caller))
        for entry in self._view.entries():
            if (entry.name in self._sent) != self._selector(entry):
                self._changed[entry.name] = entry
        self._wake.set()

    async def run(self, write: Write, after: int | None) -> None:
        """Send the snapshot or what came after a token, then changes for ever."""
        sequence = self._view.sequence
        if after is not None and after > sequence:
            # The stream is not the one of the token any more: all of it is news.
            after = None
        held = self._selector.first(self._view.after(""), len(self._view))
        self._sent = {entry.name for entry in held}
        if after is None:
            events = (entry.event for entry in held)
        else:
            held = [entry for entry in held if entry.sequence > after]
            held.sort(key=lambda entry: entry.sequence)
            events = (self._change(entry) for entry in held)
        bookmark = named_event(EVENT_TYPE_BOOKMARK, "", self._token(sequence))
        await self._write(write, itertools.chain(events, (bookmark,)))
        while True:
            await self._wake.wait()
            await self._write(write, iter(self._take()))
            # Whoever was idle hears at once; under load what comes close together is joined.
            await asyncio.sleep(self._window_s())

    def _take(self) -> list[bytes]:
        """Return the events of all that has changed, in the order of the stream."""
        self._wake.clear()
        changed, self._changed = self._changed, {}
        events = []
        for entry in sorted(changed.values(), key=lambda entry: entry.sequence):
            if self._selector(entry):
                self._sent.add(entry.name)
                events.append(self._change(entry))
            elif entry.name in self._sent:
                self._sent.discard(entry.name)
                token = self._token(entry.sequence)
                events.append(named_event(EVENT_TYPE_REMOVAL, entry.name, token))
        return events

    async def _write(self, write: Write, events: Iterator[bytes]) -> None:
        """Write events, many in one message; give up on a caller that does not read."""
        while lot := list(itertools.islice(events, _JOINED)):
            for message in _messages(lot):
                try:
                    async with asyncio.timeout(_WRITE_S):
                        await write(message)
                except TimeoutError as error:
                    raise TooSlow(_WRITE_S) from error

    def _change(self, entry: Entry) -> bytes:
        """Return a change as an element of the response."""
        return record_event(EVENT_TYPE_CHANGE, entry.sized, self._token(entry.sequence))

    def _token(self, sequence: int) -> str:
        """Return where to go on after a sequence of the city's stream."""
        return encode("watch", self._digest, str(sequence))


def _messages(events: list[bytes]) -> Iterator[bytes]:
    """Join events into as few messages as clients take."""
    if len(events) == 1 or sum(map(len, events)) <= _MESSAGE_BYTES:
        yield b"".join(events)
        return
    middle = len(events) // 2
    yield from _messages(events[:middle])
    yield from _messages(events[middle:])
