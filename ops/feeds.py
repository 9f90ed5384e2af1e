"""The command that shows how feeds fare, and audits their books."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import grpc
import typer

from adapters.sdk.audit import audit
from broker.home import OPS, Home
from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1 import catalog_pb2, catalog_pb2_grpc
from ops.bus import bus_of, reader_of
from ops.city import City
from ops.client import channel
from ops.condition import condition
from ops.failure import Failure
from ops.options import (
    CITY,
    HOME,
    CityOption,
    GatewayOption,
    HomeOption,
    JsonOption,
    OperatorOption,
    open_home,
    own_agencies,
)
from ops.screen import cell, console, is_wide, local, print_message, print_object, table

_PAGE = 1000
_COUNTS = ("received", "stored", "duplicates", "quarantined", "in_flight")


def feeds(
    agency: OperatorOption = OPS,
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
        _show_audit(asyncio.run(_audit(folder, described, agency)), as_json=as_json)
        return
    with channel(folder, described, agency, gateway) as opened:
        found = list_feeds(opened)
    if as_json:
        for feed in found:
            print_message(feed)
        return
    columns = ["feed", "state", "received", "stored", "dup.", "quar.", "a min", "last"]
    shown = table(*columns, *(["spool", "at"] if is_wide() else []))
    for column in (*shown.columns[2:7], *shown.columns[8:9]):
        column.justify = "right"
    for feed in found:
        shown.add_row(*_cells(feed, described))
    told = {feed.name.partition("/")[2] for feed in found}
    for feed_id in (feed.id for feed in described.feeds if agency == OPS):
        if feed_id not in told:
            shown.add_row(feed_id, "[red]never ran[/]")
    console.print(shown)


def list_feeds(opened: grpc.Channel) -> list[Feed]:
    """Return all feeds that the caller may see, page by page."""
    stub = catalog_pb2_grpc.CatalogServiceStub(opened)
    request = catalog_pb2.ListFeedsRequest(page_size=_PAGE)
    found: list[Feed] = []
    while True:
        page = stub.ListFeeds(request)
        found += page.feeds
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


def _cells(feed: Feed, city: City) -> list[Any]:
    """Return a feed's row."""
    last = feed.last_received_at.ToDatetime(UTC)
    fares = condition(feed, city, datetime.now(UTC))
    state = f"{feed.spooled:,} spooled" if feed.spooled and not is_wide() else fares.word
    counts = (feed.received, feed.stored, feed.duplicates, feed.quarantined)
    return [
        cell(feed.name.partition("/")[2]),
        cell(state, "" if fares.well else "red"),
        *(f"{count:,}" for count in counts),
        f"{feed.rate_per_min:.0f}",
        local(last, city) if feed.HasField("last_received_at") else "never",
        *([f"{feed.spooled:,}", cell(feed.address)] if is_wide() else []),
    ]


async def _audit(home: Home, city: City, asking: str) -> list[dict[str, Any]]:
    """Check the books of every feed that someone may count."""
    found = []
    for agency in own_agencies(city, asking):
        own = [feed for feed in city.feeds if feed.agency == agency]
        if not own:
            continue
        async with bus_of(home, city, reader_of(asking, agency)) as bus:
            for feed in own:
                row: dict[str, Any] = {"feed": feed.id, "agency": agency}
                try:
                    result = await audit(bus, agency, feed.id)
                except LookupError as error:
                    found.append({**row, "balances": False, "findings": [str(error)]})
                    continue
                row |= {count: getattr(result.feed, count) for count in _COUNTS}
                row |= {"in_stream": result.stored, "in_quarantine": result.quarantined}
                row |= {"healed": result.healed, "discarded": result.discarded}
                row |= {"balances": not result.findings, "findings": list(result.findings)}
                found.append(row)
    return found


def _left(row: dict[str, Any]) -> str:
    """Return what left a feed's quarantine, of which the books still have the count."""
    words = [f"{row[word]:,} {word}" for word in ("healed", "discarded") if row[word]]
    return f" (of the quarantined {', '.join(words)})" if words else ""


def _show_audit(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """Show what the audit found.

    Raises:
        Failure: If the books of a feed do not balance.
    """
    if as_json:
        for row in found:
            print_object(row)
    else:
        shown = table("feed", "received", "= stored", "+ dup.", "+ quar.", "+ in flight", "books")
        for column in shown.columns[1:6]:
            column.justify = "right"
        for row in found:
            counts = [f"{row[count]:,}" if count in row else "" for count in _COUNTS]
            verdict = "; ".join(row["findings"]) or f"balance{_left(row)}"
            shown.add_row(row["feed"], *counts, cell(verdict, "" if row["balances"] else "red"))
        console.print(shown)
    wrong = [row["feed"] for row in found if not row["balances"]]
    if wrong:
        raise Failure(f"the books do not balance: {', '.join(wrong)}")
