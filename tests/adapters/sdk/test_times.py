"""Times of legacy formats: in UTC, or refused in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.sdk.times import in_utc

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 7, 17, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00",
        "1989-12-31T23:59:59Z",
        "2026-07-18T09:00:01Z",
    ],
)
def test_a_time_that_cannot_be_true_is_refused_in_words(written: str) -> None:
    """Even one that lies beyond what UTC can say is the sender's fault, and no bug."""
    with pytest.raises(Untranslatable) as refused:
        in_utc("time", datetime.fromisoformat(written), ZONE, NOW)

    assert (refused.value.field, refused.value.cause) == ("time", "time")
    assert "between 1990 and tomorrow" in refused.value.expected


@pytest.mark.parametrize("written", ["2026-07-17T17:00:00", "2026-07-17T09:00:00+00:00"])
def test_a_time_without_a_zone_is_in_the_feeds(written: str) -> None:
    """The feed's zone counts only where the time names none."""
    assert in_utc("time", datetime.fromisoformat(written), ZONE, NOW) == NOW
