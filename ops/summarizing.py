"""The command that counts records and aggregates their values: summarize."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from rich.table import Table

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.city import City
from ops.client import channel
from ops.failure import USAGE, Failure
from ops.options import (
    CITY,
    HOME,
    AgencyOption,
    CityOption,
    GatewayOption,
    HomeOption,
    JsonOption,
    open_home,
)
from ops.screen import cell, console, local, print_message, table
from ops.selecting import (
    AGO,
    UNITS,
    AsOfOption,
    Chosen,
    KnownOption,
    SinceOption,
    chooses,
    look_back,
    untold,
)

_BY = {
    "cell": api.GROUP_BY_H3_CELL,
    "district": api.GROUP_BY_DISTRICT,
    "kind": api.GROUP_BY_KIND,
    "agency": api.GROUP_BY_AGENCY,
}
_KEYS: dict[str, Callable[[api.SummaryGroup], str]] = {
    "cell": lambda group: group.h3_cell,
    "district": lambda group: group.district,
    "kind": lambda group: group.kind,
    "agency": lambda group: group.agency,
}
_VALUES = ("sum", "mean", "min", "max")


@chooses
def summarize(  # noqa: PLR0917 - options are named on the command line
    agency: AgencyOption = "police",
    by: Annotated[
        str, typer.Option("--by", help="cell, district, kind, agency; several with commas.")
    ] = "kind",
    value: Annotated[
        str, typer.Option("--value", help="The number to aggregate: traffic_crowd.present.")
    ] = "",
    bucket: Annotated[
        str,
        typer.Option("--bucket", help="15m, 1h, 1d: all that was said, by time; needs --since."),
    ] = "",
    resolution: Annotated[
        int, typer.Option("--resolution", help="Of H3 cells, 0 (coarse) to 15.")
    ] = 7,
    digits: Annotated[
        int, typer.Option("--digits", help="Of district codes: 2, 4, 6, 9 or 12.")
    ] = 6,
    since: SinceOption = "",
    as_of: AsOfOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    chosen: Chosen,
    known: KnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Count the records that a department may see, and aggregate one of their values.

    With --bucket all that was said is counted, by when it happened; else each record once.
    """
    folder, described = open_home(home, city)
    keys = _keys(by)
    request = api.SummarizeRecordsRequest(
        selection=chosen.selection(described, since),
        group_by=[_BY[key] for key in keys],
        h3_resolution=resolution,
        district_digits=digits,
        value=value,
        bucket=_length(bucket) if bucket else None,
    )
    look_back(request, as_of, described, known=known)
    at = gateway or described.gateway.place_for(chosen.agencies, chosen.kinds)
    with channel(folder, described, agency, at) as opened:
        answered = rpc.SharedStateServiceStub(opened).SummarizeRecords(request)
    if as_json:
        for group in answered.groups:
            print_message(group)
        return
    console.print(_groups(answered, described, keys, timed=bool(bucket), valued=bool(value)))
    count = sum(group.count for group in answered.groups)
    what = "revisions" if bucket else "records"
    console.print(f"{count:,} {what} in {len(answered.groups):,} groups as {agency}")
    if answered.unknown_count:
        console.print(untold(answered.unknown_count))


def _keys(text: str) -> list[str]:
    """Return what is grouped by, of names with commas between them.

    Raises:
        Failure: If a name is none.
    """
    keys = [key for part in text.split(",") if (key := part.strip())]
    unknown = [key for key in keys if key not in _BY]
    if unknown:
        raise Failure(f"--by is {text!r}, expected some of {', '.join(_BY)}", USAGE)
    return list(dict.fromkeys(keys))


def _length(text: str) -> Duration:
    """Return the length of time that `15m` means.

    Raises:
        Failure: If it is not written as it should be.
    """
    written = AGO.fullmatch(text)
    try:
        length = timedelta(**{UNITS[written[2]]: int(written[1])}) if written else None
    except OverflowError:
        length = None
    if not length:
        raise Failure(f"--bucket is {text!r}, expected a length of time: 15m, 1h or 1d", USAGE)
    duration = Duration()
    duration.FromTimedelta(length)
    return duration


def _groups(
    answered: api.SummarizeRecordsResponse,
    city: City,
    keys: list[str],
    *,
    timed: bool,
    valued: bool,
) -> Table:
    """Return groups as a table."""
    shown = table()
    for column in [*(["from"] if timed else []), *keys]:
        shown.add_column(column, no_wrap=True)
    for column in ["count", *(["stated", *_VALUES] if valued else [])]:
        shown.add_column(column, justify="right", no_wrap=True)
    for group in answered.groups:
        start = [local(group.start_at.ToDatetime(UTC), city)] if timed else []
        values = [f"{group.value_count:,}", *(_number(group, name) for name in _VALUES)]
        shown.add_row(
            *start,
            *(cell(_KEYS[key](group) or "-") for key in keys),
            f"{group.count:,}",
            *(values if valued else []),
        )
    return shown


def _number(group: api.SummaryGroup, name: str) -> str:
    """Return one of a group's values; nothing if none is stated."""
    return f"{getattr(group, name):,.6g}" if group.value_count else ""
