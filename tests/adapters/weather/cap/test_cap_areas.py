"""Areas of alerts become places."""

from collections.abc import Callable

import pytest

from adapters.sdk.adapter import Translated
from adapters.weather.cap.areas import division
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]


def _place(rainstorm: Write, read: Read, area: str) -> Location:
    """Return where a warning with one area is."""
    return read(rainstorm(area=area))[0].record.location


def test_a_polygon_is_latitude_before_longitude(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.4; the point of the record is the ring's centre."""
    square = "<polygon>32.0,118.0 32.0,119.0 33.0,119.0 33.0,118.0 32.0,118.0</polygon>"

    place = _place(rainstorm, read, square)

    assert len(place.areas[0].polygons[0].points) == 5
    assert place.point.latitude_deg == pytest.approx(32.5)
    assert place.point.longitude_deg == pytest.approx(118.5)


def test_a_ring_across_the_180th_meridian_has_its_centre_there(
    rainstorm: Write, read: Read
) -> None:
    """Not on the other side of the earth."""
    ring = "<polygon>10,179 10,-179 12,-179 12,179 10,179</polygon>"

    assert abs(_place(rainstorm, read, ring).point.longitude_deg) == pytest.approx(180.0)


def test_a_circle_in_kilometres_becomes_metres(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.4: the radius is in kilometres."""
    place = _place(rainstorm, read, "<circle>32.05,118.78 12.5</circle>")

    assert place.areas[0].circles[0].radius_m == pytest.approx(12_500.0)
    assert place.point.latitude_deg == pytest.approx(32.05)


def test_altitudes_in_feet_become_metres(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.4: altitude and ceiling are in feet above mean sea level."""
    place = _place(rainstorm, read, "<altitude>1000</altitude><ceiling>10000</ceiling>")

    assert place.areas[0].altitude_m == pytest.approx(304.8)
    assert place.areas[0].ceiling_m == pytest.approx(3048.0)


@pytest.mark.parametrize(
    "shape",
    [
        "<polygon>32.0,118.0 32.0,119.0...</polygon>",
        "<polygon>32.0,118.0 32.0,119.0 33.0,119.0 33.0</polygon>",
        "<polygon>118.0,32.0 119.0,32.0 33.0,119.0 118.0,32.0</polygon>",
        "<polygon>32.0,118.0 32.0,118.0</polygon>",
        "<circle>32.0,118.0</circle>",
        "<circle>32.0,118.0 -1</circle>",
        "<circle>nan,118.0 1</circle>",
    ],
)
def test_a_garbled_shape_is_left_out_and_told(rainstorm: Write, read: Read, shape: str) -> None:
    """A warning whose outline is garbled still warns."""
    found = read(rainstorm(area=f"<areaDesc>南京市</areaDesc>{shape}"))[0].record

    assert found.quality.level == QUALITY_LEVEL_SUSPECT
    assert "cannot be read" in found.quality.note
    assert found.location.areas[0].description == "南京市"


def test_the_same_area_in_two_languages_counts_once(rainstorm: Write, read: Read) -> None:
    """The record's place is the union of its parts'."""
    part = (
        "<info><event>e</event><urgency>Past</urgency><severity>Minor</severity>"
        "<certainty>Likely</certainty><area><areaDesc>{}</areaDesc>"
        "<circle>32,118 1</circle></area></info>"
    )

    found = read(rainstorm(info=part.format("Nanjing") + part.format("南京")))[0].record

    assert [area.description for area in found.location.areas] == ["Nanjing"]


@pytest.mark.parametrize(
    ("system", "codes", "expected"),
    [
        ("GB/T 2260", ["320102"], "320102"),
        ("GB/T 2260", ["320102", "320104"], "320100"),
        ("GB/T 10114", ["320102001000", "320102002000"], "320102"),
        ("GB/T 2260", ["320102", "330100"], "320100"),
        ("FIPS6", ["030049"], "320100"),
    ],
)
def test_the_district_holds_all_that_codes_name(
    rainstorm: Write, read: Read, system: str, codes: list[str], expected: str
) -> None:
    """Codes of other systems are no divisions; the feed's district stands in for none."""
    geocode = "<geocode><valueName>{}</valueName><value>{}</value></geocode>"
    area = "".join(geocode.format(system, code) for code in codes)

    assert _place(rainstorm, read, area).district == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("320100000000", "320100"),
        ("320102001000", "320102001"),
        ("320102001003", "320102001003"),
        ("320102", "320102"),
    ],
)
def test_padded_codes_are_shortened(code: str, expected: str) -> None:
    """GB/T 10114 pads to twelve digits what GB/T 2260 writes with six."""
    assert division(code) == expected


def test_blanks_without_end_are_gone_through_once(rainstorm: Write, read: Read) -> None:
    """A megabyte of blanks where a pair is garbled costs the outline, not the evening."""
    blanks = " " * 1_000_000
    area = f"<areaDesc>x</areaDesc><polygon>1{blanks}1</polygon><circle>1,{blanks}1 2</circle>"

    (found,) = read(rainstorm(area=area))

    (written,) = found.record.weather_warning.infos[0].areas
    assert (len(written.polygons), len(written.circles)) == (0, 1)


@pytest.mark.parametrize(
    "written",
    [
        "32.0,118.0;32.0,119.0;33.0,119.0;32.0,118.0",
        "32.0 118.0 32.0 119.0 33.0 119.0 32.0 118.0",
        "32.0,118.0, 32.0,119.0, 33.0,119.0, 32.0,118.0,",
        "\n32.0,118.0,0\n\t32.0,119.0,0\r\n33.0,119.0,0\n",
    ],
)
def test_an_outline_is_read_however_its_numbers_are_parted(
    rainstorm: Write, read: Read, written: str
) -> None:
    """Where only one reading is possible the outline is not lost."""
    place = _place(rainstorm, read, f"<polygon>{written}</polygon>")

    (ring,) = place.areas[0].polygons
    points = [(point.latitude_deg, point.longitude_deg) for point in ring.points]
    assert points == [(32.0, 118.0), (32.0, 119.0), (33.0, 119.0), (32.0, 118.0)]


@pytest.mark.parametrize("written", ["32,118 5", "32 118 5", "32, 118, 5", "32,118 5 km"])
def test_a_circle_is_read_however_its_numbers_are_parted(
    rainstorm: Write, read: Read, written: str
) -> None:
    """The radius stands last, in kilometres."""
    (circle,) = _place(rainstorm, read, f"<circle>{written}</circle>").areas[0].circles

    assert (circle.center.latitude_deg, circle.center.longitude_deg) == (32.0, 118.0)
    assert circle.radius_m == 5000.0


@pytest.mark.parametrize(
    "shape",
    ["<polygon>118.0,32.0 119.0,32.0 119.0,33.0</polygon>", "<circle>118.5,32.5 1</circle>"],
)
def test_what_can_be_no_latitude_is_longitude_and_told(
    rainstorm: Write, read: Read, shape: str
) -> None:
    """Chinese maps say longitude first; of 118 degrees there is no other reading."""
    found = read(rainstorm(area=f"<areaDesc>南京市</areaDesc>{shape}"))[0].record

    assert found.location.point.latitude_deg == pytest.approx(32.33, abs=0.2)
    assert found.location.point.longitude_deg == pytest.approx(118.6, abs=0.2)
    assert "has longitude before latitude, and was turned round" in found.quality.note


def test_longitudes_may_be_counted_all_around_the_globe(rainstorm: Write, read: Read) -> None:
    """East of the 180th meridian some go on counting."""
    place = _place(rainstorm, read, "<polygon>-20,179 -20,185 -21,185 -21,179</polygon>")

    assert [point.longitude_deg for point in place.areas[0].polygons[0].points] == [
        179.0,
        -175.0,
        -175.0,
        179.0,
        179.0,
    ]
