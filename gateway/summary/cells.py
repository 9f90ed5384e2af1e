"""H3 cells, numbered as they are met, so that columns hold small numbers."""

import functools
from array import array
from typing import Final

from h3.api import basic_int as h3

from gateway.boxes import is_point
from gateway.encoding import framed
from gateway.entry import Entry
from liandong.gateway.v1.shared_state_pb2 import SummaryGroup
from liandong.place.v1.place_pb2 import Point
from liandong.record.v1.record_pb2 import Record

NOWHERE: Final = 0
"""The number of no cell."""
_POLE_DEG: Final = 90.0
_HALF_TURN: Final = 180.0
_CELL: Final = SummaryGroup.H3_CELL_FIELD_NUMBER
_CENTER: Final = SummaryGroup.H3_CENTER_FIELD_NUMBER


class Cells:
    """The cells of one resolution that were met.

    Args:
        resolution: 0 to 15.

    Attributes:
        ids: The cell of each number; that of NOWHERE is 0.
    """

    def __init__(self, resolution: int) -> None:
        self._resolution = resolution
        self._numbers: dict[int, int] = {0: NOWHERE}
        self.ids = array("q", [0])

    def number(self, entry: Entry) -> int:
        """Return the number of the cell of an entry's point; NOWHERE: it has none."""
        box = entry.box
        if box is None:
            return NOWHERE
        if is_point(box):
            cell = h3.latlng_to_cell(box[0], box[1], self._resolution)
        else:
            cell = self._of_point(entry)
        number = self._numbers.get(cell)
        if number is None:
            number = self._numbers[cell] = len(self.ids)
            self.ids.append(cell)
        return number

    def _of_point(self, entry: Entry) -> int:
        """Return the cell of the point of a record that has areas too; 0: it has none."""
        location = Record.FromString(entry.payload).location
        latitude, longitude = location.point.latitude_deg, location.point.longitude_deg
        if not location.HasField("point"):
            return 0
        if not (abs(latitude) <= _POLE_DEG and abs(longitude) <= _HALF_TURN):
            return 0
        return int(h3.latlng_to_cell(latitude, longitude, self._resolution))


@functools.lru_cache(maxsize=1 << 16)
def head(cell: int) -> bytes:
    """Return a cell and its middle as a group begins with them; of 0 nothing."""
    if not cell:
        return b""
    latitude, longitude = h3.cell_to_latlng(cell)
    center = Point(latitude_deg=latitude, longitude_deg=longitude).SerializeToString()
    return framed(_CELL, h3.int_to_str(cell).encode()) + framed(_CENTER, center)
