"""Times as frames carry them: ``yyyyMMddHHmmss[SSS]``, the feed's local time, no zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.sdk.errors import Untranslatable

_REMEMBERED = 4096
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)


class Clock:
    """Turns a frame's local times into UTC.

    Loggers of one city speak of the same seconds, so what a text means is
    remembered; dates are not parsed twice.
    """

    def __init__(self, time_zone: str, now: Callable[[], datetime]) -> None:
        self._zone = ZoneInfo(time_zone)
        self._now = now
        self._minutes: dict[str, datetime] = {}

    def utc(self, field: str, text: str) -> datetime:
        """Return the UTC time that ``text`` means.

        Takes 14 digits, or 17 with milliseconds.

        Raises:
            Untranslatable: The digits are no date, lie before 1990, or more than a
                day ahead of now. Its cause is ``time``.
        """
        size = len(text)
        if (size != 14 and size != 17) or not (text.isascii() and text.isdigit()):
            raise _impossible(field, text)
        minute = self._minutes.get(text[:12])
        if minute is None:
            minute = self._minute(field, text)
        second = int(text[12:14])
        if second > 59:
            raise _impossible(field, text)
        if size == 14:
            return minute.replace(second=second)
        return minute.replace(second=second, microsecond=int(text[14:]) * 1000)

    def perhaps(self, text: str) -> datetime | None:
        """Return the UTC time of a QN, or None when it has none or an impossible one."""
        if not text:
            return None
        try:
            return self.utc("QN", text)
        except Untranslatable:
            return None

    def _minute(self, field: str, text: str) -> datetime:
        try:
            local = datetime(
                int(text[:4]),
                int(text[4:6]),
                int(text[6:8]),
                int(text[8:10]),
                int(text[10:12]),
                tzinfo=self._zone,
            )
            minute = local.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise _impossible(field, text) from error
        if not _EARLIEST <= minute <= self._now() + _AHEAD:
            raise _impossible(field, text)
        if len(self._minutes) >= _REMEMBERED:
            self._minutes.clear()
        self._minutes[text[:12]] = minute
        return minute


def _impossible(field: str, text: str) -> Untranslatable:
    return Untranslatable(
        field,
        text,
        expected="yyyyMMddHHmmss[SSS], local time, after 1990 and not in the future",
        cause="time",
        remedy="Set the logger's clock.",
    )
