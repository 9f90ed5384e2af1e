"""By what records are grouped, and groups as they leave."""

import functools
import struct
from collections.abc import Iterable
from typing import Final

from broker.varint import varint
from gateway.encoding import elements, framed
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


Facts = tuple[int, int, float, float, float]
"""How many records, how many of them state the value, its sum, the least and the greatest."""
Group = tuple[int, Common, int, int, int, float, float, float]
"""A group: cell (0: none), what it has in common, when its bucket begins in nanoseconds since
1970 UTC (NO_TIME: it has none), then its facts. A plain tuple, as there are thousands."""


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
    cell, common, start_ns, count, value_count, total, least, most = group
    content = b"%b%b%b%b%b" % (
        head(cell),
        _texts(common),
        b"" if start_ns == NO_TIME else _start(start_ns),
        _COUNT,
        varint(count),
    )
    if value_count:
        mean = total / value_count
        packed = _VALUES.pack(_SUM, total, _MEAN, mean, _MIN, least, _MAX, most)
        content += b"%b%b%b" % (_VALUE_COUNT, varint(value_count), packed)
    return varint(len(content)) + content


@functools.lru_cache(maxsize=1 << 12)
def _texts(common: Common) -> bytes:
    """Return the fields of district, kind and agency."""
    texts = zip((3, 4, 5), common, strict=True)
    return b"".join([framed(field, text.encode()) for field, text in texts if text])


@functools.lru_cache(maxsize=1 << 12)
def _start(start_ns: int) -> bytes:
    """Return the field of a bucket's beginning."""
    group = api.SummaryGroup()
    group.start_at.FromNanoseconds(start_ns)
    return group.SerializeToString()
