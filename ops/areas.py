"""Circles and polygons as people write them on the command line."""

import json
from pathlib import Path
from typing import Any

from liandong.place.v1.place_pb2 import Circle, Point, Polygon
from ops.failure import USAGE, Failure

_CIRCLE = "expected latitude,longitude,metres, such as 32.04,118.78,2000"
_POLYGON = (
    "expected a GeoJSON file with a polygon, or three corners or more as "
    "'latitude,longitude latitude,longitude ...'"
)
_FEWEST = 3


def circle(text: str) -> Circle:
    """Return the circle that three numbers mean.

    Raises:
        Failure: If they are not three numbers.
    """
    try:
        latitude, longitude, radius = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Failure(f"--circle is {text!r}, {_CIRCLE}", USAGE) from error
    return Circle(center=Point(latitude_deg=latitude, longitude_deg=longitude), radius_m=radius)


def polygon(text: str) -> Polygon:
    """Return the polygon of a GeoJSON file, or the one whose corners are written out.

    Raises:
        Failure: If it is neither.
    """
    path = Path(text)
    corners = _of_file(path) if "," not in text or path.is_file() else _of_text(text)
    if len(corners) < _FEWEST:
        raise Failure(f"--polygon {text!r} has {len(corners)} corners, {_POLYGON}", USAGE)
    if corners[0] != corners[-1]:
        corners.append(corners[0])
    points = [
        Point(latitude_deg=latitude, longitude_deg=longitude) for latitude, longitude in corners
    ]
    return Polygon(points=points)


def _of_text(text: str) -> list[tuple[float, float]]:
    """Return corners that are written out."""
    try:
        pairs = [tuple(map(float, corner.split(","))) for corner in text.split()]
        return [(latitude, longitude) for latitude, longitude in pairs]
    except ValueError as error:
        raise Failure(f"--polygon is {text!r}, {_POLYGON}", USAGE) from error


def _of_file(path: Path) -> list[tuple[float, float]]:
    """Return the corners of the outer ring of a GeoJSON file's polygon."""
    try:
        ring = _geometry(json.loads(path.read_text(encoding="utf-8")))["coordinates"][0]
        return [(float(position[1]), float(position[0])) for position in ring]
    except OSError as error:
        raise Failure(f"--polygon {path}: {error.strerror}; {_POLYGON}", USAGE) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Failure(f"--polygon {path} holds no GeoJSON polygon; {_POLYGON}", USAGE) from error


def _geometry(document: Any) -> Any:
    """Return the polygon of a GeoJSON document (RFC 7946).

    Raises:
        ValueError: If its geometry is another.
    """
    if document["type"] == "FeatureCollection":
        document = document["features"][0]
    if document["type"] == "Feature":
        document = document["geometry"]
    if document["type"] != "Polygon":
        raise ValueError(document["type"])
    return document
