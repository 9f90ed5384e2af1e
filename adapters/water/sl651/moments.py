"""Times of stations: BCD, Beijing time, and sometimes from a clock that cannot be right."""

import re
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from adapters.sdk.clock import Clock, Moment, moment_of
from adapters.sdk.errors import Untranslatable

_CENTURY: Final = "20"
_TO_THE_SECOND: Final = 12
_DIGITS: Final = re.compile(r"[0-9]{10}(?:[0-9]{2})?")


class Stated(NamedTuple):
    """A time that a station stated.

    Attributes:
        moment: What to take for it: what was stated, or the time of receipt.
        said: What was stated.
        note: Why they are not the same; empty when they are.
    """

    moment: Moment
    said: Moment
    note: str = ""


class Moments:
    """Reads the times of frames.

    Args:
        clock: The feed's clock.
        zone: The stations' zone.
    """

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    def usual(self, field: str, digits: str) -> Moment | None:
        """Return a time of 10 or 12 digits that can be right; None: it cannot, or is no time."""
        return self._clock.perhaps(field, _CENTURY + digits.ljust(_TO_THE_SECOND, "0"))

    def stated(self, field: str, digits: str, now: datetime) -> Stated:
        """Return a time, and the time of receipt in its place when it cannot be right.

        Args:
            field: The field it stands in, for the error.
            digits: YYMMDDhhmm or YYMMDDhhmmss, local time.
            now: The time of receipt, UTC.

        Raises:
            Untranslatable: If the digits are no time.
        """
        whole = _CENTURY + digits.ljust(_TO_THE_SECOND, "0") if _DIGITS.fullmatch(digits) else ""
        moment = self._clock.perhaps(field, whole)
        if moment is not None:
            return Stated(moment, moment)
        try:
            local = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=self._zone)
        except ValueError as error:
            raise Untranslatable(
                field, digits, expected="a time as YYMMDDhhmm[ss] in decimal digits", cause="time"
            ) from error
        note = f"the station's clock says {local:%Y-%m-%d %H:%M:%S}; set to the time of receipt"
        return Stated(moment_of(now), moment_of(local), note)
