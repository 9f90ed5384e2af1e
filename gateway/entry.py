"""A record as the view keeps it: its bytes, and what selections ask of it."""

import math
import operator
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.encoding import varint
from gateway.key import Key, key_of
from liandong.place.v1.place_pb2 import Circle, Location, Polygon
from liandong.record.v1.record_pb2 import Record

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees."""

EARTH_M = 6_371_008.8
"""The mean radius of the earth, by which distances are measured (IUGG)."""
_POLE_DEG = 90.0
# What rounding may cost: a tenth of a metre.
_MARGIN_DEG = 1e-6


@dataclass(slots=True, eq=False)
class Entry:
    """A record, ready to be selected and sent.

    Attributes:
        name: The record's name.
        observed: When it was observed, nanoseconds since 1970 UTC.
        counted: When it counts as observed beside others of its name: not after it was stored,
            for a clock that is ahead must not hold the place of what is true until then.
        expires: When it ends, nanoseconds since 1970 UTC; 0: open.
        key: What it has in common with others: agency, kind, classification, district, status.
        box: What its point and areas span; None: no place.
        sequence: Its sequence in the city's stream.
        sized: Its bytes exactly as published, after their length: with a tag before them they
            are a field of a response.
        payload_at: Where in them the record begins.
        stored: When the city's stream stored it, nanoseconds since 1970 UTC.
    """

    name: str
    observed: int
    counted: int
    expires: int
    key: Key
    box: Box | None
    sequence: int
    sized: bytes
    payload_at: int
    stored: int

    @property
    def payload(self) -> bytes:
        """Return its bytes, exactly as published."""
        return self.sized[self.payload_at :]


KEY = operator.attrgetter("key")


def entry_of(payload: bytes, sequence: int, stored_ns: int) -> Entry:
    """Read what selections need out of a record's bytes.

    Args:
        payload: The bytes.
        sequence: Their sequence in the city's stream.
        stored_ns: When the stream stored them, nanoseconds since 1970 UTC.

    Raises:
        google.protobuf.message.DecodeError: If they are no record.
    """
    record = Record.FromString(payload)
    name, location, length = record.name, record.location, varint(len(payload))
    agency, kind, _ = name.split("/", 2)
    observed = _nanoseconds(record.observed_at)
    return Entry(
        name,
        observed,
        min(observed, stored_ns),
        _nanoseconds(record.expires_at) if record.HasField("expires_at") else 0,
        key_of((agency, kind, record.classification, location.district, record.status)),
        box_of(location),
        sequence,
        length + payload,
        len(length),
        stored_ns,
    )


def _nanoseconds(time: Timestamp) -> int:
    """Return a time in nanoseconds since 1970 UTC; half of what its own method costs."""
    return time.seconds * 1_000_000_000 + time.nanos


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
    lies = -_POLE_DEG <= south <= north <= _POLE_DEG and -180.0 <= west <= east <= 180.0
    return box if lies else None


def _about(circle: Circle) -> Box:
    """Return the box about a circle."""
    return box_about(circle.center.latitude_deg, circle.center.longitude_deg, circle.radius_m)


def box_about(latitude: float, longitude: float, radius_m: float) -> Box:
    """Return the box about a circle on the ground."""
    reach = math.degrees(radius_m / EARTH_M) + _MARGIN_DEG
    south, north = latitude - reach, latitude + reach
    if south <= -_POLE_DEG or north >= _POLE_DEG:
        return max(south, -_POLE_DEG), -180.0, min(north, _POLE_DEG), 180.0
    # Its easternmost point does not lie on the centre's parallel.
    sine = min(math.sin(math.radians(reach)) / _cosine(latitude), 1.0)
    across = math.degrees(math.asin(sine))
    west, east = longitude - across - _MARGIN_DEG, longitude + across + _MARGIN_DEG
    return (south, west, north, east) if -180 <= west and east <= 180 else _all(south, north)


def _around(polygon: Polygon) -> Box:
    """Return the box about a ring."""
    latitudes = [point.latitude_deg for point in polygon.points]
    longitudes = [point.longitude_deg for point in polygon.points]
    south, north, west, east = min(latitudes), max(latitudes), min(longitudes), max(longitudes)
    # No ring of half the world is meant: it crosses the antimeridian.
    return (south, west, north, east) if east - west <= 180 else _all(south, north)


def _all(south: float, north: float) -> Box:
    """Return the box of all longitudes between two parallels."""
    return south, -180.0, north, 180.0


def _cosine(degrees: float) -> float:
    """Return the cosine of an angle in degrees."""
    return math.cos(math.radians(degrees))
