"""Times as frames carry them: ``yyyyMMddHHmmss[SSS]``, the feed's local time, no zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from adapters.sdk.errors import Untranslatable
from adapters.sdk.times import from_digits

_REMEMBERED: Final = 4096
_MINUTE: Final = 12
"""Digits up to the minute."""
_MILLIS: Final = 3
_SECONDS: Final = frozenset(f"{second:02d}" for second in range(60))
_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A time as protobuf has it; a datetime between would cost more than all else."""

    seconds: int
    """Since 1970, UTC."""
    nanos: int

    def write(self, stamp: Timestamp) -> None:
        """Put this time into a timestamp."""
        stamp.seconds = self.seconds
        stamp.nanos = self.nanos

    def utc(self) -> datetime:
        """Return it as a datetime, UTC."""
        return _EPOCH + timedelta(seconds=self.seconds, microseconds=self.nanos // 1000)


def moment_of(time: datetime) -> Moment:
    """Return an aware datetime as a moment."""
    since = time - _EPOCH
    return Moment(since.days * _DAY + since.seconds, since.microseconds * 1000)


class Clock:
    """Turns a frame's local times into UTC.

    Loggers of one city speak of the same minutes, so what a minute means is
    remembered; dates are not parsed twice.
    """

    def __init__(self, zone: ZoneInfo, now: Callable[[], datetime]) -> None:
        self._zone = zone
        self._now = now
        self._minutes: dict[str, int] = {}

    def moment(self, field: str, text: str) -> Moment:
        """Return the time that ``text`` means: 14 digits, or 17 with milliseconds.

        Raises:
            Untranslatable: The digits are no date, lie before 1990, or more than a
                day ahead of now. Its cause is ``time``.
        """
        minute = self._minutes.get(text[:_MINUTE])
        if minute is None:
            minute = self._minute(field, text)
        second, fraction = text[12:14], text[14:]
        if second not in _SECONDS:
            raise _impossible(field, text)
        if not fraction:
            return Moment(minute + int(second), 0)
        if len(fraction) != _MILLIS or not (fraction.isascii() and fraction.isdigit()):
            raise _impossible(field, text)
        return Moment(minute + int(second), int(fraction) * 1_000_000)

    def perhaps(self, field: str, text: str) -> Moment | None:
        """Return the time, or None when there is none or an impossible one."""
        if not text:
            return None
        try:
            return self.moment(field, text)
        except Untranslatable:
            return None

    def _minute(self, field: str, text: str) -> int:
        digits = text[:_MINUTE]
        if len(digits) != _MINUTE or not (digits.isascii() and digits.isdigit()):
            raise _impossible(field, text)
        try:
            time = from_digits(field, f"{digits}00", self._zone, self._now())
        except Untranslatable as error:
            # As it stands in the message, where a person will look for it.
            raise Untranslatable(
                field, text, expected=error.expected, cause=error.cause, remedy=error.remedy
            ) from error
        if len(self._minutes) >= _REMEMBERED:
            self._minutes.clear()
        minute = self._minutes[digits] = int(time.timestamp())
        return minute


def _impossible(field: str, text: str) -> Untranslatable:
    return Untranslatable(
        field, text, expected="a local time as yyyyMMddHHmmss or yyyyMMddHHmmssSSS", cause="time"
    )
