"""What the city file can say about an HJ 212 feed."""

from typing import Annotated, Literal

import msgspec

from adapters.sdk.places import District, Latitude, Longitude
from adapters.sdk.units import ucum
from liandong.place.v1.place_pb2 import Location


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of one logger (``sites.<MN>``)."""

    title: str = ""
    """What people call it; shown as the record's address."""
    latitude: Latitude | None = None
    """Degrees north, WGS-84."""
    longitude: Longitude | None = None
    """Degrees east, WGS-84."""
    district: District = ""
    """GB/T 2260 code; the feed's when empty."""
    units: dict[str, str] = {}
    """Factor code to unit, for example ``a34001 = "mg/m3"``."""


class Hj212Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[feed.options]`` of an HJ 212 feed."""

    units: dict[str, str] = {}
    """Factor code to unit, for every site of the feed that says nothing else."""
    sites: dict[str, Site] = {}
    """The loggers that are known, by MN."""
    unknown_factors: Literal["keep", "quarantine"] = "keep"
    """What becomes of a message with a factor code that has no unit."""
    longest_segment: Annotated[int, msgspec.Meta(ge=64, le=8192)] = 4096
    """Longest data segment that is taken, in bytes; the standard says 1,024."""
    open_messages: Annotated[int, msgspec.Meta(ge=1, le=65536)] = 256
    """How many split messages are remembered to merge their packets."""

    def __post_init__(self) -> None:
        """Refuse a unit that is not known now rather than at the first frame."""
        for code, unit in self.units.items():
            ucum(unit, where=f"units.{code}")
        for mn, site in self.sites.items():
            for code, unit in site.units.items():
                ucum(unit, where=f"sites.{mn}.units.{code}")


def location_of(site: Site | None) -> Location | None:
    """Return where a site is, as far as the configuration says."""
    if site is None:
        return None
    location = Location(district=site.district, address=site.title)
    if site.latitude is not None and site.longitude is not None:
        location.point.latitude_deg = site.latitude
        location.point.longitude_deg = site.longitude
    return location
