"""Commands that show what is there."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import Console
from rich.live import Live
from rich.table import Table

from adapters.sdk.journal import audit
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.quarantine import QuarantineEntry, entries
from broker.tls import certificate_ends
from broker.users import reader
from liandong.feed.v1.feed_pb2 import Feed, FeedState
from liandong.gateway.v1 import catalog_pb2, catalog_pb2_grpc
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
    target,
)
from ops.phrases import phrase

_PAGE = 500
_ROWS = 40
_SOON = timedelta(days=30)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d+)([smhd])")
KindOption = Annotated[list[str], typer.Option("--kind", help="For example water.level, water.*")]
AgenciesOption = Annotated[list[str], typer.Option("--agency", help="Whose records.")]
DistrictOption = Annotated[list[str], typer.Option("--district", help="GB/T 2260 codes.")]
BoxOption = Annotated[str, typer.Option("--bbox", help="south,west,north,east in degrees.")]
SinceOption = Annotated[str, typer.Option("--since", help="30m, 2h, 1d or a time in RFC 3339.")]
_console = Console()
if not _console.is_terminal:
    # A pipe has no width; what reads it wants whole lines.
    _console = Console(width=200)


def get(
    name: Annotated[str, typer.Argument(help="<agency>/<kind>/<entity>")],
    agency: AgencyOption = "police",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show one record."""
    folder, described = open_home(home, city)
    with channel(folder, agency, target(described, gateway)) as opened:
        record = rpc.SharedStateServiceStub(opened).GetRecord(api.GetRecordRequest(name=name))
    if as_json:
        _print_json(record)
        return
    _console.print(_records_table([record], described))
    _console.print_json(MessageToJson(record, ensure_ascii=False))


def list_records(  # noqa: PLR0917 - options are named on the command line
    agency: AgencyOption = "police",
    kind: KindOption = [],  # noqa: B006 - typer reads it and makes its own
    agencies: AgenciesOption = [],  # noqa: B006
    district: DistrictOption = [],  # noqa: B006
    bbox: BoxOption = "",
    since: SinceOption = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most; 0: all.")] = 100,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the records that a department may see."""
    folder, described = open_home(home, city)
    selection = _selection(kind, agencies, district, bbox, since)
    records: list[Record] = []
    token = ""
    with channel(folder, agency, target(described, gateway)) as opened:
        stub = rpc.SharedStateServiceStub(opened)
        while not limit or len(records) < limit:
            size = min(_PAGE, limit - len(records)) if limit else _PAGE
            page = stub.ListRecords(
                api.ListRecordsRequest(selection=selection, page_size=size, page_token=token)
            )
            records += page.records
            token = page.next_page_token
            if not token:
                break
    if as_json:
        for record in records:
            _print_json(record)
        return
    _console.print(_records_table(records, described))
    more = " (there are more: --limit 0 shows all)" if token else ""
    _console.print(f"{len(records)} records as {agency}{more}")


def watch(  # noqa: PLR0917
    agency: AgencyOption = "police",
    kind: KindOption = [],  # noqa: B006
    agencies: AgenciesOption = [],  # noqa: B006
    district: DistrictOption = [],  # noqa: B006
    bbox: BoxOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show records and how they change, until Ctrl-C."""
    folder, described = open_home(home, city)
    request = api.WatchRecordsRequest(selection=_selection(kind, agencies, district, bbox, ""))
    seen: dict[str, Record] = {}
    with channel(folder, agency, target(described, gateway)) as opened:
        stub = rpc.SharedStateServiceStub(opened)
        if as_json or not _console.is_terminal:
            for response in stub.WatchRecords(request, wait_for_ready=True):
                for event in response.events:
                    _print_event(event, described, as_json=as_json)
            return
        with Live(console=_console, refresh_per_second=8, screen=False) as live:
            for response in stub.WatchRecords(request, wait_for_ready=True):
                for event in response.events:
                    _apply(event, seen)
                latest = list(seen.values())[-_ROWS:][::-1]
                live.update(_records_table(latest, described))


def _apply(event: api.RecordEvent, seen: dict[str, Record]) -> None:
    """Keep what a watch shows, the latest change last."""
    seen.pop(event.name or event.record.name, None)
    if event.HasField("record"):
        seen[event.record.name] = event.record


def _print_event(event: api.RecordEvent, city: City, *, as_json: bool) -> None:
    """Print an event on a line of its own."""
    if as_json:
        _print_json(event)
        return
    what = api.EventType.Name(event.type).removeprefix("EVENT_TYPE_").lower()
    name = event.record.name or event.name
    said = phrase(event.record) if event.HasField("record") else ""
    at = _local(event.record.observed_at.ToDatetime(UTC), city) if said else ""
    typer.echo("\t".join(part for part in (what, at, name, said) if part))


def feeds(
    agency: AgencyOption = "ops",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    check: Annotated[bool, typer.Option("--audit", help="Check that the books balance.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how every feed fares."""
    folder, described = open_home(home, city)
    if check:
        _audit(folder, described)
        return
    with channel(folder, agency, target(described, gateway)) as opened:
        stub = catalog_pb2_grpc.CatalogServiceStub(opened)
        found = stub.ListFeeds(catalog_pb2.ListFeedsRequest(page_size=1000)).feeds
    if as_json:
        for feed in found:
            _print_json(feed)
        return
    columns = ("feed", "state", "at", "received", "stored", "dup.", "quarantined", "a min", "last")
    table = Table(*columns, box=None, header_style="bold")
    for feed in found:
        table.add_row(*_feed_cells(feed, described))
    _console.print(table)


def _feed_cells(feed: Feed, city: City) -> list[str]:
    """Return a feed's row."""
    last = feed.last_received_at.ToDatetime(UTC)
    counts = (feed.received, feed.stored, feed.duplicates, feed.quarantined)
    return [
        feed.name.partition("/")[2],
        FeedState.Name(feed.state).removeprefix("FEED_STATE_").lower(),
        feed.address,
        *(f"{count:,}" for count in counts),
        f"{feed.rate_per_min:.0f}",
        _local(last, city) if feed.HasField("last_received_at") else "never",
    ]


def _audit(home: Home, city: City) -> None:
    """Check every feed's books, and fail when one does not balance."""

    async def run() -> int:
        wrong = 0
        columns = ("feed", "received", "=", "stored", "+ dup.", "+ quarantined", "in flight", "")
        table = Table(*columns, box=None, header_style="bold")
        for feed in city.feeds:
            settings = BusSettings.of(home, city.plan, reader(feed.agency))
            async with Bus(settings) as bus:
                try:
                    found = await audit(bus, feed.agency, feed.id)
                except LookupError as error:
                    table.add_row(feed.id, "", "", "", "", "", "", str(error))
                    wrong += 1
                    continue
            told = found.feed
            counts = (told.stored, told.duplicates, told.quarantined, told.in_flight)
            verdict = "; ".join(found.findings) or "balances"
            wrong += bool(found.findings)
            table.add_row(
                feed.id, f"{told.received:,}", "=", *(f"{count:,}" for count in counts), verdict
            )
        _console.print(table)
        return wrong

    wrong = asyncio.run(run())
    if wrong:
        raise Failure(f"the books of {wrong} feeds do not balance")


def status(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
) -> None:
    """Show whether the parts of the system run."""
    folder, described = open_home(home, city)
    with channel(folder, "ops", target(described, gateway)) as opened:
        health = health_pb2_grpc.HealthStub(opened).Check(health_pb2.HealthCheckRequest())
        listed = catalog_pb2_grpc.CatalogServiceStub(opened)
        found = listed.ListFeeds(catalog_pb2.ListFeedsRequest(page_size=1000)).feeds
    table = Table(box=None, show_header=False)
    table.add_row("gateway", target(described, gateway), _serving(health.status))
    table.add_row("nats-server", described.plan.url, asyncio.run(_streams(folder, described)))
    running = sum(feed.state == FeedState.Value("FEED_STATE_RUNNING") for feed in found)
    table.add_row("feeds", f"{len(described.feeds)} in the city file", f"{running} run")
    soon = datetime.now(UTC) + _SOON
    for name, ends in certificate_ends(folder).items():
        if ends < soon:
            table.add_row("certificate", name, f"ends {_local(ends, described)}: renew it")
    _console.print(table)


def _serving(state: int) -> str:
    """Return a health status in a word."""
    return "serves" if state == health_pb2.HealthCheckResponse.SERVING else "does not serve yet"


async def _streams(home: Home, city: City) -> str:
    """Return how much the city's stream holds."""
    async with Bus(BusSettings.of(home, city.plan, "ops")) as bus:
        state = (await bus.js.stream_info("CITY")).state
    return f"CITY holds {state.messages:,} records, {state.bytes / 1e6:.1f} MB"


def quarantine_list(
    agency: Annotated[str, typer.Option("--agency", help="One department; default: all.")] = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Show what could not be translated, and why."""
    folder, described = open_home(home, city)
    table = Table("agency", "no.", "feed", "at", "cause", "reason", box=None, header_style="bold")
    chosen = [agency] if agency else [one.name for one in described.agencies]
    for entry in asyncio.run(_quarantine(folder, described, chosen)):
        at = _local(entry.received_at, described)
        row = (entry.agency, str(entry.sequence), entry.feed, at, entry.cause, entry.reason)
        table.add_row(*row)
    _console.print(table if table.row_count else "the quarantine is empty")


def quarantine_show(
    number: Annotated[int, typer.Argument(help="The entry's number.")],
    agency: Annotated[str, typer.Option("--agency", help="The department.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Show an entry's raw bytes, as hexadecimal and as text."""
    folder, described = open_home(home, city)
    found = asyncio.run(_quarantine(folder, described, [agency]))
    entry = next((one for one in found if one.sequence == number), None)
    if entry is None:
        raise Failure(f"there is no entry {number} in the quarantine of {agency}")
    typer.echo(f"{entry.cause}: {entry.reason}\nfrom {entry.source}, by {entry.adapter}\n")
    for first in range(0, len(entry.raw), 16):
        piece = entry.raw[first : first + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)  # noqa: PLR2004
        typer.echo(f"{first:06x}  {piece.hex(' '):<47}  {text}")


async def _quarantine(home: Home, city: City, agencies: list[str]) -> list[QuarantineEntry]:
    """Return the entries of agencies' quarantines."""
    found = []
    for agency in agencies:
        async with Bus(BusSettings.of(home, city.plan, reader(agency))) as bus:
            found += [entry async for entry in entries(bus, agency)]
    return found


def _selection(
    kinds: list[str], agencies: list[str], districts: list[str], bbox: str, since: str
) -> api.Selection:
    """Return a selection of options.

    Raises:
        Failure: If the box or the time is not written as it should be.
    """
    selection = api.Selection(kinds=kinds, agencies=agencies, districts=districts)
    if bbox:
        try:
            south, west, north, east = (float(part) for part in bbox.split(","))
        except ValueError as error:
            raise Failure(
                f"--bbox is {bbox!r}, expected south,west,north,east in degrees", status=2
            ) from error
        selection.bounding_box.CopyFrom(
            api.BoundingBox(south_deg=south, west_deg=west, north_deg=north, east_deg=east)
        )
    if since:
        selection.observed.start_at.FromDatetime(_since(since))
    return selection


def _since(text: str) -> datetime:
    """Return the moment that `30m` or a time in RFC 3339 means."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise Failure(
            f"--since is {text!r}, expected 30m, 2h, 1d or a time such as 2026-06-15T18:00+08:00",
            status=2,
        ) from error


def _records_table(records: list[Record], city: City) -> Table:
    """Return records as a table."""
    table = Table("record", "says", "quality", "observed", "district", box=None)
    table.header_style = "bold"
    for record in records:
        level = record.quality.level
        word = QualityLevel.Name(level).removeprefix("QUALITY_LEVEL_").lower()
        table.add_row(
            record.name,
            phrase(record),
            word if word == "valid" else f"[yellow]{word}[/]",
            _local(record.observed_at.ToDatetime(UTC), city),
            record.location.district,
        )
    return table


def _local(moment: datetime, city: City) -> str:
    """Return a moment in the city's zone; today's without the date."""
    zone = ZoneInfo(city.time_zone)
    shown, now = moment.astimezone(zone), datetime.now(zone)
    return f"{shown:%H:%M:%S}" if shown.date() == now.date() else f"{shown:%Y-%m-%d %H:%M}"


def _print_json(message: Message) -> None:
    """Print a message as one line of JSON."""
    options: dict[str, Any] = {"indent": None, "ensure_ascii": False}
    typer.echo(MessageToJson(message, preserving_proto_field_name=True, **options))
