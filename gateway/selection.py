"""Selections, compiled to a test of entries."""

import difflib
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import protovalidate
from google.protobuf.message import Message

from broker.violations import field_of, sentence_of
from gateway.agreement import district_prefix, matches
from gateway.entry import Box, Entry
from gateway.errors import InvalidRequest
from gateway.key import KINDS, Key
from gateway.permit import Disclosure, Permit
from gateway.view import now_ns
from liandong.gateway.v1.shared_state_pb2 import BoundingBox, Selection
from liandong.record.v1.record_pb2 import STATUS_ACTUAL

EntryTest = Callable[[Entry], bool]
KeyTest = Callable[[Key], bool]
_SELECTORS = 1024
_REMEMBERED = 4096
_REMEMBERED_BYTES = 1024
_validator = protovalidate.Validator()
_valid: set[tuple[type[Message], bytes]] = set()


def require_valid(request: Message) -> None:
    """Check a request against its schema; one that was right is right again.

    Raises:
        InvalidRequest: With each field that is wrong.
    """
    seen = (type(request), request.SerializeToString(deterministic=True))
    if seen in _valid:
        return
    violations = _validator.collect_violations(request)
    if violations:
        raise InvalidRequest([(field_of(one), sentence_of(one)) for one in violations])
    _require_kinds(getattr(request, "selection", Selection()).kinds)
    if len(seen[1]) <= _REMEMBERED_BYTES:
        if len(_valid) >= _REMEMBERED:
            _valid.clear()
        _valid.add(seen)


def _require_kinds(kinds: Sequence[str]) -> None:
    """Refuse a kind that no schema has: a watch of it would be silent for ever.

    Raises:
        InvalidRequest: With the kinds that come near.
    """
    wrong = []
    for index, kind in enumerate(kinds):
        if any(matches(kind, known) for known in KINDS):
            continue
        near = difflib.get_close_matches(kind, KINDS, n=3, cutoff=0.5)
        known = f"did you mean {' or '.join(near)}" if near else f"there are {', '.join(KINDS)}"
        wrong.append((f"selection.kinds[{index}]", f"is {kind!r}, which is no kind; {known}"))
    if wrong:
        raise InvalidRequest(wrong)


class Selector:
    """Tells which entries a caller has selected and may see.

    Args:
        selection: What is selected.
        permit: What may be seen.

    Attributes:
        digest: What binds a token to the selection.
    """

    def __init__(self, selection: Selection, permit: Permit) -> None:
        self._entry_tests = _entry_tests(selection)
        self._decided = _Decisions(permit, _key_tests(selection))
        self.digest = digest(selection)

    def selects(self, key: Key) -> bool:
        """Tell whether records of a key may be selected, and may be seen."""
        return self._decided[key] is not None

    def show(self, entry: Entry) -> Entry | None:
        """Return what the caller sees of an entry; None: not selected, closed or ended."""
        return next(iter(self.first((entry,), 1)), None)

    def first(self, entries: Iterable[Entry], count: int) -> list[Entry]:
        """Return what the caller sees of the first entries that are selected and not ended.

        Args:
            entries: Where to look.
            count: How many at most.
        """
        meant, tests = self._shown(entries), self._entry_tests
        if tests:
            meant = (entry for entry in meant if all(test(entry) for test in tests))
        return list(itertools.islice(meant, count))

    def _shown(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Return what the caller sees of entries whose key is selected."""
        decided, now = self._decided, now_ns()
        for entry in entries:
            disclosure = decided[entry.key]
            if disclosure is not None and not 0 < entry.expires <= now:
                yield disclosure.show(entry) if disclosure.hidden else entry


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
    """How records of a key are shown if it is selected, and how that is decided of a new one."""

    def __init__(self, permit: Permit, tests: Sequence[KeyTest]) -> None:
        super().__init__()
        self._permit = permit
        self._tests = tests

    def __missing__(self, key: Key) -> Disclosure | None:
        disclosure = self._permit.disclosure(key)
        if disclosure is not None and not all(test(disclosure.key(key)) for test in self._tests):
            disclosure = None
        self[key] = disclosure
        return disclosure


def digest(asked: Message) -> str:
    """Return what binds a token to what was asked: 12 hexadecimal digits."""
    encoded = asked.SerializeToString(deterministic=True)
    return hashlib.sha256(encoded).hexdigest()[:12]


def _key_tests(selection: Selection) -> list[KeyTest]:
    """Return a test of keys for each field that is set."""
    tests: list[KeyTest] = []
    statuses = frozenset(selection.statuses) or frozenset({STATUS_ACTUAL})
    tests.append(lambda key: key.status in statuses)
    if selection.agencies:
        agencies = frozenset(selection.agencies)
        tests.append(lambda key: key.agency in agencies)
    if selection.kinds:
        kinds = tuple(selection.kinds)
        tests.append(lambda key: any(matches(pattern, key.kind) for pattern in kinds))
    if selection.districts:
        prefixes = tuple(district_prefix(code) for code in selection.districts)
        tests.append(lambda key: key.district.startswith(prefixes))
    return tests


def _entry_tests(selection: Selection) -> list[EntryTest]:
    """Return a test of entries for each field that is set."""
    tests: list[EntryTest] = []
    if selection.HasField("observed"):
        window = selection.observed
        start = window.start_at.ToNanoseconds() if window.HasField("start_at") else None
        end = window.end_at.ToNanoseconds() if window.HasField("end_at") else None
        if start is not None:
            tests.append(lambda entry: entry.observed >= start)
        if end is not None:
            tests.append(lambda entry: entry.observed < end)
    if selection.HasField("bounding_box"):
        boxes = _boxes(selection.bounding_box)
        tests.append(
            lambda entry: entry.box is not None and any(_touch(entry.box, box) for box in boxes)
        )
    return tests


def _boxes(box: BoundingBox) -> list[Box]:
    """Return a box as one or, across the antimeridian, two that do not cross it."""
    south, west, north, east = box.south_deg, box.west_deg, box.north_deg, box.east_deg
    if west <= east:
        return [(south, west, north, east)]
    return [(south, west, north, 180.0), (south, -180.0, north, east)]


def _touch(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
