"""The command that lists accesses: who read a department's records, and who was refused."""

from collections.abc import Iterator
from datetime import UTC
from typing import Annotated

import grpc
import typer
from rich.text import Text

from liandong.gateway.v1 import audit_pb2 as api
from liandong.gateway.v1 import audit_pb2_grpc as rpc
from ops.city import City
from ops.client import channel
from ops.options import (
    CITY,
    HOME,
    CityOption,
    GatewayOption,
    HomeOption,
    JsonOption,
    OperatorOption,
    open_home,
)
from ops.screen import cell, console, counted, local, print_message, table
from ops.selecting import SinceOption, since_moment

_PAGE = 500
ProviderOption = Annotated[str, typer.Option("--provider", help="Whose records; default: any.")]
ConsumerOption = Annotated[str, typer.Option("--consumer", help="Who asked; default: anyone.")]


def audit_list(  # noqa: PLR0917 - options are named on the command line
    agency: OperatorOption = "police",
    provider: ProviderOption = "",
    consumer: ConsumerOption = "",
    since: SinceOption = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0: all.")] = 100,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    oldest: Annotated[bool, typer.Option("--oldest", help="The oldest first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who read a department's records, who was refused, and what it asked for itself."""
    folder, described = open_home(home, city)
    request = api.ListAccessesRequest(
        provider=provider,
        consumer=consumer,
        outcome=api.OUTCOME_REFUSED if refused else api.OUTCOME_UNSPECIFIED,
        order=api.ACCESS_ORDER_OLDEST_FIRST if oldest else api.ACCESS_ORDER_NEWEST_FIRST,
    )
    if since:
        request.accessed.start_at.FromDatetime(since_moment(since, described))
    shown = table("when", "who", "purpose", "asked", "outcome", "left")
    count = 0
    with channel(folder, described, agency, gateway) as opened:
        for access in _accesses(opened, request, limit):
            count += 1
            if as_json:
                print_message(access)
            else:
                shown.add_row(*_cells(access, described))
    if not as_json:
        console.print(shown)
        console.print(f"{count:,} accesses as {agency}")


def _accesses(
    opened: grpc.Channel, request: api.ListAccessesRequest, limit: int
) -> Iterator[api.AccessEntry]:
    """Yield accesses, page by page."""
    stub = rpc.AuditServiceStub(opened)
    left = limit
    while True:
        request.page_size = min(_PAGE, left) if limit else _PAGE
        page = stub.ListAccesses(request)
        yield from page.accesses
        left -= len(page.accesses)
        request.page_token = page.next_page_token
        if not request.page_token or (limit and left <= 0):
            return


def _cells(access: api.AccessEntry, city: City) -> list[Text]:
    """Return an access's row."""
    names = [*access.names, *([f"and {access.more_names} more"] if access.more_names else [])]
    what = [_acted(access.action)] if access.HasField("action") else []
    asked = " ".join([access.method.partition("/")[2], *names, access.asked, *what])
    return [
        cell(local(access.accessed_at.ToDatetime(UTC), city)),
        cell(" ".join(filter(None, [access.agency or "nobody known", access.actor]))),
        cell(access.purpose),
        cell(asked),
        _outcome(access),
        cell(
            ", ".join([*map(_left, access.disclosed), *map(_put, access.questions), *_came(access)])
        ),
    ]


def _outcome(access: api.AccessEntry) -> Text:
    """Return how an access ended, and what stayed closed."""
    if access.outcome == api.OUTCOME_ALLOWED:
        phase = api.Phase.Name(access.phase).removeprefix("PHASE_").lower()
        what = "action" if access.HasField("action") else "watch"
        return cell("answered" if access.phase == api.PHASE_CALL else f"{what} {phase}")
    closed = f" (of {', '.join(access.closed_providers)})" if access.closed_providers else ""
    style = "red" if access.outcome == api.OUTCOME_REFUSED else ""
    return cell(f"{access.reason}{closed}", style)


def _acted(one: api.QuarantineAction) -> str:
    """Return which entries of a quarantine were meant, and why."""
    why = f": {one.reason}" if one.reason else ""
    return f"{one.feed} {one.which} ({counted(one.meant)}){why}"


def _came(access: api.AccessEntry) -> list[str]:
    """Return what came of an action on a quarantine, once it has ended."""
    if not access.HasField("action") or access.phase != api.PHASE_ENDED:
        return []
    one = access.action
    records = f" as {one.records:,} records" if one.records else ""
    return [f"{counted(one.removed)} of {one.agency}{records}"]


def _put(one: api.PutQuestion) -> str:
    """Return what became of a question."""
    return f"{one.question} to {one.provider}: {one.outcome}"


def _left(one: api.Disclosed) -> str:
    """Return what left of a provider."""
    by = f" by {', '.join(one.agreements)}" if one.agreements else ""
    return f"{one.records:,} {one.kind} of {one.provider}{by}"
