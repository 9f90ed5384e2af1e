"""In which order records are listed, and where in it a page ends.

A position is the value and the name of the last record looked at. What is present all along
with the same value has one place in the order, and is neither missed nor told twice,
whatever comes and goes between two pages.
"""

import math
from typing import Final

from gateway.entry import Entry
from gateway.errors import InvalidRequest
from gateway.places import distance_m
from liandong.gateway.v1.shared_state_pb2 import ListRecordsRequest
from liandong.place.v1.place_pb2 import Point

FIELD: Final = "order_by"
NAME: Final = "name"
OBSERVED: Final = "observed_at"
OBSERVED_DESC: Final = "observed_at desc"
DISTANCE: Final = "distance"
_ORDERS: Final = (NAME, OBSERVED, OBSERVED_DESC, DISTANCE)
_LATEST_NS: Final = 1 << 63
Position = tuple[float, str]
"""A value and a name; pages are in ascending order of both."""


class Order:
    """An order of records.

    Args:
        by: One of ``name``, ``observed_at``, ``observed_at desc``, ``distance``.
        center: From where distances are measured: latitude and longitude.
    """

    __slots__ = ("by", "center")

    def __init__(self, by: str, center: tuple[float, float] = (0.0, 0.0)) -> None:
        self.by = by
        self.center = center

    def position(self, entry: Entry) -> Position:
        """Return an entry's place in the order.

        By distance that is its point's; what has areas only counts from the middle of what
        they span, and what has no place comes last.
        """
        if self.by == NAME:
            return 0, entry.name
        if self.by == OBSERVED:
            return entry.observed, entry.name
        if self.by == OBSERVED_DESC:
            return -entry.observed, entry.name
        box = entry.box
        if box is None:
            return math.inf, entry.name
        south, west, north, east = box
        return distance_m(*self.center, (south + north) / 2, (west + east) / 2), entry.name

    def token(self, position: Position) -> str:
        """Return a position as a token carries it."""
        value, name = position
        return name if self.by == NAME else f"{value!r} {name}"

    def read(self, token: str) -> Position:
        """Return the position that a token carries.

        Raises:
            ValueError: If it carries none.
        """
        if self.by == NAME:
            return 0, token
        value, name = token.split(" ", 1)
        if self.by == DISTANCE:
            metres = float(value)
            if math.isnan(metres):
                raise ValueError(token)
            return metres, name
        moment = int(value)
        if abs(moment) > _LATEST_NS:
            raise ValueError(token)
        return moment, name


def order_of(request: ListRecordsRequest) -> Order:
    """Return the order that a request asks for.

    Raises:
        InvalidRequest: If there is no such order, or nothing to measure distances from.
    """
    by = " ".join(request.order_by.split()) or NAME
    if by not in _ORDERS:
        raise InvalidRequest(
            [(FIELD, f"is {request.order_by!r}, expected one of {', '.join(map(repr, _ORDERS))}")]
        )
    if by != DISTANCE:
        return Order(by)
    if request.HasField("distance_from"):
        return Order(by, _degrees(request.distance_from))
    if request.selection.HasField("circle"):
        return Order(by, _degrees(request.selection.circle.center))
    raise InvalidRequest(
        [(FIELD, "is 'distance', which needs distance_from or a circle in the selection")]
    )


def _degrees(point: Point) -> tuple[float, float]:
    """Return a point's latitude and longitude."""
    return point.latitude_deg, point.longitude_deg
