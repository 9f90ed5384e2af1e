"""Times of stations: BCD, Beijing time, and sometimes from a clock that cannot be right."""

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from adapters.sdk.clock import Clock, Moment, moment_of
from adapters.sdk.errors import Untranslatable

_CENTURY: Final = "20"
_TO_THE_SECOND: Final = 12


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
        """Return a time that can be right; None: it cannot, or is no time."""
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
        moment = self.usual(field, digits)
        if moment is not None:
            return Stated(moment, moment)
        try:
            year, *rest = (int(digits[at : at + 2]) for at in range(0, len(digits), 2))
            local = datetime(2000 + year, *rest, tzinfo=self._zone)  # type: ignore[misc,arg-type]
        except ValueError as error:
            raise Untranslatable(
                field, digits, expected="a time as YYMMDDhhmm[ss] in decimal digits", cause="time"
            ) from error
        note = f"the station's clock says {local:%Y-%m-%d %H:%M:%S}; set to the time of receipt"
        return Stated(moment_of(now), moment_of(local), note)
