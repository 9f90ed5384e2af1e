"""Times of legacy formats: local, without a zone, and sometimes impossible."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.sdk.errors import Untranslatable

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)


def in_utc(field: str, local: datetime, zone: ZoneInfo, now: datetime) -> datetime:
    """Return a local time in UTC.

    Args:
        field: The field it stands in, for the error.
        local: The time; without a zone it is in ``zone``.
        zone: The feed's zone.
        now: The time now, UTC.

    Raises:
        Untranslatable: If it is before 1990 or more than a day ahead of now.
    """
    try:
        moment = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise _implausible(field, local, now) from error
    if not EARLIEST <= moment <= now + AHEAD:
        # As it was written, where a person will look for it.
        raise _implausible(field, local, now)
    return moment


def require_plausible(field: str, moment: datetime, now: datetime) -> None:
    """Fail when a time cannot be true.

    Raises:
        Untranslatable: If it is before 1990 or more than a day ahead of now.
    """
    if not EARLIEST <= moment <= now + AHEAD:
        raise _implausible(field, moment, now)


def from_digits(field: str, digits: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the UTC time of ``yyyyMMddHHmmss`` with or without milliseconds.

    Raises:
        Untranslatable: If it is no such time, or cannot be true.
    """
    try:
        local = datetime(  # noqa: DTZ001 - the zone is given below
            int(digits[0:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:14]),
            int(digits[14:17].ljust(3, "0")) * 1000 if digits[14:] else 0,
        )
    except ValueError as error:
        raise Untranslatable(
            field, digits, expected="a time as yyyyMMddHHmmss", cause="time"
        ) from error
    return in_utc(field, local, zone, now)


def _implausible(field: str, moment: datetime, now: datetime) -> Untranslatable:
    """Make the error for a time that cannot be true."""
    return Untranslatable(
        field,
        moment.isoformat(),
        expected=f"a time between 1990 and tomorrow (now is {now:%Y-%m-%dT%H:%M:%SZ})",
        cause="time",
        remedy="set the sender's clock",
    )
