"""A record as the view keeps it: its bytes, and what selections ask of it."""

from dataclasses import dataclass

from liandong.place.v1.place_pb2 import Location
from liandong.record.v1.record_pb2 import Record

Box = tuple[float, float, float, float]
"""South, west, north, east, in degrees."""

_CONTINUED = 0x80
_EARTH_M_PER_DEGREE = 111_320.0


@dataclass(slots=True, eq=False)
class Entry:
    """A record, ready to be selected and sent.

    Attributes:
        name: The record's name.
        agency: Who owns it.
        kind: What it is about.
        observed: When it was observed, nanoseconds since 1970 UTC.
        expires: When it ends, nanoseconds since 1970 UTC; 0: open.
        status: ACTUAL, EXERCISE or TEST.
        district: Its district code.
        key: All that agreements look at: agency, kind, classification, district.
        box: What its point and areas span; None: no place.
        sequence: Its sequence in the city's stream.
        framed: Its bytes as an element of a list: tag, length, and what was published.
        head: How many of them are tag and length.
    """

    name: str
    agency: str
    kind: str
    observed: int
    expires: int
    status: int
    district: str
    key: tuple[str, str, int, str]
    box: Box | None
    sequence: int
    framed: bytes
    head: int

    @property
    def payload(self) -> bytes:
        """Return its bytes, exactly as published."""
        return self.framed[self.head :]


def entry_of(payload: bytes, sequence: int) -> Entry:
    """Read what selections need out of a record's bytes.

    Raises:
        google.protobuf.message.DecodeError: If they are no record.
    """
    record = Record.FromString(payload)
    agency, kind, _ = record.name.split("/", 2)
    location = record.location
    element = framed(1, payload)
    return Entry(
        name=record.name,
        agency=agency,
        kind=kind,
        observed=record.observed_at.ToNanoseconds(),
        expires=record.expires_at.ToNanoseconds() if record.HasField("expires_at") else 0,
        status=record.status,
        district=location.district,
        key=(agency, kind, record.classification, location.district),
        box=box_of(location),
        sequence=sequence,
        framed=element,
        head=len(element) - len(payload),
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


def varint(value: int) -> bytes:
    """Return a number as Protobuf's varint."""
    encoded = bytearray()
    while value >= _CONTINUED:
        encoded.append(value & _CONTINUED - 1 | _CONTINUED)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def framed(field: int, content: bytes) -> bytes:
    """Return content as a length-delimited field: tag, length, content."""
    return b"%c%b%b" % (field << 3 | 2, varint(len(content)), content)
