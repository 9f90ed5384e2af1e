"""Where a device is: as it says, as the city file says, or by its number."""

import math
from typing import Final

from adapters.police.gb28181.codes import district_of
from adapters.police.gb28181.document import Notification
from adapters.police.gb28181.options import Device, Gb28181Options
from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from liandong.place.v1 import place_pb2 as place

_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}
_UNKNOWN: Final = Device()


def to_location(
    message: Notification, usual: place.Location, options: Gb28181Options, doubts: list[str]
) -> place.Location:
    """Return where a document's device is, in WGS-84.

    The position that the document states goes first, then the city file's; 0.0, 0.0 is how
    devices say that they do not know.

    Args:
        message: The document.
        usual: The location of a record that does not say better.
        options: What is known of devices.
        doubts: Gets a sentence for a position that is none.
    """
    number = message.get("DeviceID")
    device = options.devices.get(number, _UNKNOWN)
    found = place.Location(address=device.title, district=device.district)
    if not found.district and options.district_of_device:
        found.district = district_of(number)
    found.district = found.district or usual.district
    point = _stated(message, options.coordinate_system, doubts)
    if point is not None:
        found.point.CopyFrom(point)
    elif device.latitude is not None and device.longitude is not None:
        found.point.latitude_deg, found.point.longitude_deg = device.latitude, device.longitude
    return found


def _stated(
    message: Notification, system: CoordinateSystem, doubts: list[str]
) -> place.Point | None:
    """Return the position that a document states; None: it states none."""
    written = message.get("Latitude"), message.get("Longitude")
    if not any(written):
        return None
    latitude, longitude = map(_degrees, written)
    if latitude == longitude == 0.0:
        return None
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):  # noqa: PLR2004
        doubts.append(f"Latitude {written[0][:20]!r}, Longitude {written[1][:20]!r} is no place")
        return None
    latitude, longitude = to_wgs84(latitude, longitude, system)
    return place.Point(
        latitude_deg=latitude, longitude_deg=longitude, source_coordinate_system=_SYSTEMS[system]
    )


def _degrees(written: str) -> float:
    """Return a coordinate; not a number when it is none."""
    try:
        return float(written)
    except ValueError:
        return math.nan
