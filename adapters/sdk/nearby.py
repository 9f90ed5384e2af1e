"""How far places are from one another."""

import math
from typing import Final

from liandong.place.v1.place_pb2 import Point

# Mean radius of the earth (IUGG).
_EARTH_M: Final = 6_371_008.8


def distance_m(one: Point, other: Point) -> float:
    """Return the distance between two points along the earth's surface, metres.

    The earth is taken for a sphere, which is wrong by half a per cent at most.
    """
    north = math.radians(one.latitude_deg), math.radians(other.latitude_deg)
    east = math.radians(other.longitude_deg - one.longitude_deg)
    half = (
        math.sin((north[1] - north[0]) / 2) ** 2
        + math.cos(north[0]) * math.cos(north[1]) * math.sin(east / 2) ** 2
    )
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))
