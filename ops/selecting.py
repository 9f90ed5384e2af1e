"""Options that select records, as a selection of the API."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from liandong.gateway.v1 import shared_state_pb2 as api
from ops import areas
from ops.city import City
from ops.failure import USAGE, Failure

KindOption = Annotated[list[str], typer.Option("--kind", help="For example water.level, water.*")]
AgenciesOption = Annotated[list[str], typer.Option("--agency", help="Whose records.")]
DistrictOption = Annotated[list[str], typer.Option("--district", help="GB/T 2260 codes.")]
BoxOption = Annotated[str, typer.Option("--bbox", help="south,west,north,east in degrees.")]
SinceOption = Annotated[str, typer.Option("--since", help="30m, 2h, 1d or a time in RFC 3339.")]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="As the city stood then: 30m, 2h, 1d ago or a time.")
]
KnownOption = Annotated[
    bool, typer.Option("--known", help="With --as-of: what the city had by then, not what was so.")
]
CircleOption = Annotated[
    str, typer.Option("--circle", help="latitude,longitude,metres: in it, or touching it.")
]
PolygonOption = Annotated[
    str, typer.Option("--polygon", help="GeoJSON file, or 'lat,lon lat,lon lat,lon ...'.")
]
FilterOption = Annotated[
    str, typer.Option("--filter", help="CEL over `record`: 'record.water_level.level_m > 8.5'.")
]
FieldsOption = Annotated[
    str, typer.Option("--fields", help="Only these: location.point,water_level.level_m.")
]
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
AGO = re.compile(r"(\d+)([smhd])")


def selection(
    city: City,
    *,
    kinds: list[str],
    agencies: list[str],
    districts: list[str],
    bbox: str = "",
    since: str = "",
    circle: str = "",
    polygon: str = "",
    filter_by: str = "",
) -> api.Selection:
    """Return a selection of options.

    Raises:
        Failure: If a place or the time is not written as it should be.
    """
    selected = api.Selection(kinds=kinds, agencies=agencies, districts=districts, filter=filter_by)
    if circle:
        selected.circle.CopyFrom(areas.circle(circle))
    if polygon:
        selected.polygon.CopyFrom(areas.polygon(polygon))
    if bbox:
        selected.bounding_box.CopyFrom(_box(bbox))
    if since:
        selected.observed.start_at.FromDatetime(since_moment(since, city))
    return selected


def look_back(
    request: api.GetRecordRequest | api.ListRecordsRequest | api.SummarizeRecordsRequest,
    as_of: str,
    city: City,
    *,
    known: bool,
) -> None:
    """Have a request speak of the past, if a time is given.

    Raises:
        Failure: If it is not written as it should be, or there is none to have known by.
    """
    if as_of:
        request.as_of.FromDatetime(since_moment(as_of, city, "--as-of"))
    elif known:
        raise Failure("--known speaks of --as-of, which is missing", USAGE)
    if known:
        request.as_of_basis = api.TIME_BASIS_RECEIVED


def untold(count: int) -> str:
    """Say how many records an answer about the past leaves out."""
    return f"{count:,} more have no past that far back: the city no longer keeps it"


def fields(text: str) -> FieldMask:
    """Return the mask of fields that are named, with commas between them."""
    return FieldMask(paths=[path for part in text.split(",") if (path := part.strip())])


def _box(text: str) -> api.BoundingBox:
    """Return the box that four numbers mean."""
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Failure(
            f"--bbox is {text!r}, expected south,west,north,east in degrees", USAGE
        ) from error
    return api.BoundingBox(south_deg=south, west_deg=west, north_deg=north, east_deg=east)


def since_moment(text: str, city: City, option: str = "--since") -> datetime:
    """Return the moment that `30m` or a time means; a time without an offset is the city's.

    Raises:
        Failure: If it is not written as it should be.
    """
    zone = ZoneInfo(city.time_zone)
    ago = AGO.fullmatch(text)
    try:
        if ago is not None:
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        named = datetime.fromisoformat(text)
        return (named if named.tzinfo else named.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Failure(
            f"{option} is {text!r}, expected 30m, 2h, 1d or a time such as 2026-06-15T18:00+08:00",
            USAGE,
        ) from error
