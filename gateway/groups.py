"""All groups of watchers, and which of them a change can concern.

A change visits only the groups that can select it by its key.
"""

from collections.abc import Callable, Iterator

from gateway.agreements import Agreements
from gateway.backlog import Every, Latest
from gateway.entry import Entry
from gateway.group import Group
from gateway.identity import Caller
from gateway.key import Key, known_keys
from gateway.permit import Permit
from gateway.selection import Selectors
from gateway.snapshot import Encode
from gateway.view import StateView
from gateway.watched import Sight, Watched


class Groups:
    """Groups of watchers, by what they watch.

    Args:
        view: The shared state.
        agreements: Who may read what.
        window_s: Returns how long changes are joined before the next write, in seconds.
        backlog_bytes: How much of every revision a group keeps for those who read slowly.
    """

    def __init__(
        self,
        view: StateView,
        agreements: Agreements,
        window_s: Callable[[], float],
        backlog_bytes: int,
    ) -> None:
        self._view = view
        self._agreements = agreements
        self._window_s = window_s
        self._backlog_bytes = backlog_bytes
        self._selectors = Selectors()
        self._known: dict[tuple[Caller, str, bool], Group] = {}
        self._by_key: dict[Key, dict[Group, None]] = {}
        self._stream = ""
        view.listen(self._on_change)
        agreements.on_change(self._on_agreements)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._known.values())

    @property
    def stream(self) -> str:
        """Return which stream of the city is read now; empty: it is not known."""
        return self._stream

    @stream.setter
    def stream(self, stream: str) -> None:
        self._stream = stream
        for group in self:
            group.stream = stream

    def of(self, watched: Watched, encode: Encode, *, every_revision: bool) -> Group:
        """Return those who watch the same.

        Args:
            watched: What they watch.
            encode: Returns what leaves of an entry, after its length.
            every_revision: Whether they are told of each revision, not of the latest alone.
        """
        known = (watched.caller, watched.bound_to, every_revision)
        group = self._known.get(known)
        if group is None:
            permit = self._agreements.permit(watched.caller)
            sight = Sight(permit, self._selectors.of(watched.selection, permit))
            backlog = Every(self._backlog_bytes) if every_revision else Latest()
            group = self._known[known] = Group(self._view, watched, sight, encode, backlog)
            group.stream = self._stream
            self._enter(group)
        return group

    def end(self, group: Group) -> None:
        """Forget a group that nobody is in."""
        self._leave(group)
        for known, one in tuple(self._known.items()):
            if one is group:
                del self._known[known]

    def _enter(self, group: Group) -> None:
        """Have a group told of what it can select by its key."""
        for key, groups in self._by_key.items():
            if group.selector.selects(key):
                groups[group] = None

    def _leave(self, group: Group) -> None:
        """Have a group told of nothing."""
        for groups in self._by_key.values():
            groups.pop(group, None)

    def _concerned(self, key: Key) -> dict[Group, None]:
        """Return the groups that can select a record by its key."""
        groups = self._by_key.get(key)
        if groups is None:
            groups = self._by_key[key] = {
                group: None for group in self if group.selector.selects(key)
            }
        return groups

    def _on_change(self, entry: Entry) -> None:
        """Tell the groups of a change that concerns them, by its key now or before."""
        replaced, window_s = self._view.replaced, self._window_s()
        groups = self._concerned(entry.key)
        for group in groups:
            group.change(entry, window_s)
        if replaced is not None and replaced.key is not entry.key:
            for group in self._concerned(replaced.key):
                if group not in groups:
                    group.change(entry, window_s)

    def _on_agreements(self) -> None:
        """Show each group what has been opened, and take back what has been closed."""
        differing: dict[tuple[Permit, Permit], frozenset[Key]] = {}
        for group in self:
            turn = (group.permit, self._agreements.permit(group.watched.caller))
            if turn not in differing:
                differing[turn] = _differing(*turn)
        everything = frozenset[Key]().union(*differing.values())
        entries = [entry for entry in self._view.entries() if entry.key in everything]
        for group in self:
            permit = self._agreements.permit(group.watched.caller)
            keys = differing[group.permit, permit]
            sight = Sight(permit, self._selectors.of(group.watched.selection, permit))
            self._leave(group)
            group.turn(sight, (entry for entry in entries if entry.key in keys), self._window_s())
            self._enter(group)


def _differing(before: Permit, now: Permit) -> frozenset[Key]:
    """Return the keys whose records are shown otherwise than before."""
    differing = []
    for key in known_keys():
        was, is_now = before.disclosure(key), now.disclosure(key)
        if (was is None) != (is_now is None) or (was and is_now and was.hidden != is_now.hidden):
            differing.append(key)
    return frozenset(differing)
