"""Selections, compiled to a test of entries."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence

from google.protobuf.message import Message

from broker.districts import district_prefix
from broker.subjects import matches
from gateway.disclosure import Disclosure
from gateway.entry import Entry
from gateway.filters import filter_of
from gateway.key import Key
from gateway.names import Names
from gateway.permit import Permit
from gateway.shapes import Shape, shapes_of
from gateway.view import now_ns
from liandong.gateway.v1.shared_state_pb2 import Selection, TimeWindow
from liandong.record.v1.record_pb2 import STATUS_ACTUAL

KeyTest = Callable[[Key], bool]
_SELECTORS = 1024
_LOT = 1024


Span = tuple[int | None, int | None]
"""A span of time, nanoseconds since 1970 UTC: from, until but not with; None: open."""


class Selector:
    """Tells which entries a caller has selected and may see.

    All that is tested is what the caller sees, so that nothing can be inferred of fields
    that stay behind.

    Args:
        selection: What is selected.
        permit: What may be seen.

    Raises:
        InvalidRequest: If a circle, a polygon or the filter is none.

    Attributes:
        digest: What binds a token to the selection.
        shapes: Where it looks; all must hold.
        observed: When it looks; None: at any time.
        filter: What must hold besides; None: nothing.
    """

    def __init__(self, selection: Selection, permit: Permit) -> None:
        self.digest = digest(selection)
        self.shapes = shapes_of(selection)
        self.observed = _span(selection, "observed")
        self.filter = filter_of(selection.filter) if selection.filter else None
        self._received = _span(selection, "received")
        self._decided = _Decisions(permit, _key_tests(selection))
        self._owned = _owner_tests(selection)
        self._keys: tuple[int, list[Key]] = (-1, [])
        self._feeds: tuple[int, tuple[str, ...]] = (-1, ())

    @property
    def is_narrow(self) -> bool:
        """Return whether more than an entry's key is looked at."""
        return bool(self.shapes or self.observed or self._received or self.filter)

    def disclosure(self, key: Key) -> Disclosure | None:
        """Return how records of a key are shown; None: they are not selected, or closed."""
        return self._decided[key]

    def selects(self, key: Key) -> bool:
        """Tell whether records of a key may be selected, and may be seen."""
        return self._decided[key] is not None

    def show(self, entry: Entry) -> Entry | None:
        """Return what the caller sees of an entry; None: not selected, closed or ended."""
        for shown in self.pick((entry,)):
            if self.filter is None or self.filter.holds(shown):
                return shown
        return None

    def first(self, entries: Iterable[Entry], count: int, at_ns: int | None = None) -> list[Entry]:
        """Return what the caller sees of the first entries that are selected and not ended.

        Args:
            entries: Where to look.
            count: How many at most.
            at_ns: By when what has ended is left out, nanoseconds since 1970 UTC; None: now.

        Raises:
            InvalidRequest: If the filter takes too many steps.
        """
        left, found = iter(entries), list[Entry]()
        while len(found) < count:
            lot = list(itertools.islice(left, min(count - len(found), _LOT)))
            if not lot:
                break
            picked = self.pick(lot, at_ns=at_ns)
            found += picked if self.filter is None else self.filter.chosen(picked)
        return found

    def pick(
        self,
        entries: Iterable[Entry],
        within: Shape | None = None,
        at_ns: int | None = None,
    ) -> list[Entry]:
        """Return what the caller sees of the entries that all but the filter selects.

        Args:
            entries: Which.
            within: The shape in which their points lie as they were published.
            at_ns: By when what has ended is left out, nanoseconds since 1970 UTC; None: now.
        """
        decided, now = self._decided, now_ns() if at_ns is None else at_ns
        picked = [
            disclosure.show(entry) if disclosure.hidden else entry
            for entry in entries
            if (disclosure := decided[entry.key]) is not None and not 0 < entry.expires <= now
        ]
        if self.observed is not None:
            start, end = self.observed
            picked = [entry for entry in picked if _within(entry.observed, start, end)]
        if self._received is not None:
            start, end = self._received
            picked = [entry for entry in picked if _within(entry.stored, start, end)]
        for shape in self.shapes:
            # Where fields stay behind, what is shown may lie elsewhere, or nowhere.
            if shape is not within or decided.hide:
                picked = shape.inside(picked)
        return picked

    def keys(self, names: Names) -> list[Key]:
        """Return the keys whose records are selected and open, of all that there are."""
        seen, keys = self._keys
        if seen != names.keys:
            keys = [key for key in names.known() if self._decided[key] is not None]
            self._keys = (names.keys, keys)
        return keys

    def ever(self, names: Names) -> list[Key]:
        """Return the keys of whose records some may have been selected once.

        A record's agency and kind are in its name; all else may have changed since.
        """
        return [key for key in names.known() if all(test(key) for test in self._owned)]

    def feeds(self, names: Names) -> tuple[str, ...]:
        """Return the feeds that bring what is selected and open, as far as that is told."""
        seen, feeds = self._feeds
        if seen != names.keys:
            told = (self._decided.told(key) for key in self.keys(names))
            feeds = tuple(sorted({f"{key.agency}/{key.feed}" for key in told if key.feed}))
            self._feeds = (names.keys, feeds)
        return feeds


class Selectors:
    """Selectors by selection and permit, which so remember what they decided."""

    def __init__(self) -> None:
        self._known: dict[tuple[Permit, bytes], Selector] = {}

    def of(self, selection: Selection, permit: Permit) -> Selector:
        """Return the selector of a selection."""
        asked = (permit, selection.SerializeToString(deterministic=True))
        selector = self._known.get(asked)
        if selector is None:
            selector = Selector(selection, permit)
            if len(self._known) >= _SELECTORS:
                self._known.clear()
            self._known[asked] = selector
        return selector


class _Decisions(dict[Key, Disclosure | None]):
    """How records of a key are shown if it is selected, and how that is decided of a new one.

    Attributes:
        hide: Whether fields of any of them stay behind.
    """

    def __init__(self, permit: Permit, tests: Sequence[KeyTest]) -> None:
        super().__init__()
        self._permit = permit
        self._tests = tests
        self.hide = False

    def told(self, key: Key) -> Key:
        """Return what is seen of a key."""
        disclosure = self[key]
        return key if disclosure is None else disclosure.key(key)

    def __missing__(self, key: Key) -> Disclosure | None:
        disclosure = self._permit.disclosure(key)
        if disclosure is not None and not all(test(disclosure.key(key)) for test in self._tests):
            disclosure = None
        self.hide = self.hide or (disclosure is not None and bool(disclosure.hidden))
        self[key] = disclosure
        return disclosure


def digest(asked: Message) -> str:
    """Return what binds a token to what was asked: 12 hexadecimal digits."""
    encoded = asked.SerializeToString(deterministic=True)
    return hashlib.sha256(encoded).hexdigest()[:12]


def _key_tests(selection: Selection) -> list[KeyTest]:
    """Return a test of keys for each field that is set."""
    statuses = frozenset(selection.statuses) or frozenset({STATUS_ACTUAL})
    tests: list[KeyTest] = [lambda key: key.status in statuses, *_owner_tests(selection)]
    if selection.districts:
        prefixes = tuple(district_prefix(code) for code in selection.districts)
        tests.append(lambda key: key.district.startswith(prefixes))
    return tests


def _owner_tests(selection: Selection) -> list[KeyTest]:
    """Return a test of keys for each field that is set and asks what is in a record's name."""
    tests: list[KeyTest] = []
    if selection.agencies:
        agencies = frozenset(selection.agencies)
        tests.append(lambda key: key.agency in agencies)
    if selection.kinds:
        kinds = tuple(selection.kinds)
        tests.append(lambda key: any(matches(pattern, key.kind) for pattern in kinds))
    return tests


def _span(selection: Selection, field: str) -> Span | None:
    """Return a selection's span of time; None: it has none."""
    if not selection.HasField(field):  # type: ignore[arg-type]  # one of two names
        return None
    window: TimeWindow = getattr(selection, field)
    start = window.start_at.ToNanoseconds() if window.HasField("start_at") else None
    end = window.end_at.ToNanoseconds() if window.HasField("end_at") else None
    return None if start is None and end is None else (start, end)


def _within(moment: int, start: int | None, end: int | None) -> bool:
    """Tell whether a moment lies in a span."""
    return (start is None or start <= moment) and (end is None or moment < end)
