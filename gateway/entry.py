"""A record as the view keeps it: its bytes, and what selections ask of it."""

import operator
from dataclasses import dataclass

from gateway.encoding import varint
from gateway.key import Key, key_of
from liandong.place.v1.place_pb2 import Location
from liandong.record.v1.record_pb2 import Record

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees."""

_EARTH_M_PER_DEGREE = 111_320.0


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
    agency, kind, _ = record.name.split("/", 2)
    location = record.location
    length = varint(len(payload))
    observed = record.observed_at.ToNanoseconds()
    return Entry(
        name=record.name,
        observed=observed,
        counted=min(observed, stored_ns),
        expires=record.expires_at.ToNanoseconds() if record.HasField("expires_at") else 0,
        key=key_of((agency, kind, record.classification, location.district, record.status)),
        box=box_of(location),
        sequence=sequence,
        sized=length + payload,
        payload_at=len(length),
    )


def box_of(location: Location) -> Box | None:
    """Return the box about a location's point and areas."""
    souths, wests, norths, easts = [], [], [], []
    points = [location.point] if location.HasField("point") else []
    for area in location.areas:
        for polygon in area.polygons:
            points.extend(polygon.points)
        for circle in area.circles:
            reach = circle.radius_m / _EARTH_M_PER_DEGREE
            souths.append(circle.center.latitude_deg - reach)
            norths.append(circle.center.latitude_deg + reach)
            wests.append(circle.center.longitude_deg - reach)
            easts.append(circle.center.longitude_deg + reach)
    souths += [point.latitude_deg for point in points]
    norths += [point.latitude_deg for point in points]
    wests += [point.longitude_deg for point in points]
    easts += [point.longitude_deg for point in points]
    if not souths:
        return None
    return min(souths), min(wests), max(norths), max(easts)
