"""Watching: what is selected now, a bookmark, then what changes.

Each watcher keeps the latest of each changed record until it is written; one that reads
slowly is sent the latest, not each revision, and so never costs more memory than the
records it has selected.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from gateway.agreements import Agreements
from gateway.calls import Call
from gateway.encoding import named_event, record_event
from gateway.entry import Entry
from gateway.errors import TooSlow
from gateway.identity import Caller
from gateway.lookout import Tally
from gateway.selection import Selector, Selectors, require_valid
from gateway.snapshot import Snapshots, joined
from gateway.tokens import decode_sequence, encode
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    EVENT_TYPE_BOOKMARK,
    EVENT_TYPE_CHANGE,
    EVENT_TYPE_REMOVAL,
    Selection,
    WatchRecordsRequest,
)

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
        tally: Where it is counted what is not sent.
    """

    def __init__(self, view: StateView, agreements: Agreements, tally: Tally) -> None:
        self.view = view
        self.tally = tally
        self.agreements = agreements
        self._selectors = Selectors()
        self.snapshots = Snapshots(view)
        self._open = 0

    async def watch_records(self, request: WatchRecordsRequest, call: Call) -> None:
        """Send a watch's events until the caller has gone."""
        require_valid(request)
        watcher = _Watcher(self, call.caller, request.selection)
        self._open += 1
        try:
            await watcher.run(call.context.write, request.resume_token)
        finally:
            self._open -= 1
            watcher.close()

    def selector(self, caller: Caller, selection: Selection) -> Selector:
        """Return what tells which records a caller is to be told of now."""
        return self._selectors.of(selection, self.agreements.permit(caller))

    def window_s(self) -> float:
        """Return how long changes are joined before the next write, in seconds."""
        shortest, longest = _WINDOW_S
        return min(max(shortest, self._open * _WINDOW_S_EACH), longest)


class _Watcher:
    """One caller's watch."""

    def __init__(self, watches: Watches, caller: Caller, selection: Selection) -> None:
        self._watches = watches
        self._view = watches.view
        self._caller = caller
        self._selection = selection
        self._selector = watches.selector(caller, selection)
        self._sent: set[str] = set()
        self._changed: dict[str, Entry] = {}
        self._wake = asyncio.Event()
        self._ends = [
            self._view.listen(self._on_change),
            watches.agreements.on_change(self._on_agreements),
        ]

    def close(self) -> None:
        """Listen no more."""
        for end in self._ends:
            end()

    def _on_change(self, entry: Entry) -> None:
        """Note a change that this watcher is to be told of."""
        if entry.name in self._sent or self._selector.show(entry):
            # Taken out first, so that the order is that of the latest change.
            if self._changed.pop(entry.name, None) is not None:
                self._watches.tally.conflated += 1
            self._changed[entry.name] = entry
            self._wake.set()

    def _on_agreements(self) -> None:
        """Look at everything again under the changed agreements."""
        self._selector = self._watches.selector(self._caller, self._selection)
        for entry in self._view.entries():
            if (entry.name in self._sent) != (self._selector.show(entry) is not None):
                self._changed[entry.name] = entry
        self._wake.set()

    async def run(self, write: Write, token: str) -> None:
        """Send the snapshot or what came after a token, then changes for ever."""
        sequence = self._view.sequence
        after = decode_sequence(_RESUME_TOKEN, token, self._selector.digest) if token else None
        if after is None or after > sequence:
            # A token from beyond the end is of another stream: all of this one is news.
            names, messages = self._watches.snapshots.of(self._selector)
            self._sent = set(names)
            await self._write(write, messages)
        else:
            await self._write(write, joined(iter(self._since(after))))
        await self._write(write, (named_event(EVENT_TYPE_BOOKMARK, "", self._token(sequence)),))
        while True:
            await self._wake.wait()
            await self._write(write, joined(iter(self._take())))
            # Whoever was idle hears at once; under load what comes close together is joined.
            await asyncio.sleep(self._watches.window_s())

    def _since(self, after: int) -> list[bytes]:
        """Return the changes after a sequence of the city's stream, in its order."""
        held = self._selector.first(self._view.after(""), len(self._view))
        self._sent = {entry.name for entry in held}
        changed = [entry for entry in held if entry.sequence > after]
        changed.sort(key=lambda entry: entry.sequence)
        return [self._change(entry) for entry in changed]

    def _take(self) -> list[bytes]:
        """Return the events of all that has changed, in the order of the stream."""
        self._wake.clear()
        changed, self._changed = self._changed, {}
        events = []
        for entry in sorted(changed.values(), key=lambda entry: entry.sequence):
            shown = self._selector.show(entry)
            if shown is not None:
                self._sent.add(shown.name)
                events.append(self._change(shown))
            elif entry.name in self._sent:
                self._sent.discard(entry.name)
                token = self._token(entry.sequence)
                events.append(named_event(EVENT_TYPE_REMOVAL, entry.name, token))
        return events

    async def _write(self, write: Write, messages: Iterable[bytes]) -> None:
        """Write messages; give up on a caller that does not read."""
        for message in messages:
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
        return encode("watch", self._selector.digest, str(sequence))
