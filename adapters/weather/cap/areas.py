"""Turn an alert's areas into polygons, circles and codes in WGS-84 and metres."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from adapters.sdk.limits import fit, longest, most
from adapters.weather.cap.shapes import circle, polygon
from liandong.place.v1.place_pb2 import Area, Geocode, Location, Point, Polygon

T = TypeVar("T")

_FOOT_M: Final = 0.3048
_MOST_AREAS: Final = 512
_MOST_SHAPES: Final = min(most(Area, field) for field in ("polygons", "circles"))
_MOST_CODES: Final = most(Area, "geocodes")
_DESCRIPTION: Final = longest(Area, "description")
_CODE: Final = longest(Geocode, "system", "code")
# How many areas are remembered, and up to how many characters.
_REMEMBERED: Final = 256
_REMEMBERED_SIZE: Final = 4096
_SHOWN: Final = 60
_HALF_TURN: Final = 180.0
# Systems of codes whose codes are administrative divisions of China.
_DIVISIONS: Final = re.compile(r"gb\s*/?\s*t?\s*(2260|10114)|行政区|区划", re.IGNORECASE)
_DIVISION: Final = re.compile(r"[1-9]\d{5}(\d{3}){0,2}", re.ASCII)


class AreaText(msgspec.Struct, frozen=True):
    """An area in the alert's own words; altitudes in feet above sea level (CAP 1.2, 3.2.4)."""

    description: str = ""
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()
    altitude_ft: str = ""
    ceiling_ft: str = ""


class Drawn(msgspec.Struct, frozen=True):
    """An area as the schema has it; to be copied, never changed, for it may be remembered.

    Attributes:
        area: The area.
        doubts: A sentence for each shape that could not be read and was left out.
        is_within: Whether it keeps the bounds that the schema sets.
    """

    area: Area
    doubts: tuple[str, ...]
    is_within: bool


class Located(msgspec.Struct, frozen=True):
    """Where a warning holds; to be copied, never changed, for it may be remembered.

    Attributes:
        location: The place.
        doubts: A sentence if there are more areas than a record may hold.
    """

    location: Location
    doubts: tuple[str, ...]


def to_area(written: AreaText) -> Drawn:
    """Return an area; a service warns of the same ones again and again, so they are remembered.

    A warning whose outline is garbled still warns: its words and codes stand.
    """
    return (_known_area if _size(written) <= _REMEMBERED_SIZE else _area)(written)


def to_location(areas: tuple[AreaText, ...], fallback_district: str) -> Located:
    """Return the union of areas, with a point inside and the division that holds them all.

    Args:
        areas: All parts' areas; the same area said in two languages counts once.
        fallback_district: The division when no code names one.
    """
    is_small = sum(map(_size, areas)) <= _REMEMBERED_SIZE
    return (_known_location if is_small else _location)(areas, fallback_district)


def _size(written: AreaText) -> int:
    """Return about how many characters an area has."""
    shapes = sum(map(len, written.polygons)) + sum(map(len, written.circles))
    codes = sum(len(system) + len(code) for system, code in written.geocodes)
    return len(written.description) + shapes + codes + _SHOWN


def _area(written: AreaText) -> Drawn:
    """Draw an area."""
    doubts: list[str] = []
    area = Area(
        description=written.description,
        polygons=_read(written.polygons, polygon, "polygon", doubts),
        circles=_read(written.circles, circle, "circle", doubts),
        geocodes=[Geocode(system=system, code=code) for system, code in written.geocodes],
    )
    for altitude in _read((written.altitude_ft,), _metres, "altitude", doubts):
        area.altitude_m = altitude
    for ceiling in _read((written.ceiling_ft,), _metres, "ceiling", doubts):
        area.ceiling_m = ceiling
    return Drawn(area, tuple(doubts), _is_within(area))


def _is_within(area: Area) -> bool:
    """Tell whether an area keeps the bounds that the schema sets and reading it does not."""
    return (
        fit((area.description,), _DESCRIPTION)
        and max(len(area.polygons), len(area.circles)) <= _MOST_SHAPES
        and len(area.geocodes) <= _MOST_CODES
        and all(fit((one.system, one.code), _CODE) for one in area.geocodes)
        and all(math.isfinite(one.radius_m) for one in area.circles)
    )


def _location(written: tuple[AreaText, ...], fallback_district: str) -> Located:
    """Unite areas."""
    distinct: dict[bytes, Area] = {}
    for one in written:
        area = to_area(one).area
        distinct.setdefault(_identity(area), area)
    areas = [*distinct.values()]
    doubts: tuple[str, ...] = ()
    if len(areas) > _MOST_AREAS:
        doubts = (f"of {len(areas)} areas the first {_MOST_AREAS} are the location",)
        del areas[_MOST_AREAS:]
    location = Location(
        point=_center(areas),
        areas=areas,
        district=_common_district(areas) or fallback_district,
    )
    return Located(location, doubts)


_known_area = lru_cache(_REMEMBERED)(_area)
_known_location = lru_cache(_REMEMBERED)(_location)


def _identity(area: Area) -> bytes:
    """Return what tells an area from others: not its name, where it has shapes or codes."""
    place = Area()
    place.CopyFrom(area)
    if area.polygons or area.circles or area.geocodes:
        place.ClearField("description")
    return place.SerializeToString(deterministic=True)


def division(code: str) -> str:
    """Shorten a 12-digit division code to what it names: city, district, street or village."""
    if len(code) == 12:  # noqa: PLR2004 - GB/T 10114 codes have 12 digits when padded.
        return code[:6] if code.endswith("000000") else code.removesuffix("000")
    return code


def _common_district(areas: Iterable[Area]) -> str:
    """Return the smallest division that holds all that the areas' codes name."""
    found = {
        division(geocode.code)
        for area in areas
        for geocode in area.geocodes
        if _DIVISIONS.search(geocode.system) and _DIVISION.fullmatch(geocode.code)
    }
    if len(found) <= 1:
        return next(iter(found), "")
    # GB/T 2260: two digits province, two city, two district; then three each.
    for digits in (9, 6, 4, 2):
        prefixes = {code[:digits] for code in found}
        if len(prefixes) == 1 and len(prefix := prefixes.pop()) == digits:
            return prefix.ljust(6, "0")
    return ""


def _read(
    written: Iterable[str], reader: Callable[[str, list[str]], T], shape: str, doubts: list[str]
) -> Iterator[T]:
    """Yield what a reader makes of each text that is not empty."""
    for one in filter(None, written):
        try:
            yield reader(one, doubts)
        except ValueError:
            doubts.append(f"{shape} {one[:_SHOWN]!r} cannot be read and was left out")


def _metres(written: str, _: list[str]) -> float:
    """Read feet."""
    return _number(written) * _FOOT_M


def _number(written: str) -> float:
    """Read a finite number."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError
    return number


def _center(areas: Sequence[Area]) -> Point | None:
    """Return the centre of the first polygon or circle."""
    for area in areas:
        if area.polygons:
            return _centroid(area.polygons[0])
        if area.circles:
            return Point(
                latitude_deg=area.circles[0].center.latitude_deg,
                longitude_deg=area.circles[0].center.longitude_deg,
            )
    return None


def _centroid(polygon: Polygon) -> Point:
    """Return a ring's centre of area, in the plane of degrees: near enough for a marker."""
    first = polygon.points[0]
    # Beside the first point, so that rings across the 180th meridian stay in one piece.
    ring = [
        (
            math.remainder(point.longitude_deg - first.longitude_deg, 2 * _HALF_TURN),
            point.latitude_deg - first.latitude_deg,
        )
        for point in polygon.points
    ]
    twice_area = x = y = 0.0
    for (x0, y0), (x1, y1) in pairwise(ring):
        cross = x0 * y1 - x1 * y0
        twice_area += cross
        x += (x0 + x1) * cross
        y += (y0 + y1) * cross
    x, y = (x / (3 * twice_area), y / (3 * twice_area)) if twice_area else (math.inf, math.inf)
    middle_x, middle_y = _middle([x for x, _ in ring], x), _middle([y for _, y in ring], y)
    return Point(
        latitude_deg=first.latitude_deg + middle_y,
        longitude_deg=math.remainder(first.longitude_deg + middle_x, 2 * _HALF_TURN),
    )


def _middle(values: Sequence[float], preferred: float) -> float:
    """Return the preferred value if it lies among the values, else the middle of their span.

    A ring that crosses itself or has no area has a centre anywhere.
    """
    low, high = min(values), max(values)
    return preferred if low <= preferred <= high else (low + high) / 2
