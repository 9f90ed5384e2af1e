"""What a watch begins with: all that is selected, as messages ready to be sent.

Watchers come in crowds, with the same few selections: after a restart of the gateway, at
the change of shifts. Between two changes of the state a snapshot is made once for all
of them.
"""

import itertools
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gateway.encoding import record_event
from gateway.entry import KEY, Entry
from gateway.key import Key
from gateway.search import candidates
from gateway.selection import Selector
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import EVENT_TYPE_SNAPSHOT

Encode = Callable[[Entry], bytes]
"""Returns what leaves of an entry, after its length."""
WHOLE: Encode = operator.attrgetter("sized")

_JOINED = 128
# Clients take messages of 4 MiB unless they say otherwise.
_MESSAGE_BYTES = 1 << 20
_KEPT = 8
_KEPT_BYTES = 16 << 20


class Snapshot(NamedTuple):
    """All that is selected.

    Attributes:
        messages: Its events, joined.
        read: How many records of which key leave with it.
    """

    messages: Iterable[bytes]
    read: Counter[Key]


class Snapshots:
    """Makes snapshots of the view, and keeps the small ones until it changes.

    Args:
        view: The shared state.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self._changes = -1
        self._kept: dict[tuple[Selector, Encode], Snapshot] = {}

    def of(self, selector: Selector, encode: Encode) -> Snapshot:
        """Return what a selector selects now."""
        if self._changes != self._view.changes:
            self._changes = self._view.changes
            self._kept.clear()
        kept = self._kept.get((selector, encode))
        if kept is not None:
            return kept
        held = selector.first(candidates(self._view, selector), len(self._view))
        messages = joined(record_event(EVENT_TYPE_SNAPSHOT, encode(entry)) for entry in held)
        snapshot = Snapshot(messages, Counter(map(KEY, held)))
        if len(self._kept) >= _KEPT or sum(len(entry.sized) for entry in held) > _KEPT_BYTES:
            return snapshot
        snapshot = self._kept[selector, encode] = snapshot._replace(messages=list(messages))
        return snapshot


def joined(events: Iterator[bytes]) -> Iterator[bytes]:
    """Join events into as few messages as clients take."""
    while lot := list(itertools.islice(events, _JOINED)):
        yield from _messages(lot)


def _messages(events: list[bytes]) -> Iterator[bytes]:
    """Halve a lot until its messages are small enough."""
    if len(events) == 1 or sum(map(len, events)) <= _MESSAGE_BYTES:
        yield b"".join(events)
        return
    middle = len(events) // 2
    yield from _messages(events[:middle])
    yield from _messages(events[middle:])
