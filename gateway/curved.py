"""Circles and polygons: shapes whose borders are no parallels and meridians."""

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely

from gateway.boxes import EARTH_M, Box, box_about, touch
from gateway.entry import Entry
from gateway.errors import InvalidRequest
from gateway.places import Place, distance_m, place_of, unrolled
from gateway.space import Flags, Floats
from liandong.place.v1.place_pb2 import Circle, Polygon

LARGEST_M: Final = EARTH_M * math.pi
"""The radius of a circle that is the whole earth."""
_TURN: Final = 360.0
_HALF_TURN: Final = 180.0


class _Curved:
    """A shape that is no box: points are tested all at once, areas one by one."""

    boxes: Sequence[Box]

    def inside(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those whose point lies in it, or whose areas touch it, in their order."""
        placed = [(entry, entry.box) for entry in entries if entry.box is not None]
        if len(placed) == 1 and not any(touch(placed[0][1], near) for near in self.boxes):
            # A watch asks of each change, most of which happen elsewhere.
            return []
        if not placed:
            return []
        numbers = itertools.chain.from_iterable([box for _, box in placed])
        boxes = np.fromiter(numbers, np.float64, 4 * len(placed)).reshape(-1, 4)
        souths, wests = boxes[:, 0], boxes[:, 1]
        are_points = (souths == boxes[:, 2]) & (wests == boxes[:, 3])
        chosen = self.holds(souths, wests)
        for index in np.flatnonzero(~are_points).tolist():
            chosen[index] = self._touches(*placed[index])
        return [placed[index][0] for index in np.flatnonzero(chosen).tolist()]

    def _touches(self, entry: Entry, box: Box) -> bool:
        """Tell whether a record's point lies in it, or its areas touch it."""
        if not any(touch(box, near) for near in self.boxes):
            return False
        if self._spans(box):
            return True
        place = place_of(entry)
        return self._meets(place) or any(
            self.holds(np.array([latitude]), np.array([longitude]))[0]
            for latitude, longitude in place.points
        )

    def holds(self, latitudes: Floats, longitudes: Floats) -> Flags:
        """Tell of each point whether it lies in it."""
        raise NotImplementedError

    def _spans(self, box: Box) -> bool:
        """Tell whether all of a box lies in it for certain, which saves a closer look."""
        raise NotImplementedError

    def _meets(self, place: Place) -> bool:
        """Tell whether areas touch it."""
        raise NotImplementedError


class CircleShape(_Curved):
    """A circle on the ground.

    Raises:
        InvalidRequest: If its radius reaches further than to the other side of the earth.
    """

    def __init__(self, circle: Circle) -> None:
        self._latitude = circle.center.latitude_deg
        self._longitude = circle.center.longitude_deg
        self._radius_m = circle.radius_m
        if self._radius_m > LARGEST_M:
            sentence = (
                f"is {self._radius_m:g}, further than to the other side of the earth; "
                f"expected at most {LARGEST_M:.0f}"
            )
            raise InvalidRequest([("selection.circle.radius_m", sentence)])
        box = box_about(self._latitude, self._longitude, self._radius_m)
        self.boxes: Sequence[Box] = [box]
        if box[1] == -_HALF_TURN and box[3] == _HALF_TURN:
            self.boxes = _about_antimeridian(self._latitude, self._longitude, self._radius_m)
        # The square of half the chord, with which haversines are compared.
        self._limit = math.sin(self._radius_m / EARTH_M / 2) ** 2

    def holds(self, latitudes: Floats, longitudes: Floats) -> Flags:
        """Tell of each point whether it lies in it."""
        here = math.radians(self._latitude)
        there = np.radians(latitudes)
        across = np.radians(longitudes - self._longitude)
        haversines = (
            np.sin((there - here) / 2) ** 2
            + math.cos(here) * np.cos(there) * np.sin(across / 2) ** 2
        )
        found: Flags = haversines <= self._limit
        return found

    def _spans(self, box: Box) -> bool:
        """Tell whether all of a box lies in it for certain."""
        south, west, north, east = box
        return all(
            distance_m(self._latitude, self._longitude, latitude, longitude) <= self._radius_m
            for latitude in (south, north)
            for longitude in (west, east)
        ) and (east - west < 1)

    def _meets(self, place: Place) -> bool:
        """Tell whether areas touch it."""
        return place.reaches(self._latitude, self._longitude, self._radius_m)


class PolygonShape(_Curved):
    """The inside of a closed ring.

    Raises:
        InvalidRequest: If it is no closed ring that does not cross itself.
    """

    def __init__(self, polygon: Polygon) -> None:
        points = [(point.longitude_deg, point.latitude_deg) for point in polygon.points]
        if points[0] != points[-1]:
            raise _refused("is not closed: give its first point once more as its last")
        self._ring = shapely.Polygon(unrolled(points))
        if not self._ring.convex_hull.area:
            raise _refused("has no area: its points lie on one line")
        if not self._ring.is_valid:
            reason = shapely.is_valid_reason(self._ring)
            raise _refused(f"crosses or touches itself ({reason}, longitude and latitude)")
        shapely.prepare(self._ring)
        west, south, east, north = self._ring.bounds
        self._crosses = east > _HALF_TURN
        self.boxes: Sequence[Box] = [(south, west, north, min(east, _HALF_TURN))]
        if self._crosses:
            self.boxes = [*self.boxes, (south, -_HALF_TURN, north, east - _TURN)]

    def holds(self, latitudes: Floats, longitudes: Floats) -> Flags:
        """Tell of each point whether it lies in it."""
        found: Flags = shapely.intersects_xy(self._ring, longitudes, latitudes)
        if self._crosses:
            found = found | shapely.intersects_xy(self._ring, longitudes + _TURN, latitudes)
        return found

    def _spans(self, box: Box) -> bool:
        """Tell whether all of a box lies in it for certain."""
        south, west, north, east = box
        within: bool = shapely.contains(self._ring, shapely.box(west, south, east, north))
        return within

    def _meets(self, place: Place) -> bool:
        """Tell whether areas touch it."""
        return place.touches(self._ring, crosses=self._crosses)


def _refused(sentence: str) -> InvalidRequest:
    """Return what is said of a polygon that is none."""
    return InvalidRequest([("selection.polygon", sentence)])


def _about_antimeridian(latitude: float, longitude: float, radius_m: float) -> Sequence[Box]:
    """Return the boxes about a circle that crosses the antimeridian, or goes around a pole."""
    turned = longitude - math.copysign(_HALF_TURN, longitude)
    south, west, north, east = box_about(latitude, turned, radius_m)
    if west == -_HALF_TURN and east == _HALF_TURN:
        return [(south, west, north, east)]
    return [
        (south, west + _HALF_TURN, north, _HALF_TURN),
        (south, -_HALF_TURN, north, east - _HALF_TURN),
    ]
