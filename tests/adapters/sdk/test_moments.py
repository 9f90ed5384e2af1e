"""Times of documents are read in the ways in which senders write them."""

from zoneinfo import ZoneInfo

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.sdk.moments import moment

_NANJING = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-07-01T17:30:00+08:00", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T09:30:00-00:00", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T17:30:00", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T17:30:00+08", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T17:30-0530", "2026-07-01T23:00:00+00:00"),
        ("20260701173000", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T09:30:00 GMT", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01 09:30 utc", "2026-07-01T09:30:00+00:00"),
        ("20260701T093000Z", "2026-07-01T09:30:00+00:00"),
        ("2026-07-31T24:00:00+08:00", "2026-07-31T16:00:00+00:00"),
        ("2026-12-31 24:00", "2026-12-31T16:00:00+00:00"),
    ],
)
def test_a_time_is_told_in_utc(written: str, expected: str) -> None:
    """Offsets may lack their minutes, and a day may end at 24:00 (XML Schema, 3.2.7)."""
    assert moment(written, "sent", _NANJING).isoformat() == expected


@pytest.mark.parametrize(
    "written",
    [
        "2026-07-01T24:00:01Z",
        "2026-07-01T25:00:00Z",
        "9999-12-31T24:00:00Z",
        "24:00",
        "1782899999000",
        "20260701",
    ],
)
def test_what_is_no_time_is_refused(written: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(Untranslatable, match="sent"):
        moment(written, "sent", _NANJING)
