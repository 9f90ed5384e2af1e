"""Options that select records, as a selection of the API."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_type_hints
from zoneinfo import ZoneInfo

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from liandong.gateway.v1 import shared_state_pb2 as api
from ops import areas
from ops.city import City
from ops.failure import USAGE, Failure

SinceOption = Annotated[str, typer.Option("--since", help="30m, 2h, 1d or a time in RFC 3339.")]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="As the city stood then: 30m, 2h, 1d ago or a time.")
]
KnownOption = Annotated[
    bool, typer.Option("--known", help="With --as-of: what the city had by then, not what was so.")
]
FieldsOption = Annotated[
    str, typer.Option("--fields", help="Only these: location.point,water_level.level_m.")
]
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
AGO = re.compile(r"(\d+)([smhd])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which records a command speaks of, by the options that several commands take."""

    kinds: Annotated[list[str], typer.Option("--kind", help="For example water.level, water.*")] = (
        field(default_factory=list)
    )
    agencies: Annotated[list[str], typer.Option("--agency", help="Whose records.")] = field(
        default_factory=list
    )
    districts: Annotated[list[str], typer.Option("--district", help="GB/T 2260 codes.")] = field(
        default_factory=list
    )
    bbox: Annotated[str, typer.Option("--bbox", help="south,west,north,east in degrees.")] = ""
    circle: Annotated[
        str, typer.Option("--circle", help="latitude,longitude,metres: in it, or touching it.")
    ] = ""
    polygon: Annotated[
        str, typer.Option("--polygon", help="GeoJSON file, or 'lat,lon lat,lon lat,lon ...'.")
    ] = ""
    filter_by: Annotated[
        str, typer.Option("--filter", help="CEL over `record`: 'record.water_level.level_m > 8.5'.")
    ] = ""

    def selection(self, city: City, since: str = "") -> api.Selection:
        """Return them as a selection of the API.

        Args:
            city: The city; its time zone is that of a time without one.
            since: Since when they were observed; empty: whenever.

        Raises:
            Failure: If a place or the time is not written as it should be.
        """
        selected = api.Selection(
            kinds=self.kinds,
            agencies=self.agencies,
            districts=self.districts,
            filter=self.filter_by,
        )
        if self.circle:
            selected.circle.CopyFrom(areas.circle(self.circle))
        if self.polygon:
            selected.polygon.CopyFrom(areas.polygon(self.polygon))
        if self.bbox:
            selected.bounding_box.CopyFrom(_box(self.bbox))
        if since:
            selected.observed.start_at.FromDatetime(since_moment(since, city))
        return selected


def chooses(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Chosen`, which it takes together as ``chosen``."""
    hints = get_type_hints(Chosen, include_extras=True)
    named = inspect.Parameter.KEYWORD_ONLY
    first, *others = (
        one.replace(kind=named)
        for one in inspect.signature(command).parameters.values()
        if one.name != "chosen"
    )
    options = [
        inspect.Parameter(
            one.name,
            named,
            default=[] if one.default is MISSING else one.default,
            annotation=hints[one.name],
        )
        for one in fields_of(Chosen)
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        command(chosen=Chosen(**{name: given.pop(name) for name in hints}), **given)

    # Typer reads a command's options off its signature.
    shown = [first, *options, *others]
    run.__dict__["__signature__"] = inspect.Signature(shown)
    run.__annotations__ = {one.name: one.annotation for one in shown}
    return run


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
