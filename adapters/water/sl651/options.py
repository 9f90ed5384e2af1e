"""What the city file can say about a feed of telemetry stations."""

import re
from typing import Final, Literal

import msgspec

from adapters.sdk.places import District, Latitude, Longitude
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the city knows of a station beside its frames.

    Attributes:
        title: Its name.
        latitude: Degrees north, WGS-84.
        longitude: Degrees east, WGS-84.
        district: GB/T 2260 code.
        datum: The height from which its levels count.
        level_base_m: Its 水位基值, metres above the datum: levels within the hour (F5H to
            FCH) are sent relative to it, and stay so while it is not known.
        warning_level_m: Warning level, metres above the datum.
        guaranteed_level_m: Guaranteed level, metres above the datum.
    """

    title: str = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    district: District = ""
    datum: str = ""
    level_base_m: float | None = None
    warning_level_m: float | None = None
    guaranteed_level_m: float | None = None

    def location(self) -> Location:
        """Return where the station is, as far as the city knows."""
        location = Location(district=self.district)
        if self.latitude is not None and self.longitude is not None:
            location.point.CopyFrom(
                Point(
                    latitude_deg=self.latitude,
                    longitude_deg=self.longitude,
                    source_coordinate_system=COORDINATE_SYSTEM_WGS84,
                )
            )
        return location


UNKNOWN_SITE = Site()
_ADDRESS: Final = re.compile("[0-9A-F]{10}")


class Sl651Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a feed of telemetry stations.

    Attributes:
        mode: How stations send (clause 6.3.1): M1 expects no answer, the others do.
        last: What confirms a frame after which no more follows (table 10): ACK; EOT, on which
            a station may hang up; ESC, which keeps it on line for ten minutes.
        sites: What is known of each station, by its address: 10 digits, those of SL 502 after
            ``00``.
    """

    mode: Literal["M1", "M2", "M3", "M4"] = "M2"
    last: Literal["ACK", "EOT", "ESC"] = "ACK"
    sites: dict[str, Site] = {}

    def __post_init__(self) -> None:
        """Refuse what is no station's address: it would never be found.

        Raises:
            ValueError: A key of ``sites`` is none.
        """
        for address in self.sites:
            if _ADDRESS.fullmatch(address) is None:
                raise ValueError(
                    f"`sites.{address}` is no station's address, expected its 10 digits, A to F "
                    "as capitals; the 8 digits of SL 502 stand after 00"
                )
