"""Read the points of dispatch systems."""

import math
import re
from typing import Final

from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from adapters.sdk.errors import Untranslatable
from liandong.place.v1 import place_pb2 as place

_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}
_NORTH, _EAST = 90.0, 180.0
_DECIMAL: Final = re.compile(
    r"([NESW东西南北])?[经纬]?[:：]?\s*(\d{1,3}(?:[.,]\d+)?)\s*[°度]?\s*([NESW])?",  # noqa: RUF001
    re.ASCII,
)
"""Degrees with a letter before or after them, or with a comma for the point."""
_MINUTES: Final = re.compile(
    r"[NE东北]?[经纬]?\s*(\d{1,3})[°度]\s*(\d{1,2}(?:\.\d+)?)[′'’分]"  # noqa: RUF001 - a prime and a quote.
    r"(?:\s*(\d{1,2}(?:\.\d+)?)[″\"”秒])?\s*[NE]?",
    re.ASCII,
)


def to_point(
    latitude: str, longitude: str, system: CoordinateSystem, doubts: list[str]
) -> place.Point | None:
    """Return a point; none when the row gives none, or the 0, 0 that stands for none.

    Raises:
        Untranslatable: A coordinate is no number or out of range.
    """
    if not (latitude and longitude):
        if latitude or longitude:
            doubts.append("a latitude or a longitude stands alone and was left out")
        return None
    if _are_exchanged(latitude, longitude):
        latitude, longitude = longitude, latitude
        doubts.append("latitude and longitude were exchanged, and were put right")
    north, east = _degrees("latitude", latitude, _NORTH), _degrees("longitude", longitude, _EAST)
    if north == east == 0.0:
        doubts.append("the point 0, 0 stands for none")
        return None
    north, east = to_wgs84(north, east, system)
    return place.Point(
        latitude_deg=north, longitude_deg=east, source_coordinate_system=_SYSTEMS[system]
    )


def _are_exchanged(latitude: str, longitude: str) -> bool:
    """Tell whether one can only be the other: no latitude is beyond 90 degrees."""
    return _NORTH < abs(_number(latitude)) <= _EAST and abs(_number(longitude)) <= _NORTH


def _degrees(field: str, written: str, most: float) -> float:
    """Read a coordinate."""
    degrees = _number(written)
    if not -most <= degrees <= most:
        expected = f"degrees from {-most:g} to {most:g}"
        remedy = "see that latitude and longitude are not exchanged"
        raise Untranslatable(field, written, expected=expected, cause="coordinate", remedy=remedy)
    return degrees


def _number(written: str) -> float:
    """Read degrees, or degrees with minutes and seconds; what is neither is no number."""
    try:
        return float(written)
    except ValueError:
        parts = _DECIMAL.fullmatch(written)
    if parts is not None:
        sign = -1 if {parts[1], parts[3]} & {"S", "W", "南", "西"} else 1
        return sign * float(parts[2].replace(",", "."))
    parts = _MINUTES.fullmatch(written)
    if parts is None:
        return math.nan
    return int(parts[1]) + float(parts[2]) / 60 + float(parts[3] or 0) / 3600
