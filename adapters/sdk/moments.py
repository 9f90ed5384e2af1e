"""Read times as XML documents write them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from operator import itemgetter
from typing import Final

from adapters.sdk.errors import Untranslatable

# The latest that a Protobuf timestamp may hold, less a day for time zones.
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
# 2026-07-01T17:30:00+08:00, where the standard library's reader takes nothing else.
_USUAL: Final = 25
_SIGN: Final = 19
_MARKS: Final = itemgetter(4, 7, 10, 13, 16, 22)
_MARKED: Final = tuple("--T:::")
_SHAPE: Final = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)


def moment(text: str, element: str, zone: tzinfo) -> datetime:
    """Return a time of a document, in UTC.

    CAP 1.2 (3.3.2) wants ``2002-05-24T16:49:00-07:00``; the Chinese profile writes a space
    for the ``T`` and may leave out the offset.

    Args:
        text: What the element says.
        element: The element, for the error.
        zone: The zone of a time that names none.

    Raises:
        Untranslatable: It is no time; ``cause`` is ``time``.
    """
    written = text.strip()
    usual = _usual(written)
    if usual is not None:
        return usual
    shape = _SHAPE.fullmatch(written)
    try:
        found = None if shape is None else _moment(shape, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found > _LATEST:
        expected = "a time such as 2026-07-01T17:30:00+08:00"
        raise Untranslatable(element, text, expected=expected, cause="time")
    return found


def _usual(text: str) -> datetime | None:
    """Return a time that is written just as CAP wants it; None: it is not, or cannot be."""
    if len(text) != _USUAL or _MARKS(text) != _MARKED or text[_SIGN] not in "+-":
        return None
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found <= _LATEST else None


def _moment(shape: re.Match[str], zone: tzinfo) -> datetime:
    """Return the time that the parts of a match make."""
    year, month, day, hour, minute, second = (int(part or 0) for part in shape.groups()[:6])
    microsecond = int((shape[7] or "0").ljust(6, "0")[:6])
    zone = _zone(shape[8], zone)
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


def _zone(written: str | None, default: tzinfo) -> tzinfo:
    """Return the zone that a time names."""
    if not written:
        return default
    if written in "Zz":
        return UTC
    sign = -1 if written[0] == "-" else 1
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(sign * offset)
