"""Read times as dispatch systems, and Excel after them, write them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from adapters.police.incident_csv.options import TIME_FORMATS
from adapters.sdk.errors import Untranslatable
from adapters.sdk.times import AHEAD, EARLIEST, in_utc

# Days since the end of 1899, from 1970 to 2099; longer numbers count from 1970.
_EXCEL_DAYS: Final = re.compile(r"(2[5-9]|[3-6]\d|7[0-2])\d{3}(\.\d+)?", re.ASCII)
_UNIX: Final = re.compile(r"(1\d{9})(\d{3})?", re.ASCII)
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller knows the zone.
_HALF: Final = re.compile(r"(.*?)\s*(上午|下午)\s*(.*)")
_CLOCK: Final = re.compile(r"\d{1,2}[:时]\d{1,2}[:分]?(\d{1,2}秒?)?", re.ASCII)
_JOIN: Final = (
    "where the day has a column of its own, give the table to the adapter `mapping`, whose "
    "`template` joins columns"
)
_NOON: Final = 12
_LONGEST: Final = 64


# The way of writing that most systems have: a minute, then its second.
_PLAIN: Final = re.compile(r"(\d{4}([-/.])\d\d\2\d\d \d\d:\d\d):([0-5]\d)", re.ASCII)
_PLAIN_FORMATS: Final = frozenset(f"%Y{sign}%m{sign}%d %H:%M:%S" for sign in "-/.")


class Moments:
    """Reads a feed's times; minutes are remembered, for rows speak of the same ones.

    Args:
        formats: As ``datetime.strptime`` takes them, tried in order.
        zone: The zone of times that name none.
    """

    def __init__(self, formats: tuple[str, ...], zone: ZoneInfo) -> None:
        self._formats = formats
        self._zone = zone
        # As far as these formats go, a plain time has no other meaning.
        first = takewhile(_PLAIN_FORMATS.__contains__, formats)
        known = _PLAIN_FORMATS if formats == TIME_FORMATS else first
        self._signs = frozenset(form[2] for form in known)

    def utc(self, field: str, written: str, now: datetime) -> datetime:
        """Return a time in UTC.

        Raises:
            Untranslatable: It is in none of the formats, or cannot be true.
        """
        plain = _PLAIN.fullmatch(written)
        if plain is not None and plain[2] in self._signs:
            minute = _minute(plain[1], self._zone)
            if minute is not None:
                moment = minute + timedelta(seconds=int(plain[3]))
                # What cannot be true is told below as it was written.
                if EARLIEST <= moment <= now + AHEAD:
                    return moment
        return in_utc(field, parse_time(field, written, self._formats), self._zone, now)


@lru_cache(maxsize=4096)
def _minute(written: str, zone: ZoneInfo) -> datetime | None:
    """Return a minute in UTC; None: there is none."""
    parts = (written[:4], written[5:7], written[8:10], written[11:13], written[14:])
    try:
        year, month, day, hour, minute = map(int, parts)
        local = datetime(year, month, day, hour, minute, tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_time(field: str, written: str, formats: Iterable[str]) -> datetime:
    """Return a time as written, with a zone only if it names one.

    Full-width digits are digits, and 下午 3:00 is 15:00.

    Raises:
        Untranslatable: It is in none of the formats; ``cause`` is ``time``.
    """
    found = None
    if len(written) <= _LONGEST:
        found = _parse(written, formats) or _parse(unicodedata.normalize("NFKC", written), formats)
    if found is None:
        expected = f"a time as {' or '.join(formats)}"
        remedy = _JOIN if _CLOCK.fullmatch(unicodedata.normalize("NFKC", written)) else ""
        raise Untranslatable(field, written, expected=expected, cause="time", remedy=remedy)
    return found


def _parse(written: str, formats: Iterable[str]) -> datetime | None:
    """Return a time in one of the formats, in ISO 8601, or as a number."""
    for form in formats:
        try:
            found = datetime.strptime(written, form)  # noqa: DTZ007 - the caller knows the zone.
        except ValueError:
            continue
        # Without anything between them, one digit would do for a month and shift the rest.
        if not written.isdigit() or found.strftime(form) == written:
            return found
    if number := _number(written):
        return number
    if half := _HALF.fullmatch(written):
        hour = _parse(f"{half[1]} {half[3]}".strip(), formats)
        return None if hour is None else _in_half(hour, is_afternoon=half[2] == "下午")
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _number(written: str) -> datetime | None:
    """Return the time of Excel's days, or of seconds or milliseconds since 1970."""
    if _EXCEL_DAYS.fullmatch(written):
        return _EXCEL_EPOCH + timedelta(seconds=round(float(written) * 86_400))
    if unix := _UNIX.fullmatch(written):
        milliseconds = int(unix[2] or 0)
        return datetime.fromtimestamp(int(unix[1]), UTC) + timedelta(milliseconds=milliseconds)
    return None


def _in_half(found: datetime, *, is_afternoon: bool) -> datetime:
    """Return a time of twelve hours as one of twenty-four."""
    if found.hour > _NOON:
        return found
    return found.replace(hour=found.hour % _NOON + _NOON * is_afternoon)
