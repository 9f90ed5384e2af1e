"""Read HL7's times: ``YYYYMMDD[HH[MM[SS[.S[S[S[S]]]]]]][+/-ZZZZ]`` (HL7 2.5.1, 2.A.22).

Engines that copy a database's times write ISO 8601, which says the same.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from adapters.sdk.times import AHEAD, EARLIEST

_SHAPE: Final = re.compile(
    r"(\d{8}(?:\d{4}|\d{2})?)(?:(?<=\d{12})(\d{2})(?:\.(\d{1,6}))?)?([+-]\d{4})?", re.ASCII
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,6})?\d*)?)?(.*)", re.ASCII
)
_ZONE: Final = re.compile(r" ?(?:(Z)|([+-]\d\d):?(\d\d)?)$", re.ASCII)
_LAST_SECOND: Final = 59


def timestamp(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return a time in UTC; None if it is none, or cannot be true (before 1990, in the future).

    Args:
        text: The value; less exact than a day is not enough.
        zone: The zone of a time without one.
        now: The time now, UTC.
    """
    shape = _SHAPE.fullmatch(text) or _SHAPE.fullmatch(_plain(text))
    if shape is None:
        return None
    digits, written, fraction, offset = shape.groups()
    second = int(written or 0)
    minute = _minute(digits, offset, zone)
    if minute is None or second > _LAST_SECOND:
        return None
    moment = minute + timedelta(seconds=second, microseconds=int((fraction or "").ljust(6, "0")))
    return moment if EARLIEST <= moment <= now + AHEAD else None


def _plain(text: str) -> str:
    """Return a time of ISO 8601, or one whose zone is written otherwise, as HL7 has it."""
    iso = _ISO.fullmatch(text)
    plain = "".join(filter(None, iso.groups())) if iso else text
    return _ZONE.sub(lambda zone: "+0000" if zone[1] else f"{zone[2]}{zone[3] or '00'}", plain)


@lru_cache(maxsize=4096)
def _minute(digits: str, offset: str | None, zone: ZoneInfo) -> datetime | None:
    """Return a minute in UTC; None: there is none. Senders speak of the same ones all the time."""
    full = digits.ljust(12, "0")
    parts = (full[:4], full[4:6], full[6:8], full[8:10], full[10:])
    try:
        year, month, day, hour, minute = map(int, parts)
        local = datetime(year, month, day, hour, minute, tzinfo=_zone(offset, zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None, default: ZoneInfo) -> ZoneInfo | timezone:
    """Return the zone that a time names."""
    if not written:
        return default
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[3:5]))
    return timezone(-offset if written[0] == "-" else offset)
