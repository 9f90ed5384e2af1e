"""Options that select records."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from liandong.gateway.v1.shared_state_pb2 import BoundingBox
from liandong.place.v1.place_pb2 import Circle, Point
from ops.city import read_city
from ops.failure import USAGE, Failure
from ops.selecting import Chosen

CITY = read_city()


def test_a_box_is_south_west_north_east() -> None:
    """Blanks do no harm."""
    selected = Chosen(bbox="31.2, 118.5,32.6,119").selection(CITY)

    assert selected.bounding_box == BoundingBox(
        south_deg=31.2, west_deg=118.5, north_deg=32.6, east_deg=119.0
    )


def test_a_circle_is_a_place_and_a_radius() -> None:
    """Latitude first, as people say it."""
    selected = Chosen(circle="32.04,118.78, 2000").selection(CITY)

    center = Point(latitude_deg=32.04, longitude_deg=118.78)
    assert selected.circle == Circle(center=center, radius_m=2000)


@pytest.mark.parametrize("form", ["text", "Polygon", "Feature", "FeatureCollection"])
def test_a_polygon_is_written_out_or_a_geojson_file(form: str, tmp_path: Path) -> None:
    """A ring that is not closed is closed; GeoJSON has the longitude first."""
    ring = [[118.7, 32.0], [118.8, 32.0], [118.8, 32.1], [118.7, 32.0]]
    document: dict[str, object] = {"type": "Polygon", "coordinates": [ring]}
    if form.startswith("Feature"):
        document = {"type": "Feature", "geometry": document}
    if form == "FeatureCollection":
        document = {"type": form, "features": [document]}
    file = tmp_path / "area.json"
    file.write_text(json.dumps(document))
    text = "32.0,118.7 32.0,118.8 32.1,118.8" if form == "text" else str(file)

    selected = Chosen(polygon=text).selection(CITY)

    points = [(point.longitude_deg, point.latitude_deg) for point in selected.polygon.points]
    assert points == [tuple(corner) for corner in ring]


def test_a_file_without_a_polygon_is_refused(tmp_path: Path) -> None:
    """The sentence names the file and what was expected."""
    for content in ("", "[]", '{"type": "Point", "coordinates": [1, 2]}', '{"type": "Polygon"}'):
        file = tmp_path / "area.json"
        file.write_text(content)
        with pytest.raises(Failure, match=r"area\.json holds no GeoJSON polygon") as caught:
            Chosen(polygon=str(file)).selection(CITY)
        assert caught.value.status == USAGE


def test_since_takes_an_age_or_a_time_and_the_citys_zone_when_it_has_none() -> None:
    """18:00 in Nanjing is 10:00 UTC."""

    def since(text: str) -> datetime:
        selected = Chosen().selection(CITY, since=text)
        return selected.observed.start_at.ToDatetime(UTC)

    assert since("2026-06-15T18:00") == datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    assert since("2026-06-15T18:00+02:00") == datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
    assert timedelta(minutes=119) < datetime.now(UTC) - since("2h") < timedelta(minutes=121)


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("bbox", "1,2", "expected south,west,north,east in degrees"),
        ("bbox", "a,b,c,d", "expected south,west,north,east in degrees"),
        ("circle", "32,118", "expected latitude,longitude,metres"),
        ("circle", "a,b,c", "expected latitude,longitude,metres"),
        ("polygon", "1,2 3,4", "has 2 corners, expected a GeoJSON file"),
        ("polygon", "1,2 3,x 5,6", "expected a GeoJSON file"),
        ("polygon", "1,2 3,4,5 6,7", "expected a GeoJSON file"),
    ],
)
def test_a_malformed_option_is_refused_with_what_was_expected(
    option: str, text: str, expected: str
) -> None:
    """It is a usage error, and the sentence quotes what was given."""
    given: dict[str, Any] = {option: text}
    with pytest.raises(Failure, match=expected) as caught:
        Chosen(**given).selection(CITY)

    assert caught.value.status == USAGE
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["yesterday", "99999999999d"])
def test_a_moment_that_is_none_is_refused_as_they_are(text: str) -> None:
    """Whether it is no time, or one that no calendar has."""
    with pytest.raises(Failure, match=f"--since is '{text}', expected 30m, 2h, 1d or a time"):
        Chosen().selection(CITY, since=text)
