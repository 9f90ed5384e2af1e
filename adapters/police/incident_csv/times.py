"""Read times as dispatch systems, and Excel after them, write them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.sdk.errors import Untranslatable

# Days since the end of 1899, from 1970 to 2099; longer numbers count from 1970.
_EXCEL_DAYS: Final = re.compile(r"(2[5-9]|[3-6]\d|7[0-2])\d{3}(\.\d+)?", re.ASCII)
_UNIX: Final = re.compile(r"(1\d{9})(\d{3})?", re.ASCII)
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller knows the zone.
_HALF: Final = re.compile(r"(.*?)\s*(上午|下午)\s*(.*)")
_NOON: Final = 12
_LONGEST: Final = 64


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
        raise Untranslatable(field, written, expected=expected, cause="time")
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
