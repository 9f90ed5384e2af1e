"""Selections, compiled to a test of entries."""

import hashlib
from collections.abc import Callable

import protovalidate
from google.protobuf.message import Message

from gateway.agreements import Permit, district_prefix, matches
from gateway.entry import Box, Entry
from gateway.errors import InvalidRequest
from gateway.view import now_ns
from liandong.gateway.v1.shared_state_pb2 import BoundingBox, Selection
from liandong.record.v1.record_pb2 import STATUS_ACTUAL

Test = Callable[[Entry], bool]
_validator = protovalidate.Validator()


def require_valid(request: Message) -> None:
    """Check a request against its schema.

    Raises:
        InvalidRequest: With each field that is wrong.
    """
    violations = _validator.collect_violations(request)
    if violations:
        raise InvalidRequest([(_path(v.proto.field), v.proto.message) for v in violations])


def _path(field: object) -> str:
    """Return a violation's field as it is written in a request."""
    return ".".join(element.field_name for element in getattr(field, "elements", ()))


class Selector:
    """Tells which entries a caller has selected and may see.

    Args:
        selection: What is selected.
        permit: What may be seen.
    """

    def __init__(self, selection: Selection, permit: Permit) -> None:
        self._permit = permit
        self._tests = _tests(selection)

    def __call__(self, entry: Entry) -> bool:
        """Tell whether an entry is selected, may be seen, and has not ended."""
        if entry.expires and entry.expires <= now_ns():
            return False
        for test in self._tests:
            if not test(entry):
                return False
        return self._permit.allows(entry.key)


def digest(selection: Selection) -> str:
    """Return what binds a token to its selection: 12 hexadecimal digits."""
    encoded = selection.SerializeToString(deterministic=True)
    return hashlib.sha256(encoded).hexdigest()[:12]


def _tests(selection: Selection) -> list[Test]:
    """Return one test for each field that is set."""
    tests: list[Test] = []
    statuses = frozenset(selection.statuses) or frozenset({STATUS_ACTUAL})
    tests.append(lambda entry: entry.status in statuses)
    if selection.agencies:
        agencies = frozenset(selection.agencies)
        tests.append(lambda entry: entry.agency in agencies)
    if selection.kinds:
        tests.append(_kinds(tuple(selection.kinds)))
    if selection.districts:
        prefixes = tuple(district_prefix(code) for code in selection.districts)
        tests.append(lambda entry: entry.district.startswith(prefixes))
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


def _kinds(patterns: tuple[str, ...]) -> Test:
    """Return a test of kinds; each kind is matched once and remembered."""
    known: dict[str, bool] = {}

    def test(entry: Entry) -> bool:
        found = known.get(entry.kind)
        if found is None:
            found = any(matches(pattern, entry.kind) for pattern in patterns)
            known[entry.kind] = found
        return found

    return test


def _boxes(box: BoundingBox) -> list[Box]:
    """Return a box as one or, across the antimeridian, two that do not cross it."""
    south, west, north, east = box.south_deg, box.west_deg, box.north_deg, box.east_deg
    if west <= east:
        return [(south, west, north, east)]
    return [(south, west, north, 180.0), (south, -180.0, north, east)]


def _touch(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
