"""By what records are grouped, and groups as they leave."""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from gateway.encoding import elements, framed, varint
from gateway.errors import SummaryTooLarge
from gateway.key import Key
from gateway.summary.cells import head
from liandong.gateway.v1 import shared_state_pb2 as api

MOST_GROUPS: Final = 10_000
_GROUPS: Final = api.SummarizeRecordsResponse.GROUPS_FIELD_NUMBER
_DIGITS: Final = 6
_RESOLUTION: Final = 7
NO_TIME: Final = -(1 << 70)
"""Where a group without a time bucket begins."""
_GROUP: Final = api.SummaryGroup
_COUNT: Final = varint(_GROUP.COUNT_FIELD_NUMBER << 3)
_VALUE_COUNT: Final = varint(_GROUP.VALUE_COUNT_FIELD_NUMBER << 3)
# Sum, mean, min and max, each after its tag: a fixed number of eight bytes.
_VALUES: Final = struct.Struct("<BdBdBdBd")
_SUM, _MEAN, _MIN, _MAX = (
    field << 3 | 1
    for field in (
        _GROUP.SUM_FIELD_NUMBER,
        _GROUP.MEAN_FIELD_NUMBER,
        _GROUP.MIN_FIELD_NUMBER,
        _GROUP.MAX_FIELD_NUMBER,
    )
)

Common = tuple[str, str, str]
"""District, kind and agency of a group, each empty if it is not grouped by it."""


class Group(NamedTuple):
    """Records that have the same keys; groups compare by these first.

    Attributes:
        cell: The H3 cell; 0: none.
        common: District, kind and agency.
        start_ns: When its time bucket begins, nanoseconds since 1970 UTC; NO_TIME: it has
            none.
        records: How many they are.
        value_count: How many state the value.
        total: Sum of the values.
        least: The least.
        most: The greatest.
    """

    cell: int
    common: Common
    start_ns: int
    records: int
    value_count: int
    total: float
    least: float
    most: float


class Grouping:
    """By what a request groups.

    Args:
        request: The request, valid.

    Attributes:
        resolution: Of H3 cells; None: it does not group by them.
    """

    def __init__(self, request: api.SummarizeRecordsRequest) -> None:
        by = frozenset(request.group_by)
        self.resolution: int | None = None
        if api.GROUP_BY_H3_CELL in by:
            given = request.HasField("h3_resolution")
            self.resolution = request.h3_resolution if given else _RESOLUTION
        digits = request.district_digits or _DIGITS
        self._digits = digits if api.GROUP_BY_DISTRICT in by else 0
        self._has_kind = api.GROUP_BY_KIND in by
        self._has_agency = api.GROUP_BY_AGENCY in by
        self._known: dict[Key, Common] = {}

    def common(self, key: Key) -> Common:
        """Return what records of a key have in common; the key is one as the caller sees it."""
        common = self._known.get(key)
        if common is None:
            common = self._known[key] = (
                key.district[: self._digits],
                key.kind if self._has_kind else "",
                key.agency if self._has_agency else "",
            )
        return common

    def require_few(self, count: int) -> None:
        """Check that there are not too many groups.

        Raises:
            SummaryTooLarge: If there are.
        """
        if count > MOST_GROUPS:
            coarser = "" if self.resolution is None else "take a smaller h3_resolution, "
            raise SummaryTooLarge(
                f"has more than {MOST_GROUPS:,} groups",
                f"{coarser}group by less, or narrow the selection",
            )


def encoded(groups: Iterable[Group]) -> bytes:
    """Return a response with groups, in the order of their keys."""
    return elements(_GROUPS, [_sized(group) for group in sorted(groups)])


def _sized(group: Group) -> bytes:
    """Return a group's bytes after their length."""
    content = b"%b%b%b%b%b%b" % (
        head(group.cell),
        _texts(group.common),
        b"" if group.start_ns == NO_TIME else _start(group.start_ns),
        _COUNT,
        varint(group.records),
        _values(group) if group.value_count else b"",
    )
    return varint(len(content)) + content


def _texts(common: Common) -> bytes:
    """Return the fields of district, kind and agency."""
    texts = zip((3, 4, 5), common, strict=True)
    return b"".join([framed(field, text.encode()) for field, text in texts if text])


def _start(start_ns: int) -> bytes:
    """Return the field of a bucket's beginning."""
    group = api.SummaryGroup()
    group.start_at.FromNanoseconds(start_ns)
    return group.SerializeToString()


def _values(group: Group) -> bytes:
    """Return the fields of what is known of values."""
    mean = group.total / group.value_count
    return b"%b%b%b" % (
        _VALUE_COUNT,
        varint(group.value_count),
        _VALUES.pack(_SUM, group.total, _MEAN, mean, _MIN, group.least, _MAX, group.most),
    )
