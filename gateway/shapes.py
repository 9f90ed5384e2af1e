"""Where a selection looks: a box, a circle or a polygon, and the exact test of each.

A record is selected by a shape when its point lies in it or its areas touch it; borders
belong to both. Distances are great circles on a sphere; edges of polygons are straight in
degrees, as CAP and GeoJSON draw them.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import shapely

from gateway.boxes import Box, is_point, touch
from gateway.curved import CircleShape, PolygonShape
from gateway.entry import Entry
from gateway.places import place_of
from gateway.space import Flags, Floats, Region
from liandong.gateway.v1.shared_state_pb2 import BoundingBox, Selection
from liandong.place.v1.place_pb2 import Circle, Point

_HALF_TURN: Final = 180.0


class Shape(Region, Protocol):
    """A part of the earth in which records may lie."""

    def inside(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those whose point lies in it, or whose areas touch it, in their order."""
        ...


def shapes_of(selection: Selection) -> list[Shape]:
    """Return the shapes of a selection, all of which must hold.

    Raises:
        InvalidRequest: If a circle or a polygon is none.
    """
    shapes: list[Shape] = []
    if selection.HasField("bounding_box"):
        shapes.append(BoxShape(selection.bounding_box))
    if selection.HasField("circle"):
        shapes.append(CircleShape(selection.circle))
    if selection.HasField("polygon"):
        shapes.append(PolygonShape(selection.polygon))
    return shapes


def circle_about(latitude: float, longitude: float, radius_m: float) -> Shape:
    """Return the circle about a point."""
    center = Point(latitude_deg=latitude, longitude_deg=longitude)
    return CircleShape(Circle(center=center, radius_m=radius_m))


class BoxShape:
    """A box between parallels and meridians."""

    def __init__(self, box: BoundingBox) -> None:
        south, west, north, east = box.south_deg, box.west_deg, box.north_deg, box.east_deg
        if west <= east:
            self.boxes: Sequence[Box] = [(south, west, north, east)]
        else:
            self.boxes = [(south, west, north, _HALF_TURN), (south, -_HALF_TURN, north, east)]
        self._frames = [_frame(box) for box in self.boxes]

    def holds(self, latitudes: Floats, longitudes: Floats) -> Flags:
        """Tell of each point whether it lies in it."""
        found = np.zeros(len(latitudes), dtype=np.bool_)
        for south, west, north, east in self.boxes:
            across = (longitudes >= west) & (longitudes <= east)
            found |= (latitudes >= south) & (latitudes <= north) & across
        return found

    def inside(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those whose point lies in it, or whose areas touch it, in their order."""
        if len(self.boxes) > 1:
            return [entry for entry in entries if entry.box is not None and self._touches(entry)]
        ((south, west, north, east),) = self.boxes
        return [
            entry
            for entry in entries
            if (box := entry.box) is not None
            and box[0] <= north
            and south <= box[2]
            and box[1] <= east
            and west <= box[3]
            # A point, and what lies wholly in it, needs no further look.
            and (
                (south <= box[0] and box[2] <= north and west <= box[1] and box[3] <= east)
                or self._touches(entry)
            )
        ]

    def _touches(self, entry: Entry) -> bool:
        """Tell whether a record's point lies in it, or its areas touch it."""
        box = entry.box
        assert box is not None, "asked of entries with a place only"
        near = [index for index, one in enumerate(self.boxes) if touch(box, one)]
        if not near or is_point(box):
            return bool(near)
        place = place_of(entry)
        return any(
            any(_holds(self.boxes[index], *point) for point in place.points)
            or place.touches(self._frames[index], crosses=False)
            for index in near
        )


def _frame(box: Box) -> Any:
    """Return a box in longitude and latitude, also when it is a line or a point."""
    south, west, north, east = box
    if south == north and west == east:
        return shapely.Point(west, south)
    if south == north or west == east:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _holds(box: Box, latitude: float, longitude: float) -> bool:
    """Tell whether a point lies in a box."""
    return box[0] <= latitude <= box[2] and box[1] <= longitude <= box[3]
