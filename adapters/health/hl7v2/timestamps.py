"""Read HL7's times: ``YYYYMMDD[HH[MM[SS[.S[S[S[S]]]]]]][+/-ZZZZ]`` (HL7 2.5.1, 2.A.22)."""

import re
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from adapters.sdk.errors import Untranslatable
from adapters.sdk.times import in_utc

_SHAPE: Final = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?)?([+-]\d{4})?",
    re.ASCII,
)


def timestamp(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return a time in UTC; None if it is none, or cannot be true (before 1990, in the future).

    Args:
        text: The value; less exact than a day is not enough.
        zone: The zone of a time without one.
        now: The time now, UTC.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in shape.groups()[:6])
    micros = int((shape[7] or "0").ljust(6, "0"))
    try:
        local = datetime(
            year, month, day, hour, minute, second, micros, tzinfo=_zone(shape[8], zone)
        )
        return in_utc("time", local, zone, now)
    except (ValueError, OverflowError, Untranslatable):
        return None


def _zone(written: str | None, default: ZoneInfo) -> ZoneInfo | timezone:
    """Return the zone that a time names."""
    if not written:
        return default
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[3:5]))
    return timezone(-offset if written[0] == "-" else offset)
