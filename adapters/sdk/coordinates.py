"""Turn the shifted coordinates of Chinese maps into WGS-84.

GCJ-02 is the system that maps in mainland China must use: WGS-84, moved by up to some
700 m by a smooth function. BD-09 is Baidu's further shift. The forward functions are
public; the way back is found by iteration. Left as they are, points in Nanjing would be
wrong by about 540 m.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

# Krasovsky 1940: its greater half-axis in metres and the square of its eccentricity.
_AXIS_M: Final = 6378245.0
_ECCENTRICITY_2: Final = 0.00669342162296594323
# The box that all implementations use for mainland China, in degrees.
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347
_BD_ANGLE: Final = math.pi * 3000.0 / 180.0
# Each round leaves about a thousandth of the error; 10 leave nothing a double can show, and
# mostly 5 do. What is left then is less than a micrometre.
_ROUNDS: Final = 10
_NOTHING_DEG: Final = 1e-12

_Shift = Callable[[float, float], tuple[float, float]]


class CoordinateSystem(StrEnum):
    """The systems in which a feed may give its points, as its configuration names them."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(latitude: float, longitude: float, system: CoordinateSystem) -> tuple[float, float]:
    """Return a point in WGS-84, in degrees: latitude, then longitude.

    Args:
        latitude: Degrees north, in ``system``.
        longitude: Degrees east, in ``system``.
        system: The system that the source uses.
    """
    if system is CoordinateSystem.GCJ02:
        return wgs84_from_gcj02(latitude, longitude)
    if system is CoordinateSystem.BD09:
        return wgs84_from_gcj02(*gcj02_from_bd09(latitude, longitude))
    return latitude, longitude


def wgs84_from_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the WGS-84 point of a GCJ-02 one; the error is below 1e-9 degrees."""
    return _inverse(gcj02_from_wgs84, latitude, longitude)


def gcj02_from_bd09(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the GCJ-02 point of a BD-09 one; the error is below 1e-9 degrees."""
    return _inverse(bd09_from_gcj02, latitude, longitude)


def gcj02_from_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the GCJ-02 point of a WGS-84 one; outside mainland China they are the same."""
    if not _is_shifted(latitude, longitude):
        return latitude, longitude
    x, y = longitude - 105.0, latitude - 35.0
    north_m, east_m = _shift_m(x, y)
    phi = math.radians(latitude)
    root = 1.0 - _ECCENTRICITY_2 * math.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / (root * math.sqrt(root))
    parallel_m = _AXIS_M / math.sqrt(root) * math.cos(phi)
    return latitude + math.degrees(north_m / meridian_m), longitude + math.degrees(
        east_m / parallel_m
    )


def bd09_from_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the BD-09 point of a GCJ-02 one."""
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD_ANGLE)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD_ANGLE)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def _is_shifted(latitude: float, longitude: float) -> bool:
    """Tell whether GCJ-02 moves a point."""
    return _SOUTH < latitude < _NORTH and _WEST < longitude < _EAST


def _shift_m(x: float, y: float) -> tuple[float, float]:
    """Return how far GCJ-02 moves a point, north and east in metres."""
    root = math.sqrt(abs(x))
    common = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += 2.0 / 3.0 * (common + _waves(y, (20.0, 1.0), (40.0, 3.0), (160.0, 12.0)))
    north += 2.0 / 3.0 * 320.0 * math.sin(y * math.pi / 30.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += 2.0 / 3.0 * (common + _waves(x, (20.0, 1.0), (40.0, 3.0), (150.0, 12.0)))
    east += 2.0 / 3.0 * 300.0 * math.sin(x * math.pi / 30.0)
    return north, east


def _waves(value: float, *waves: tuple[float, float]) -> float:
    """Add sine waves of the given heights, with periods given in parts of pi."""
    return sum(height * math.sin(value * math.pi / part) for height, part in waves)


def _inverse(forward: _Shift, latitude: float, longitude: float) -> tuple[float, float]:
    """Find the point that a smooth, small shift takes to the given one."""
    north, east = latitude, longitude
    for _ in range(_ROUNDS):
        moved_north, moved_east = forward(north, east)
        error_north, error_east = moved_north - latitude, moved_east - longitude
        north -= error_north
        east -= error_east
        if abs(error_north) + abs(error_east) < _NOTHING_DEG:
            break
    return north, east
