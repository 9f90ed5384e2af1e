"""What a record covers on the ground, made of its areas when somebody asks, and kept a while."""

import functools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity

from gateway.boxes import EARTH_M
from gateway.entry import Entry
from liandong.record.v1.record_pb2 import Record

Degrees = tuple[float, float]
_KEPT: Final = 4096
_FEWEST: Final = 3
_ORIGIN: Final = shapely.Point(0.0, 0.0)
_TURN: Final = 360.0
_HALF_TURN: Final = 180.0


class Place:
    """The points, polygons and circles of a record.

    Attributes:
        points: Its point, if it has one: latitude, longitude.
        circles: Latitude, longitude and radius in metres of each.
        polygons: Each in longitude and latitude, unrolled across the antimeridian.
    """

    __slots__ = ("_crosses", "circles", "points", "polygons")

    def __init__(self, record: Record) -> None:
        location = record.location
        self.points: list[Degrees] = []
        if location.HasField("point"):
            self.points.append((location.point.latitude_deg, location.point.longitude_deg))
        self.circles = [
            (circle.center.latitude_deg, circle.center.longitude_deg, circle.radius_m)
            for area in location.areas
            for circle in area.circles
        ]
        rings = [
            [(point.longitude_deg, point.latitude_deg) for point in polygon.points]
            for area in location.areas
            for polygon in area.polygons
        ]
        self.polygons = [_whole(ring) for ring in rings if ring]
        self._crosses = any(polygon.bounds[2] > _HALF_TURN for polygon in self.polygons)

    def touches(self, shape: Any, *, crosses: bool) -> bool:
        """Tell whether its areas have a point in common with a shape.

        Args:
            shape: In longitude and latitude.
            crosses: Whether it goes on beyond 180 degrees.
        """
        polygons = self.polygons
        if crosses != self._crosses:
            turn = _TURN if crosses else -_TURN
            turned = [shapely.affinity.translate(polygon, xoff=turn) for polygon in polygons]
            polygons = polygons + turned
        return any(shape.intersects(polygon) for polygon in polygons) or any(
            _reaches(shape, *circle) for circle in self.circles
        )

    def reaches(self, latitude: float, longitude: float, radius_m: float) -> bool:
        """Tell whether its areas touch a circle on the ground."""
        return any(
            distance_m(latitude, longitude, one[0], one[1]) <= radius_m + one[2]
            for one in self.circles
        ) or any(_reaches(polygon, latitude, longitude, radius_m) for polygon in self.polygons)


@functools.lru_cache(maxsize=_KEPT)
def place_of(entry: Entry) -> Place:
    """Return what a record covers."""
    return Place(Record.FromString(entry.payload))


def unrolled(ring: Sequence[Degrees]) -> Sequence[Degrees]:
    """Return a ring that crosses the antimeridian as one that goes on beyond 180 degrees.

    Args:
        ring: Longitudes and latitudes.
    """
    longitudes = [longitude for longitude, _ in ring]
    if max(longitudes) - min(longitudes) <= _HALF_TURN:
        return ring
    return [(longitude + _TURN if longitude < 0 else longitude, y) for longitude, y in ring]


def distance_m(latitude: float, longitude: float, latitude2: float, longitude2: float) -> float:
    """Return the length of the great circle between two points, in metres."""
    here, there = math.radians(latitude), math.radians(latitude2)
    across = math.radians(longitude2 - longitude)
    chord = (
        math.sin((there - here) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_M * math.asin(min(math.sqrt(chord), 1.0))


def _whole(ring: Sequence[Degrees]) -> Any:
    """Return a ring's inside; of one that crosses itself, or is a mere line, what it covers."""
    points = list(unrolled(ring))
    if len(points) < _FEWEST:
        return shapely.MultiPoint(points)
    polygon = shapely.Polygon(points)
    return polygon if polygon.is_valid else shapely.make_valid(polygon)


def _reaches(polygon: Any, latitude: float, longitude: float, radius_m: float) -> bool:
    """Tell whether a circle on the ground touches a polygon.

    The polygon is laid flat about the circle's centre, true in distance from there.
    """
    flat = shapely.transform(polygon, _Flat(latitude, longitude))
    near: bool = shapely.dwithin(flat, _ORIGIN, radius_m)
    return near


class _Flat:
    """The azimuthal equidistant projection about a point."""

    def __init__(self, latitude: float, longitude: float) -> None:
        self._latitude, self._longitude = math.radians(latitude), longitude

    def __call__(self, degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return metres east and north of the point for longitudes and latitudes."""
        across = np.radians(degrees[:, 0] - self._longitude)
        there = np.radians(degrees[:, 1])
        east = np.cos(there) * np.sin(across)
        north = math.cos(self._latitude) * np.sin(there) - math.sin(self._latitude) * np.cos(
            there
        ) * np.cos(across)
        ahead = math.sin(self._latitude) * np.sin(there) + math.cos(self._latitude) * np.cos(
            there
        ) * np.cos(across)
        sine = np.hypot(east, north)
        angle = np.arctan2(sine, ahead)
        scale = np.where(sine > 0, EARTH_M * angle / np.where(sine > 0, sine, 1.0), EARTH_M)
        return np.column_stack((east * scale, north * scale))
