"""The command that shows how records change: watch."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import grpc
import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from ops.city import City
from ops.client import channel, status_of
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
from ops.records import records_table
from ops.screen import console, is_wide, local, moment, plain, print_or_tell
from ops.selecting import Chosen, chooses

_HEAD_AND_FOOT = 3
_PAUSE_S = 0.5
_GOES_ON = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


@chooses
def watch(
    agency: AgencyOption = "police",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    chosen: Chosen,
    as_json: JsonOption = False,
) -> None:
    """Show records and how they change, until Ctrl-C."""
    folder, described = open_home(home, city)
    request = api.WatchRecordsRequest(selection=chosen.selection(described))
    at = gateway or described.gateway.place_for(chosen.agencies, chosen.kinds)
    with channel(folder, described, agency, at) as opened:
        events = _events(rpc.SharedStateServiceStub(opened), request)
        if console.is_terminal and not as_json:
            _show(events, described, agency)
            return
        for lot in events:
            for event in lot:
                if as_json:
                    print_or_tell(event, event.record.name or event.name)
                elif event.type != api.EVENT_TYPE_HEARTBEAT:
                    typer.echo(_line(event, described))


def _events(
    stub: rpc.SharedStateServiceStub, request: api.WatchRecordsRequest
) -> Iterator[list[api.RecordEvent]]:
    """Yield events as they come, for ever: a gateway that went away is waited for."""
    is_away = False
    while True:
        try:
            for response in stub.WatchRecords(request, wait_for_ready=True):
                is_away = False
                yield list(response.events)
                if response.events[-1].type == api.EVENT_TYPE_SNAPSHOT:
                    # The state is told anew: an older token would leave what is told now.
                    request.resume_token = ""
                tokens = [event.resume_token for event in response.events if event.resume_token]
                request.resume_token = tokens[-1] if tokens else request.resume_token
        except grpc.RpcError as error:
            code, _ = status_of(error)
            if code not in _GOES_ON:
                raise
            if not is_away:
                typer.echo("the gateway went away; the watch goes on when it is back", err=True)
            is_away = True
            time.sleep(_PAUSE_S)


def _show(events: Iterator[list[api.RecordEvent]], city: City, agency: str) -> None:
    """Keep a table of the latest changes on the screen."""
    seen: dict[str, Record] = {}
    is_whole = False
    with Live(console=console, refresh_per_second=8) as live:
        for lot in events:
            for event in lot:
                if event.type == api.EVENT_TYPE_SNAPSHOT and is_whole:
                    seen.clear()
                is_whole = event.type != api.EVENT_TYPE_SNAPSHOT
                seen.pop(event.name or event.record.name, None)
                if event.HasField("record"):
                    seen[event.record.name] = event.record
            rows = max((console.height - _HEAD_AND_FOOT) // (1 if is_wide() else 2), 1)
            latest = list(seen.values())[-rows:][::-1]
            foot = f"{len(seen)} records as {agency}, {local(datetime.now(UTC), city)}"
            live.update(Group(records_table(latest, city), Text(foot, style="dim")))


def _line(event: api.RecordEvent, city: City) -> str:
    """Return an event as a line: what happened, when observed, which record, what it says."""
    parts = [api.EventType.Name(event.type).removeprefix("EVENT_TYPE_").lower()]
    if event.HasField("record"):
        parts.append(moment(event.record.observed_at, city))
        parts += [event.record.name, phrase(event.record)]
    elif event.name:
        parts.append(event.name)
    return "\t".join(map(plain, parts))
