"""Read a column's text as a time."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from adapters.mapping.unfit import Unfit
from adapters.sdk.clock import Moment, moment_of
from adapters.sdk.timeformat import TimeFormat
from adapters.sdk.times import AHEAD, EARLIEST

USUAL: Final = (
    "iso",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H时%M分",
    "%Y年%m月%d日",
    "%Y%m%d%H%M%S",
    "%Y/%m/%d %p%H:%M:%S",
    "%Y/%m/%d %p%H:%M",
)
_MIDNIGHT: Final = time(0)
_LAST_SECOND: Final = time(23, 59, 59)
_REMEMBERED: Final = 8192
_EARLIEST: Final = moment_of(EARLIEST).seconds
# What a protobuf timestamp can hold, seconds since 1970.
_FIRST: Final = -62_135_596_800
_LAST: Final = 253_402_300_799
_AHEAD: Final = int(AHEAD.total_seconds())


def time_reader(
    forms: Sequence[str], zone: ZoneInfo, *, end_of_day: bool = False
) -> Callable[[str], Moment]:
    """Return what reads times, which remembers some: rows of one table share many.

    Args:
        forms: How times are written; tried in order.
        zone: The zone of times that have none.
        end_of_day: Whether midnight means the day's last second.

    Raises:
        ValueError: One of the forms is none.
    """
    formats = [TimeFormat(form) for form in forms]
    expected = f"a time as {' or '.join(forms)}"
    known: dict[str, Moment] = {}

    def read(text: str) -> Moment:
        moment = known.get(text)
        if moment is None:
            moment = _read(text)
            if len(known) >= _REMEMBERED:
                known.clear()
            known[text] = moment
        return moment

    def _read(text: str) -> Moment:
        for form in formats:
            stated = form.parse(text)
            if stated is not None:
                if end_of_day and stated.time() == _MIDNIGHT:
                    stated = datetime.combine(stated.date(), _LAST_SECOND, stated.tzinfo)
                moment = moment_of(stated if stated.tzinfo else stated.replace(tzinfo=zone))
                if _FIRST <= moment.seconds <= _LAST:
                    return moment
                raise Unfit("a time between the years 1 and 9999", "time")
        raise Unfit(expected, "time")

    return read


def require_plausible(moment: Moment, now: datetime) -> None:
    """Fail when a time of observation cannot be true.

    Raises:
        Unfit: It is before 1990 or more than a day ahead of now.
    """
    if not _EARLIEST <= moment.seconds <= now.timestamp() + _AHEAD:
        raise Unfit(
            f"a time between 1990 and tomorrow (now is {now:%Y-%m-%dT%H:%M:%SZ})",
            "time",
            "set the sender's clock, or correct `format` and `time_zone`",
        )
