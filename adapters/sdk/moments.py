"""Read times as XML documents write them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from adapters.sdk.errors import Untranslatable

# The latest that a Protobuf timestamp may hold, less a day for time zones.
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
# The longest text of which the time is remembered: documents of one hour say the same times.
_REMEMBERED: Final = 40
_END_OF_DAY: Final = 24
_SHAPE: Final = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)

# ISO 8601's basic form, and Chinese systems' digits alone.
_COMPACT: Final = re.compile(
    r"(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)


def moment(text: str, element: str, zone: tzinfo) -> datetime:
    """Return a time of a document, in UTC.

    CAP 1.2 (3.3.2) wants ``2002-05-24T16:49:00-07:00``; the Chinese profile writes a space
    for the ``T`` and may leave out the offset. 24:00 is the end of a day (XML Schema, 3.2.7).

    Args:
        text: What the element says.
        element: The element, for the error.
        zone: The zone of a time that names none.

    Raises:
        Untranslatable: It is no time; ``cause`` is ``time``.
    """
    written = text.strip()
    read = _known if len(written) <= _REMEMBERED else _read
    found = read(written, zone)
    if found is None:
        expected = "a time such as 2026-07-01T17:30:00+08:00"
        raise Untranslatable(element, text, expected=expected, cause="time")
    return found


def _read(written: str, zone: tzinfo) -> datetime | None:
    """Return a time in UTC; None: it is none that a Protobuf timestamp may hold."""
    shape = _SHAPE.fullmatch(written) or _COMPACT.fullmatch(written)
    try:
        found = None if shape is None else _moment(shape, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found <= _LATEST else None


_known = lru_cache(maxsize=4096)(_read)


def _moment(shape: re.Match[str], zone: tzinfo) -> datetime:
    """Return the time that the parts of a match make."""
    year, month, day, hour, minute, second, fraction, offset = shape.groups()
    is_end = int(hour) == _END_OF_DAY and not any(map(int, (minute, second or 0, fraction or 0)))
    beginning = datetime(
        int(year),
        int(month),
        int(day),
        0 if is_end else int(hour),
        int(minute),
        int(second or 0),
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
        tzinfo=_zone(offset) if offset else zone,
    )
    return beginning + timedelta(days=1) if is_end else beginning


def _zone(written: str) -> tzinfo:
    """Return the zone that a time names."""
    if written[0] not in "+-":
        return UTC
    sign = -1 if written[0] == "-" else 1
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[3:].strip(":") or 0))
    return timezone(sign * offset)
