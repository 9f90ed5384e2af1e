"""What the city knows of a station beside its reports."""

import msgspec

from adapters.sdk.places import District, Latitude, Longitude
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station, as a feed's option ``sites`` describes it.

    Attributes:
        title: Its name.
        latitude: Degrees north, WGS-84.
        longitude: Degrees east, WGS-84.
        altitude_m: Metres above mean sea level.
        district: GB/T 2260 code.
    """

    title: str = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    altitude_m: float | None = None
    district: District = ""

    def location(self) -> Location:
        """Return where it is, as far as the city knows."""
        location = Location(district=self.district)
        if self.latitude is not None and self.longitude is not None:
            location.point.CopyFrom(
                Point(
                    latitude_deg=self.latitude,
                    longitude_deg=self.longitude,
                    altitude_m=self.altitude_m,
                    source_coordinate_system=COORDINATE_SYSTEM_WGS84,
                )
            )
        return location


UNKNOWN = Site()
