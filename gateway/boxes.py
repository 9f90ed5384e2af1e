"""Boxes between parallels and meridians: what things span, and what circles reach."""

import math
from typing import Final

from liandong.place.v1.place_pb2 import Circle, Location, Polygon

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees."""

EARTH_M: Final = 6_371_008.8
"""The mean radius of the earth, by which distances are measured (IUGG)."""

_POLE_DEG: Final = 90.0
_HALF_TURN: Final = 180.0
# What rounding may cost: a tenth of a metre.
_MARGIN_DEG: Final = 1e-6


def box_of(location: Location) -> Box | None:
    """Return the box about a location's point and areas.

    What crosses the antimeridian, or goes around a pole, spans all longitudes.
    """
    if not location.areas:
        if not location.HasField("point"):
            return None
        point = location.point
        latitude, longitude = point.latitude_deg, point.longitude_deg
        return _sane((latitude, longitude, latitude, longitude))
    boxes = [_about(circle) for area in location.areas for circle in area.circles]
    points = [location.point] if location.HasField("point") else []
    boxes += [(p.latitude_deg, p.longitude_deg, p.latitude_deg, p.longitude_deg) for p in points]
    boxes += [
        _around(polygon) for area in location.areas for polygon in area.polygons if polygon.points
    ]
    if not boxes:
        return None
    souths, wests, norths, easts = zip(*boxes, strict=True)
    return _sane((min(souths), min(wests), max(norths), max(easts)))


def _sane(box: Box) -> Box | None:
    """Return a box that lies on the earth; None: it does not, as that of no number."""
    south, west, north, east = box
    lies = -_POLE_DEG <= south <= north <= _POLE_DEG and -_HALF_TURN <= west <= east <= _HALF_TURN
    return box if lies else None


def _about(circle: Circle) -> Box:
    """Return the box about a circle."""
    return box_about(circle.center.latitude_deg, circle.center.longitude_deg, circle.radius_m)


def box_about(latitude: float, longitude: float, radius_m: float) -> Box:
    """Return the box about a circle on the ground."""
    reach = math.degrees(radius_m / EARTH_M) + _MARGIN_DEG
    south, north = latitude - reach, latitude + reach
    if south <= -_POLE_DEG or north >= _POLE_DEG:
        return max(south, -_POLE_DEG), -_HALF_TURN, min(north, _POLE_DEG), _HALF_TURN
    # Its easternmost point does not lie on the centre's parallel.
    sine = min(math.sin(math.radians(reach)) / _cosine(latitude), 1.0)
    across = math.degrees(math.asin(sine))
    west, east = longitude - across - _MARGIN_DEG, longitude + across + _MARGIN_DEG
    return (
        (south, west, north, east)
        if west >= -_HALF_TURN and east <= _HALF_TURN
        else _all(south, north)
    )


def _around(polygon: Polygon) -> Box:
    """Return the box about a ring."""
    latitudes = [point.latitude_deg for point in polygon.points]
    longitudes = [point.longitude_deg for point in polygon.points]
    south, north, west, east = min(latitudes), max(latitudes), min(longitudes), max(longitudes)
    if south == north and west == east:
        # Only what has a point lies in one.
        return box_about(south, west, 0.0)
    # No ring of half the world is meant: it crosses the antimeridian.
    return (south, west, north, east) if east - west <= _HALF_TURN else _all(south, north)


def _all(south: float, north: float) -> Box:
    """Return the box of all longitudes between two parallels."""
    return south, -_HALF_TURN, north, _HALF_TURN


def _cosine(degrees: float) -> float:
    """Return the cosine of an angle in degrees."""
    return math.cos(math.radians(degrees))


def is_point(box: Box) -> bool:
    """Tell whether a box is a point."""
    return box[0] == box[2] and box[1] == box[3]


def touch(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
