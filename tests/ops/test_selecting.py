"""Options that select records."""

from datetime import UTC, datetime, timedelta

import pytest

from liandong.gateway.v1.shared_state_pb2 import BoundingBox
from ops.city import read_city
from ops.failure import USAGE, Failure
from ops.selecting import selection

CITY = read_city()


def test_a_box_is_south_west_north_east() -> None:
    """Blanks do no harm."""
    selected = selection(CITY, kinds=[], agencies=[], districts=[], bbox="31.2, 118.5,32.6,119")

    assert selected.bounding_box == BoundingBox(
        south_deg=31.2, west_deg=118.5, north_deg=32.6, east_deg=119.0
    )


def test_since_takes_an_age_or_a_time_and_the_citys_zone_when_it_has_none() -> None:
    """18:00 in Nanjing is 10:00 UTC."""

    def since(text: str) -> datetime:
        selected = selection(CITY, kinds=[], agencies=[], districts=[], since=text)
        return selected.observed.start_at.ToDatetime(UTC)

    assert since("2026-06-15T18:00") == datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    assert since("2026-06-15T18:00+02:00") == datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
    assert timedelta(minutes=119) < datetime.now(UTC) - since("2h") < timedelta(minutes=121)


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("bbox", "1,2", "expected south,west,north,east in degrees"),
        ("bbox", "a,b,c,d", "expected south,west,north,east in degrees"),
        ("since", "yesterday", "expected 30m, 2h, 1d or a time"),
        ("since", "99999999999d", "expected 30m, 2h, 1d or a time"),
    ],
)
def test_a_malformed_option_is_refused_with_what_was_expected(
    option: str, text: str, expected: str
) -> None:
    """It is a usage error, and the sentence quotes what was given."""
    with pytest.raises(Failure, match=expected) as caught:
        selection(CITY, kinds=[], agencies=[], districts=[], **{option: text})

    assert caught.value.status == USAGE
    assert repr(text) in str(caught.value)
