"""Tell the times of NWIS, in UTC."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.water.nwis.readings import Readings

# Hours east of Greenwich of the abbreviations in `tz_cd`.
_HOURS: Final = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "AST": -4,
    "ADT": -3,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "HAST": -10,
    "HDT": -9,
    "HADT": -9,
    "SST": -11,
    "CHST": 10,
    "GST": 10,
}


def moment(said: Readings, zone: tzinfo) -> datetime:
    """Return the time of readings, in UTC; of a day, its beginning in the site's standard time.

    Args:
        said: The readings.
        zone: The feed's zone, for days in RDB, which names none.

    Raises:
        Untranslatable: It is no time, or its zone is not known; ``cause`` is ``time``.
    """
    try:
        found = datetime.fromisoformat(said.time)
    except ValueError as error:
        raise Untranslatable(
            "datetime", said.time, expected="a time as 2026-07-01 17:30", cause="time"
        ) from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=_zone(said, zone))
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise Untranslatable(
            "datetime", said.time, expected="a time of our days", cause="time"
        ) from error


def _zone(said: Readings, zone: tzinfo) -> tzinfo:
    """Return the zone of a time without an offset."""
    if said.zone:
        hours = _HOURS.get(said.zone.upper())
        if hours is None:
            known = ", ".join(_HOURS)
            raise Untranslatable("tz_cd", said.zone, expected=f"one of {known}", cause="time")
        return timezone(timedelta(hours=hours))
    if said.site.offset:
        try:
            standard = datetime.fromisoformat(f"2000-01-01T00:00:00{said.site.offset}").tzinfo
        except ValueError as error:
            raise Untranslatable(
                "zoneOffset", said.site.offset, expected="an offset as -05:00", cause="time"
            ) from error
        return standard or UTC
    return zone
