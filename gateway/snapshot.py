"""What a watch begins with: all that is selected, as messages ready to be sent.

Watchers come in crowds, with the same few selections: after a restart of the gateway, at
the change of shifts. Between two changes of the state a snapshot is made once for all
of them.
"""

import itertools
import operator
from collections import Counter
from collections.abc import Iterable, Iterator

from gateway.encoding import record_event
from gateway.entry import KEY
from gateway.key import Key
from gateway.selection import Selector
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import EVENT_TYPE_SNAPSHOT

_JOINED = 128
# Clients take messages of 4 MiB unless they say otherwise.
_MESSAGE_BYTES = 1 << 20
_KEPT = 8
_KEPT_BYTES = 16 << 20
_NAME = operator.attrgetter("name")
Snapshot = tuple[Counter[Key], frozenset[str], Iterable[bytes]]
"""How many of which key are selected, their names, and the messages with their events."""


class Snapshots:
    """Makes snapshots of the view, and keeps the small ones until it changes.

    Args:
        view: The shared state.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self._changes = -1
        self._kept: dict[Selector, tuple[Counter[Key], frozenset[str], list[bytes]]] = {}

    def of(self, selector: Selector) -> Snapshot:
        """Return what a selector selects now."""
        if self._changes != self._view.changes:
            self._changes = self._view.changes
            self._kept.clear()
        kept = self._kept.get(selector)
        if kept is not None:
            return kept
        held = selector.first(self._view.after(""), len(self._view))
        counts, names = Counter(map(KEY, held)), frozenset(map(_NAME, held))
        messages = joined(record_event(EVENT_TYPE_SNAPSHOT, entry.sized) for entry in held)
        if len(self._kept) >= _KEPT or sum(len(entry.sized) for entry in held) > _KEPT_BYTES:
            return counts, names, messages
        self._kept[selector] = (counts, names, list(messages))
        return self._kept[selector]


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
