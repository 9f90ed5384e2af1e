"""Turn a row's cells into an incident."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from adapters.police.incident_csv.decode import IncidentRow
from adapters.police.incident_csv.fields import CASUALTIES
from adapters.police.incident_csv.options import ENUMERATED
from adapters.police.incident_csv.points import to_point
from adapters.police.incident_csv.words import (
    CATEGORIES,
    LEVELS,
    LIFECYCLES,
    category_of_type,
)
from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.errors import Untranslatable
from adapters.sdk.privacy import masked
from liandong.incident.v1 import incident_pb2 as incident
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1.quantity_pb2 import Attribute

Cells = Callable[[str], str]

_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "level": LEVELS,
    "lifecycle": LIFECYCLES,
    "category": CATEGORIES,
}
_VALUES: Final[Mapping[str, Callable[[str], int]]] = {
    "level": incident.Level.Value,
    "lifecycle": incident.Lifecycle.Value,
    "category": incident.Category.Value,
}
# What the schema takes of each text, in characters.
_LONGEST: Final = {
    "number": 128,
    "type": 256,
    "type_code": 64,
    "description": 16_384,
    "service": 64,
}
_LONGEST_ADDRESS: Final = 1024
_SHORTENED: Final = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
_EXPLAINED: Final = re.compile(r"\s*[(（\[【].*", re.DOTALL)  # noqa: RUF001 - full-width brackets are meant.
_DISTRICT: Final = re.compile(r"(\d{6}|\d{9}|\d{12})(?:\.0)?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[,;、，；|]+")  # noqa: RUF001 - Chinese commas are meant.
_TITLE: Final = re.compile(r"([^:：]{1,64})[:：]\s*(.*?)[\s-]*")  # noqa: RUF001 - as above.
_PEOPLE: Final = re.compile(r"(\d{1,12})(?:\.0{1,12})?", re.ASCII)
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
        level=_graded("level", cells, doubts),
        lifecycle=_graded("lifecycle", cells, doubts),
        category=_graded("category", cells, doubts) or category_of_type(kind),
    )
    if units := cells("units"):
        body.units.extend(incident.Unit(call_sign=one) for one in _listed(units))
    for name in CASUALTIES:
        count = _count(f"casualties.{name}", cells(f"casualties.{name}"))
        if count is not None:
            setattr(body.casualties, name, count)
    return body


def to_location(cells: Cells, system: CoordinateSystem, doubts: list[str]) -> place.Location:
    """Return where it happened, in WGS-84.

    Raises:
        Untranslatable: A coordinate is no number or out of range.
    """
    location = place.Location(address=masked(cells("address")))
    point = to_point(cells("latitude"), cells("longitude"), system, doubts)
    if point is not None:
        location.point.CopyFrom(point)
    district = cells("district")
    # A number that went through a spreadsheet or a program has a fraction, of nothing.
    if code := _DISTRICT.fullmatch(district):
        location.district = code[1]
    elif district:
        doubts.append(f"district {district[:40]!r} is no division code")
    return location


def is_within(body: incident.Incident, location: place.Location) -> bool:
    """Tell whether all that differs from row to row is within the schema's bounds.

    Of rows with units nothing is told; numbers of casualties were read within bounds.
    """
    if body.units or len(location.address) > _LONGEST_ADDRESS:
        return False
    point = location.point
    if not (-90 <= point.latitude_deg <= 90 and -180 <= point.longitude_deg <= 180):  # noqa: PLR2004
        return False
    return all(len(getattr(body, name)) <= most for name, most in _LONGEST.items())


def attributes_of(row: IncidentRow) -> list[Attribute]:
    """Return the columns that are kept as they are."""
    kept = (
        (row.layout.columns[position], row.values[position]) for position in row.layout.attributes
    )
    return [Attribute(key=column, value=value) for column, value in kept if value]


def number_of(row: IncidentRow, number: str) -> str:
    """Return the incident's number, or a digest of what else identifies it.

    Args:
        row: The row.
        number: What fills the number; empty: nothing does.

    Raises:
        Untranslatable: Excel has shortened the number, so that it names many incidents.
    """
    if _SHORTENED.fullmatch(number):
        raise Untranslatable(
            "number",
            number,
            expected="all digits of the number",
            cause="number",
            remedy="export the file without opening it in Excel, or format the column as text",
        )
    identity = (row.values[position] for position in row.layout.identity)
    return number or f"sha256-{digest(identity)}"


def digest(values: Iterable[str]) -> str:
    """Return a stable digest of values: 32 hexadecimal digits."""
    joined = "\x1f".join(values).encode()
    return hashlib.sha256(joined).hexdigest()[:_DIGEST]


def _service_and_type(cells: Cells) -> tuple[str, str]:
    """Return the service and the type, which may share the column ``title``."""
    if not cells("title"):
        return cells("service"), cells("type")
    title = _TITLE.fullmatch(cells("title"))
    service, kind = (title[1].strip(), title[2]) if title else ("", cells("title"))
    return cells("service") or service, cells("type") or kind


def _graded(field: str, cells: Cells, doubts: list[str]) -> Any:
    """Return what a word stands for; one that is not known grades nothing, and is told."""
    written = cells(field)
    grade, is_known = _grade(field, written)
    if not is_known:
        doubts.append(f"{field} {written[:40]!r} is not known")
    return grade


@lru_cache(maxsize=4096)
def _grade(field: str, written: str) -> tuple[int, bool]:
    """Return a word's number in the schema, and whether it has one."""
    table = _TABLES[field]
    meaning = table.get(written) or table.get(_EXPLAINED.sub("", written), written.upper())
    is_known = not written or meaning in ENUMERATED[field]
    label = meaning if written and is_known else "UNSPECIFIED"
    return _VALUES[field](f"{field.upper()}_{label}"), is_known


def _count(field: str, written: str) -> int | None:
    """Read a number of people; a database's number with decimals has none but zeros."""
    digits = unicodedata.normalize("NFKC", written).removesuffix("人").removesuffix("名").strip()
    if not digits:
        return None
    found = _PEOPLE.fullmatch(digits)
    if found is None or int(found[1]) >= _MOST_DEAD:
        raise Untranslatable(field, written, expected="a number of people")
    return int(found[1])


def _listed(written: str) -> list[str]:
    """Return the entries of a list in one cell."""
    return [one.strip() for one in _SEPARATORS.split(written) if one.strip()]
