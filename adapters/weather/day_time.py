"""Complete the times of reports, which say only the day of the month and the time, UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from adapters.sdk.clock import Moment, moment_of
from adapters.sdk.errors import Untranslatable

AHEAD: Final = timedelta(hours=1)
# `2026/11/25 12:51` of NOAA's station files; `58238,2026,11,25,12,00` and `202611251200` of
# Ogimet's: they date the report below them, to some hours.
_DATED: Final = re.compile(
    r"(?:[A-Z0-9]{4,5},)?(\d{4})[/,]?(\d\d)[/,]?(\d\d)[ ,]?(\d\d)[:,]?(\d\d)", re.ASCII
)
_WITHIN: Final = timedelta(hours=11)
# Two months in a row never both lack a day: the third has it at the latest.
_MONTHS: Final = 3


def latest(heading: str, now: datetime) -> datetime:
    """Return the time after which a report cannot be: now, or soon after its heading's date.

    Args:
        heading: The heading above the report; empty: none.
        now: When the report came, UTC.
    """
    dated = _DATED.fullmatch(heading) if heading else None
    if dated is None:
        return now
    year, month, day, hour, minute = map(int, dated.groups())
    try:
        return min(now, datetime(year, month, day, hour, minute, tzinfo=UTC) + _WITHIN)
    except (ValueError, OverflowError):
        return now


def nearest_past(field: str, day: int, hour: int, minute: int, now: datetime) -> datetime:
    """Return the latest such time that is past, or at most an hour ahead: clocks differ.

    Args:
        field: The group, for the error.
        day: Day of the month.
        hour: Hour, UTC.
        minute: Minute.
        now: When the report came, UTC.

    Raises:
        Untranslatable: There is no such time; ``cause`` is ``time``.
    """
    latest = now + AHEAD
    month = latest.replace(day=1)
    for _ in range(_MONTHS):
        try:
            found = datetime(month.year, month.month, day, hour, minute, tzinfo=UTC)
        except ValueError:
            found = None
        if found is not None and found <= latest:
            return found
        month = (month - timedelta(days=1)).replace(day=1)
    raise Untranslatable(
        field,
        f"{day:02d}{hour:02d}{minute:02d}",
        expected="a day of the month, an hour and a minute (UTC)",
        cause="time",
    )


class Spelled(NamedTuple):
    """A time in the ways in which records have it.

    Attributes:
        moment: As protobuf has it.
        digits: ``yyyyMMddHHmm``.
        iso: ISO 8601.
    """

    moment: Moment
    digits: str
    iso: str


@lru_cache(maxsize=4096)
def spelled(time: datetime) -> Spelled:
    """Return a time spelled out; all stations of a country report at the same ones."""
    return Spelled(moment_of(time), f"{time:%Y%m%d%H%M}", time.isoformat())
