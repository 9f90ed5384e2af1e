"""Commands that show the records of the shared state: get and list."""

from collections.abc import Iterable
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToJson, SerializeToJsonError
from rich.table import Table
from rich.text import Text

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.quantity.v1.quantity_pb2 import QualityLevel
from liandong.record.v1.record_pb2 import Record
from ops.city import City
from ops.client import channel
from ops.failure import Failure
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
from ops.phrases import phrase
from ops.screen import cell, console, is_wide, moment, print_message, print_or_tell, table
from ops.selecting import (
    AsOfOption,
    Chosen,
    FieldsOption,
    KnownOption,
    SinceOption,
    chooses,
    fields,
    look_back,
    untold,
)

_PAGE = 500


def get(  # noqa: PLR0917 - options are named on the command line
    name: Annotated[str, typer.Argument(help="<agency>/<kind>/<entity>")],
    agency: AgencyOption = "police",
    only: FieldsOption = "",
    as_of: AsOfOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    known: KnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show one record."""
    folder, described = open_home(home, city)
    owner, _, rest = name.partition("/")
    at = gateway or described.gateway.place_for([owner], [rest.partition("/")[0]])
    with channel(folder, described, agency, at) as opened:
        request = api.GetRecordRequest(name=name, read_mask=fields(only))
        look_back(request, as_of, described, known=known)
        record = rpc.SharedStateServiceStub(opened).GetRecord(request)
    if as_json or only:
        print_message(record)
        return
    console.print(records_table([record], described))
    try:
        content = MessageToJson(record, ensure_ascii=True)
    except (ValueError, OverflowError, SerializeToJsonError) as error:
        raise Failure(f"no JSON can say the rest of it: {error}") from error
    console.print_json(content, ensure_ascii=False)


@chooses
def list_records(  # noqa: PLR0917 - options are named on the command line
    agency: AgencyOption = "police",
    since: SinceOption = "",
    only: FieldsOption = "",
    order_by: Annotated[
        str, typer.Option(help="name, observed_at, 'observed_at desc', or distance.")
    ] = "",
    as_of: AsOfOption = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0: all.")] = 100,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    chosen: Chosen,
    known: KnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the records that a department may see.

    With --fields they are shown as JSON. Distances are those from the circle's centre.
    """
    folder, described = open_home(home, city)
    request = api.ListRecordsRequest(
        selection=chosen.selection(described, since),
        order_by=order_by,
        read_mask=fields(only),
    )
    look_back(request, as_of, described, known=known)
    records: list[Record] = []
    unknown = 0
    at = gateway or described.gateway.place_for(chosen.agencies, chosen.kinds)
    with channel(folder, described, agency, at) as opened:
        stub = rpc.SharedStateServiceStub(opened)
        more = True
        while more and (not limit or len(records) < limit):
            request.page_size = min(_PAGE, limit - len(records)) if limit else _PAGE
            page = stub.ListRecords(request)
            records += page.records
            unknown += page.unknown_count
            request.page_token = page.next_page_token
            more = bool(page.next_page_token)
    if as_json or only:
        left = sum([not print_or_tell(record, record.name) for record in records])
        if left:
            raise Failure(f"{left} of {len(records)} records hold a time that cannot be")
        return
    console.print(records_table(records, described))
    rest = " (there are more: --limit 0 shows all)" if more else ""
    console.print(f"{len(records)} records as {agency}{rest}")
    if unknown:
        console.print(untold(unknown))


def records_table(records: Iterable[Record], city: City) -> Table:
    """Return records as a table; on a narrow screen a name has a line of its own."""
    shown = table(*(["record", "says"] if is_wide() else ["record"]))
    for column in ("observed", "district"):
        shown.add_column(column, no_wrap=True)
    for record in records:
        name, said = cell(record.name), _said(record)
        shown.add_row(
            *([name, said] if is_wide() else [Text.assemble(name, "\n  ", said)]),
            moment(record.observed_at, city),
            cell(record.location.district),
        )
    return shown


def _said(record: Record) -> Text:
    """Return what a record says, marked when its source or the adapter doubts it."""
    said = cell(phrase(record))
    word = QualityLevel.Name(record.quality.level).removeprefix("QUALITY_LEVEL_").lower()
    return said if word == "valid" else said.append(f" ({word})", style="yellow")
