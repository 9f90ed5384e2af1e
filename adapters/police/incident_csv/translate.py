"""Turn a row's cells into an incident."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from adapters.police.incident_csv.decode import IncidentRow
from adapters.police.incident_csv.fields import CASUALTIES
from adapters.police.incident_csv.options import ENUMERATED
from adapters.police.incident_csv.words import LEVELS, LIFECYCLES, category_of_type
from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from adapters.sdk.errors import Untranslatable
from adapters.sdk.privacy import masked
from liandong.incident.v1 import incident_pb2 as incident
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1.quantity_pb2 import Attribute

Cells = Callable[[str], str]

_TABLES: Final[Mapping[str, Mapping[str, str]]] = {"level": LEVELS, "lifecycle": LIFECYCLES}
_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}
_DISTRICT: Final = re.compile(r"(\d{6}|\d{9}|\d{12})", re.ASCII)
_SEPARATORS: Final = re.compile(r"[,;、，；|]+")  # noqa: RUF001 - Chinese commas are meant.
_TITLE: Final = re.compile(r"([^:：]{1,64})[:：]\s*(.*?)[\s-]*")  # noqa: RUF001 - as above.
_MOST_DEAD: Final = 10_000_000
_DIGEST: Final = 32


def to_incident(cells: Cells, number: str, doubts: list[str]) -> incident.Incident:
    """Return what a row states, less its times and its place.

    Args:
        cells: Returns the text that fills a field.
        number: The incident's number, or what stands for it.
        doubts: Gets a sentence for each word that is not known.

    Raises:
        Untranslatable: A number of casualties is no number.
    """
    service, kind = _service_and_type(cells)
    body = incident.Incident(
        number=number,
        type=kind,
        type_code=cells("type_code"),
        service=service,
        description=masked(cells("description")),
        units=[incident.Unit(call_sign=one) for one in _listed(cells("units"))],
    )
    body.level = incident.Level.Value(f"LEVEL_{_word('level', cells, doubts)}")
    lifecycle = _word("lifecycle", cells, doubts)
    body.lifecycle = incident.Lifecycle.Value(f"LIFECYCLE_{lifecycle}")
    category = incident.Category.Value(f"CATEGORY_{_word('category', cells, doubts)}")
    body.category = category or category_of_type(kind)
    for name in CASUALTIES:
        count = _count(f"casualties.{name}", cells(f"casualties.{name}"))
        if count is not None:
            setattr(body.casualties, name, count)
    return body


def to_location(cells: Cells, system: CoordinateSystem, doubts: list[str]) -> place.Location:
    """Return where it happened, in WGS-84.

    Raises:
        Untranslatable: A coordinate is no number, out of range or alone.
    """
    location = place.Location(address=masked(cells("address")))
    point = _point(cells("latitude"), cells("longitude"), system, doubts)
    if point is not None:
        location.point.CopyFrom(point)
    district = cells("district")
    if _DISTRICT.fullmatch(district):
        location.district = district
    elif district:
        doubts.append(f"district {district[:40]!r} is no division code")
    return location


def attributes_of(row: IncidentRow) -> list[Attribute]:
    """Return the columns that are kept as they are."""
    kept = (
        (row.layout.columns[position], row.values[position]) for position in row.layout.attributes
    )
    return [Attribute(key=column, value=value) for column, value in kept if value]


def number_of(row: IncidentRow) -> str:
    """Return the incident's number, or a digest of what else identifies it."""
    identity = (row.values[position] for position in row.layout.identity)
    return row.get("number") or f"sha256-{digest(identity)}"


def digest(values: Iterable[str]) -> str:
    """Return a stable digest of values: 32 hexadecimal digits."""
    joined = "\x1f".join(values).encode()
    return hashlib.sha256(joined).hexdigest()[:_DIGEST]


def parse_time(field: str, written: str, formats: Iterable[str]) -> datetime:
    """Return a time as written, with a zone only if it names one.

    Raises:
        Untranslatable: It is in none of the formats; ``cause`` is ``time``.
    """
    for form in formats:
        try:
            return datetime.strptime(written, form)  # noqa: DTZ007 - the caller knows the zone.
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        expected = f"a time as {' or '.join(formats)}"
        raise Untranslatable(field, written, expected=expected, cause="time") from None


def _service_and_type(cells: Cells) -> tuple[str, str]:
    """Return the service and the type, which may share the column ``title``."""
    title = _TITLE.fullmatch(cells("title"))
    service, kind = (title[1].strip(), title[2]) if title else ("", cells("title"))
    return cells("service") or service, cells("type") or kind


def _word(field: str, cells: Cells, doubts: list[str]) -> str:
    """Return what a word stands for; one that is not known grades nothing, and is told."""
    written = cells(field)
    meaning = _TABLES.get(field, {}).get(written, written.upper())
    if not written or meaning in ENUMERATED[field]:
        return meaning or "UNSPECIFIED"
    doubts.append(f"{field} {written[:40]!r} is not known")
    return "UNSPECIFIED"


def _point(
    latitude: str, longitude: str, system: CoordinateSystem, doubts: list[str]
) -> place.Point | None:
    """Return a point; none when the row gives none, or the 0, 0 that stands for none."""
    if not (latitude or longitude):
        return None
    north, east = _degrees("latitude", latitude, 90.0), _degrees("longitude", longitude, 180.0)
    if north == east == 0.0:
        doubts.append("the point 0, 0 stands for none")
        return None
    north, east = to_wgs84(north, east, system)
    return place.Point(
        latitude_deg=north, longitude_deg=east, source_coordinate_system=_SYSTEMS[system]
    )


def _degrees(field: str, written: str, most: float) -> float:
    """Read a coordinate."""
    try:
        degrees = float(written)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        expected = f"degrees from {-most:g} to {most:g}"
        remedy = "see that latitude and longitude are not exchanged"
        raise Untranslatable(field, written, expected=expected, cause="coordinate", remedy=remedy)
    return degrees


def _count(field: str, written: str) -> int | None:
    """Read a number of people."""
    digits = written.removesuffix("人").removesuffix("名").strip()
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and int(digits[:9]) < _MOST_DEAD):
        raise Untranslatable(field, written, expected="a number of people")
    return int(digits)


def _listed(written: str) -> list[str]:
    """Return the entries of a list in one cell."""
    return [one.strip() for one in _SEPARATORS.split(written) if one.strip()]
