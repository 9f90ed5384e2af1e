"""Read an area's outlines (CAP 1.2, 3.2.4), also where a sender writes them in its own way."""

import math
import re
from typing import Final

from adapters.weather.cap.values import tight
from liandong.place.v1.place_pb2 import Circle, Point, Polygon

_RING: Final = 4
_MOST_POINTS: Final = 10_000
_KILOMETRE_M: Final = 1000.0
_QUARTER_TURN: Final = 90.0
_HALF_TURN: Final = 180.0
_TRIPLE: Final = 3
_SHOWN: Final = 60
_BETWEEN: Final = re.compile(r"[\s,;]+")
Pairs = list[tuple[float, float]]


def polygon(written: str, doubts: list[str]) -> Polygon:
    """Read ``lat,lon lat,lon ...``; a ring left open is closed.

    Args:
        written: The element's text.
        doubts: Gets a sentence if it was read otherwise than it says.

    Raises:
        ValueError: It is no ring.
    """
    points = _points(_pairs(written), f"polygon {written[:_SHOWN]!r}", doubts)
    if points and points[0] != points[-1]:
        points.append(points[0])
    if not _RING <= len(points) <= _MOST_POINTS:
        raise ValueError
    return Polygon(points=points)


def circle(written: str, doubts: list[str]) -> Circle:
    """Read ``lat,lon radius``, the radius in kilometres.

    Args:
        written: The element's text.
        doubts: Gets a sentence if it was read otherwise than it says.

    Raises:
        ValueError: It is no circle.
    """
    latitude, longitude, radius = _numbers(written.strip().lower().removesuffix("km"))
    if radius < 0 or not math.isfinite(radius):
        raise ValueError
    (center,) = _points([(latitude, longitude)], f"circle {written[:_SHOWN]!r}", doubts)
    return Circle(center=center, radius_m=radius * _KILOMETRE_M)


def _pairs(written: str) -> Pairs:
    """Return a list's pairs: a comma within each, or nothing that tells them apart.

    Where each has a third number, that is a height, as KML has it.

    Raises:
        ValueError: It is no list of pairs.
    """
    parts = [pair.split(",") for pair in tight(written).split()]
    if len(parts) > 1 and all(len(part) == _TRIPLE for part in parts):
        parts = [part[:2] for part in parts]
    if all(len(part) == 2 for part in parts):  # noqa: PLR2004 - latitude, longitude.
        return [(float(latitude), float(longitude)) for latitude, longitude in parts]
    numbers = _numbers(written)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _numbers(written: str) -> list[float]:
    """Return a text's numbers, whatever stands between them."""
    return [float(number) for number in _BETWEEN.split(written.strip(" \t\r\n,;"))]


def _points(pairs: Pairs, shown: str, doubts: list[str]) -> list[Point]:
    """Return pairs as points.

    What can be no latitude, and stands first in all of them, is longitude. Longitudes may
    be counted eastwards all around the globe.

    Raises:
        ValueError: One is no place on the Earth.
    """
    if pairs and all(_QUARTER_TURN < abs(first) <= _HALF_TURN for first, _ in pairs):
        pairs = [(second, first) for first, second in pairs]
        doubts.append(f"{shown} has longitude before latitude, and was turned round")
    points = []
    for latitude, longitude in pairs:
        east = longitude - 2 * _HALF_TURN if longitude > _HALF_TURN else longitude
        if not (abs(latitude) <= _QUARTER_TURN and abs(east) <= _HALF_TURN):
            raise ValueError
        points.append(Point(latitude_deg=latitude, longitude_deg=east))
    return points
