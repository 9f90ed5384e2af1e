"""What an index finds is what a look at everything finds, in whatever order and pages."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.order import Order, order_of
from gateway.search import Search
from gateway.selection import Selector
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.place.v1.place_pb2 import Circle, Polygon
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from tests.gateway.state import (
    PERMIT,
    START,
    circle,
    listed,
    page,
    polygon,
    reading,
    take,
    view_of,
)

# Narrow enough that things meet, wide enough that all three grids are used.
LATITUDES = st.one_of(st.floats(31.9, 32.1), st.floats(-90, 90))
LONGITUDES = st.one_of(st.floats(118.7, 118.9), st.floats(-180, 180))
POINTS = st.tuples(LATITUDES, LONGITUDES)
ACTUAL, EXERCISE = record_pb2.STATUS_ACTUAL, record_pb2.STATUS_EXERCISE
RADII = st.one_of(st.floats(0, 20_000), st.floats(0, 20_000_000))


@st.composite
def boxes(draw: st.DrawFn) -> dict[str, float]:
    """Draw a box, also one that crosses the antimeridian."""
    south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
    west, east = draw(LONGITUDES), draw(LONGITUDES)
    return {"south_deg": south, "west_deg": west, "north_deg": north, "east_deg": east}


@st.composite
def rings(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Draw the corners of a ring about a point, which does not cross itself."""
    latitude, longitude = draw(st.floats(-80, 80)), draw(LONGITUDES)
    if draw(st.booleans()):
        latitude, longitude = draw(st.floats(31.9, 32.1)), draw(st.floats(118.7, 118.9))
    size = draw(st.floats(0.001, 5))
    corners = draw(st.integers(3, 7))
    reaches = draw(st.lists(st.floats(0.3, 1), min_size=corners, max_size=corners))
    return [
        (
            latitude + size * reach * math.sin(2 * math.pi * number / corners),
            _turned(longitude + size * reach * math.cos(2 * math.pi * number / corners)),
        )
        for number, reach in enumerate(reaches)
    ]


def _turned(longitude: float) -> float:
    """Return a longitude between -180 and 180."""
    return (longitude + 180) % 360 - 180


@st.composite
def states(draw: st.DrawFn) -> list[Record]:
    """Draw records: points, areas, no place at all; some said twice, in another place."""
    count = draw(st.integers(0, 25))
    records = []
    for number in range(count):
        entity = str(draw(st.integers(0, 15)) if draw(st.booleans()) else number)
        record = reading(
            entity,
            kind=draw(st.sampled_from(["water.level", "water.rainfall"])),
            minutes=number + draw(st.floats(0, 200)),
        )
        record.location.district = draw(st.sampled_from(["320102", "320104", "330100"]))
        record.status = draw(st.sampled_from([ACTUAL, ACTUAL, EXERCISE]))
        shape = draw(st.integers(0, 5))
        if shape <= 3:
            latitude, longitude = draw(POINTS)
            record.location.point.latitude_deg = latitude
            record.location.point.longitude_deg = longitude
        if shape in {3, 4}:
            area = record.location.areas.add()
            if draw(st.booleans()):
                area.circles.add(**circle(*draw(POINTS), draw(RADII)))
            else:
                area.polygons.add(**polygon(*draw(rings())))
        records.append(record)
    return records


@st.composite
def selections(draw: st.DrawFn) -> api.Selection:
    """Draw a selection."""
    selection = api.Selection()
    shape = draw(st.integers(0, 4))
    if shape == 1:
        selection.bounding_box.CopyFrom(api.BoundingBox(**draw(boxes())))
    if shape in {2, 4}:
        found = circle(*draw(POINTS), draw(RADII))
        selection.circle.CopyFrom(type(selection.circle)(**found))
    if shape == 3:
        selection.polygon.CopyFrom(type(selection.polygon)(**polygon(*draw(rings()))))
    if draw(st.booleans()):
        selection.kinds.append("water.level")
    if draw(st.booleans()):
        selection.districts.append("320100")
    if draw(st.booleans()):
        selection.statuses.extend([ACTUAL, EXERCISE])
    if draw(st.booleans()):
        selection.observed.start_at.FromSeconds(int(START.timestamp()) + 3000)
    if draw(st.booleans()):
        selection.received.end_at.FromSeconds(int(START.timestamp()) + 10**6 + 12)
    if draw(st.booleans()):
        selection.filter = "record.name.endsWith('1') || record.location.areas[0].circles == []"
    return selection


@settings(deadline=None)
@given(
    states(),
    selections(),
    st.sampled_from(["", "name", "observed_at", "observed_at desc", "distance"]),
    st.integers(1, 7),
    st.booleans(),
)
def test_an_index_finds_what_a_look_at_everything_finds(
    records: list[Record], selection: api.Selection, order: str, size: int, indexed_first: bool
) -> None:
    """Also after records have moved, and page by page."""
    request = api.ListRecordsRequest(selection=selection, order_by=order, page_size=size)
    request.distance_from.latitude_deg, request.distance_from.longitude_deg = 32.0, 118.8
    view = view_of(records[: len(records) // 2])
    if indexed_first:
        view.index()
    for number, record in enumerate(records[len(records) // 2 :]):
        take(view, record, len(records) // 2 + number + 1)

    names = listed(view, request)

    selector, place = Selector(selection, PERMIT), order_of(request).position
    everything = selector.first(view.entries(), len(view) + 1)
    assert names == [entry.name for entry in sorted(everything, key=place)]


@settings(deadline=None)
@given(st.lists(POINTS, max_size=30), boxes())
def test_a_box_holds_the_points_between_its_edges(
    points: list[tuple[float, float]], box: dict[str, float]
) -> None:
    """Beside comparing by hand; west greater than east crosses the antimeridian."""
    view = view_of(reading(f"{i:02d}", *point) for i, point in enumerate(points))
    south, west, north, east = box.values()

    names = listed(
        view, api.ListRecordsRequest(selection=api.Selection(bounding_box=api.BoundingBox(**box)))
    )

    assert names == [
        f"water/water.level/{number:02d}"
        for number, (latitude, longitude) in enumerate(points)
        if south <= latitude <= north
        and (west <= longitude <= east if west <= east else longitude >= west or longitude <= east)
    ]


@settings(deadline=None)
@given(st.lists(POINTS, max_size=30), POINTS, RADII)
def test_a_circle_holds_the_points_within_its_radius(
    points: list[tuple[float, float]], center: tuple[float, float], radius: float
) -> None:
    """Beside the angle between two vectors; what lies on the edge by rounding may be either."""
    view = view_of(reading(f"{i:02d}", *point) for i, point in enumerate(points))

    names = listed(
        view,
        api.ListRecordsRequest(selection=api.Selection(circle=Circle(**circle(*center, radius)))),
    )

    distances = [_distance(center, point) for point in points]
    assert {i for i, d in enumerate(distances) if d < radius - 1} <= _numbers(names)
    assert _numbers(names) <= {i for i, d in enumerate(distances) if d <= radius + 1}


@settings(deadline=None)
@given(st.lists(POINTS, max_size=30), rings())
def test_a_polygon_holds_the_points_inside_its_ring(
    points: list[tuple[float, float]], ring: list[tuple[float, float]]
) -> None:
    """Beside counting the edges that a ray crosses."""
    view = view_of(reading(f"{i:02d}", *point) for i, point in enumerate(points))

    names = listed(
        view, api.ListRecordsRequest(selection=api.Selection(polygon=Polygon(**polygon(*ring))))
    )

    assert _numbers(names) == {i for i, point in enumerate(points) if _is_inside(ring, point)}


def _numbers(names: list[str]) -> set[int]:
    """Return the numbers of records."""
    return {int(name.rpartition("/")[2]) for name in names}


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return metres between two points by the angle between their vectors."""
    vectors = []
    for latitude, longitude in (one, other):
        lat, lon = math.radians(latitude), math.radians(longitude)
        vectors.append(
            (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
        )
    (a, b, c), (x, y, z) = vectors
    cross = math.hypot(b * z - c * y, c * x - a * z, a * y - b * x)
    return 6_371_008.8 * math.atan2(cross, a * x + b * y + c * z)


def _is_inside(ring: list[tuple[float, float]], point: tuple[float, float]) -> bool:
    """Tell whether a ray from a point crosses a ring an odd number of times."""
    crosses = max(x for _, x in ring) - min(x for _, x in ring) > 180
    corners = [(y, x + 360 if crosses and x < 0 else x) for y, x in ring]
    odd = False
    for x in {point[1], point[1] + 360} if crosses else {point[1]}:
        inside = False
        for (y1, x1), (y2, x2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y1 > point[0]) != (y2 > point[0]):
                inside ^= x < (x2 - x1) * (point[0] - y1) / (y2 - y1) + x1
        odd |= inside
    return odd


def test_an_area_is_selected_when_it_touches_and_not_when_only_its_box_does() -> None:
    """The exact test, of a polygon and of a circle, by each shape."""
    triangle = reading("triangle")
    triangle.location.areas.add().polygons.add(
        **polygon((32.0, 118.0), (32.0, 119.0), (33.0, 118.0))
    )
    disc = reading("disc")
    disc.location.areas.add().circles.add(**circle(10.0, 10.0, 100_000))
    view = view_of([triangle, disc])

    def found(**selection: Any) -> list[str]:
        request = api.ListRecordsRequest(selection=api.Selection(**selection))
        return [name.rpartition("/")[2] for name in listed(view, request)]

    beyond = {"south_deg": 32.8, "west_deg": 118.8, "north_deg": 32.9, "east_deg": 118.9}
    across = {"south_deg": 32.4, "west_deg": 118.4, "north_deg": 32.9, "east_deg": 118.9}
    assert found(bounding_box=beyond) == []
    assert found(bounding_box=across) == ["triangle"]
    assert found(circle=circle(32.8, 118.8, 30_000)) == []
    assert found(circle=circle(32.8, 118.8, 50_000)) == ["triangle"]
    assert found(polygon=polygon((32.9, 118.9), (32.9, 118.5), (32.6, 118.9))) == []
    assert found(polygon=polygon((32.9, 118.9), (32.4, 118.5), (32.6, 118.9))) == ["triangle"]
    assert found(circle=circle(10.0, 12.0, 110_000)) == []
    assert found(circle=circle(10.0, 12.0, 130_000)) == ["disc"]
    assert found(polygon=polygon((10.7, 10.7), (10.7, 11.0), (11.0, 10.7))) == []
    assert found(polygon=polygon((10.5, 10.5), (10.7, 11.0), (11.0, 10.7))) == ["disc"]


@pytest.mark.parametrize("order", ["name", "observed_at", "observed_at desc", "distance"])
def test_what_is_there_all_along_is_told_once_while_others_come_and_go(order: str) -> None:
    """A page token is a place in the order, not a number of records."""
    records = [
        reading(f"{i:03d}", 32.0 + i / 1000, 118.8, minutes=(i * 7) % 90) for i in range(0, 90, 2)
    ]
    view = view_of(records)
    request = api.ListRecordsRequest(order_by=order, page_size=4)
    request.distance_from.latitude_deg, request.distance_from.longitude_deg = 32.03, 118.8
    names, token = page(view, request)
    number = 1
    while token:
        take(
            view,
            reading(f"{number:03d}", 32.0 + number / 1000, 118.8, minutes=number),
            1000 + number,
        )
        number += 2
        more, token = page(view, request, token)
        names += more

    assert len(names) == len(set(names))
    assert {record.name for record in records} <= set(names)


@pytest.mark.parametrize("order", ["name", "observed_at", "observed_at desc"])
@pytest.mark.parametrize("count", [900, 30_000])
def test_more_than_is_sorted_at_once_is_found_once(order: str, count: int) -> None:
    """Half of a large state in a box, all of it observed in the same minute."""
    records = [
        reading(f"{(i * 7919) % 24_000:05d}", 32.0 + i % 2, 118.8, minutes=i % 50 / 60)
        for i in range(24_000)
    ]
    view = view_of(records)
    box = api.BoundingBox(south_deg=31.9, west_deg=118, north_deg=32.1, east_deg=119)
    selection = api.Selection(bounding_box=box)
    selector, place = Selector(selection, PERMIT), Order(order)
    names: list[str] = []
    position = None
    while position is not None or not names:
        search = Search(view, selector, place, position, count)
        found, position = asyncio.run(search.page())
        names += [entry.name for entry in found]

    inside = [entry for entry in view.entries() if entry.box is not None and entry.box[0] < 32.1]
    assert names == [entry.name for entry in sorted(inside, key=place.position)]


def test_a_drill_is_selected_only_when_asked_for() -> None:
    """ACTUAL unless the selection says so."""
    drill = reading("drill")
    view = view_of([reading("real")])
    drill.status = record_pb2.STATUS_EXERCISE
    take(view, drill, 2)

    asked = api.Selection(statuses=[record_pb2.STATUS_EXERCISE])

    assert listed(view, api.ListRecordsRequest()) == ["water/water.level/real"]
    assert listed(view, api.ListRecordsRequest(selection=asked)) == ["water/water.level/drill"]
