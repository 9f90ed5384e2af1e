"""Complete the times of reports, which say only the day of the month and the time, UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from adapters.sdk.clock import Moment, moment_of
from adapters.sdk.errors import Untranslatable

AHEAD: Final = timedelta(hours=1)
# Two months in a row never both lack a day: the third has it at the latest.
_MONTHS: Final = 3


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
