"""The command that rehearses proposed agreements on the city's own records."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.home import OPS, Home
from broker.subscriber import scan
from broker.users import CITY as CITY_STREAM
from gateway.agreements_file import read_agreements
from ops.bus import bus_of
from ops.city import City
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, open_home
from ops.rehearsal import Change, Scenario, Traffic, rehearse
from ops.screen import cell, console, print_object, table

_NANO = 1_000_000_000


def agreements_rehearse(
    file: Annotated[Path, typer.Argument(help="The proposed agreements.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
    days: Annotated[float, typer.Option("--days", min=0, help="Of how many last days.")] = 7.0,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what each department would gain or lose by proposed agreements. Changes nothing."""
    folder, described = open_home(home, city)
    agencies = described.plan.agencies
    before = read_agreements(described.agreements, agencies) if described.agreements else ()
    after = read_agreements(file, agencies)
    traffic = Traffic({path for terms in (*before, *after) for path in terms.hidden})
    asyncio.run(_read(folder, described, traffic, days))
    changes = rehearse(before, after, traffic, agencies, datetime.now(UTC))
    if as_json:
        for change in changes:
            print_object(_facts(change))
        return
    _show(changes)
    total = len(set().union(*traffic.names.values()))
    console.print(
        f"{_summary(changes)}, on {total:,} records of the last {days:g} days; nothing was changed"
    )


async def _read(home: Home, city: City, traffic: Traffic, days: float) -> None:
    """Read what the city said in the last days."""
    since = datetime.now(UTC) - timedelta(days=days)
    since_ns = int(since.timestamp()) * _NANO
    async with bus_of(home, city, OPS) as bus:
        async for delivery in scan(bus, CITY_STREAM, "share.>"):
            if delivery.timestamp_ns >= since_ns:
                traffic.add(delivery.payload)


def _summary(changes: Sequence[Change]) -> str:
    """Return how many differences there are."""
    gains = sum(change.gained for change in changes)
    return f"gains: {gains}, losses: {len(changes) - gains}" if changes else "no difference"


def _show(changes: Sequence[Change]) -> None:
    """Show the differences as a table."""
    if not changes:
        return
    heads = ("department", "would", "records", "of", "kind", "what", "when", "by", "for example")
    shown = table(*heads)
    for change in changes:
        shown.add_row(
            change.consumer,
            cell("gain", "green") if change.gained else cell("lose", "red"),
            f"{len(change.names):,}",
            change.provider,
            change.kind,
            cell(", ".join(change.fields) or "whole records"),
            cell(_when(change.when) or "always"),
            cell(", ".join(change.agreements)),
            cell(change.samples[0]),
        )
    console.print(shown)


def _when(scenarios: Sequence[Scenario]) -> str:
    """Return under what something is so; what is so in calm and emergency is told once."""
    found = set(scenarios)
    either = {one.purpose for one in found if one._replace(emergency=not one.emergency) in found}
    told = (
        one._replace(emergency=one.emergency and one.purpose not in either) for one in scenarios
    )
    return "; ".join(dict.fromkeys(map(str, told)))


def _facts(change: Change) -> dict[str, Any]:
    """Return a difference for programs."""
    return {
        "consumer": change.consumer,
        "provider": change.provider,
        "kind": change.kind,
        "change": "gain" if change.gained else "lose",
        "records": len(change.names),
        "fields": change.fields,
        "when": [one._asdict() for one in change.when],
        "agreements": change.agreements,
        "samples": change.samples,
    }
