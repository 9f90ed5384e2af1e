"""The command that shows whether the parts of the system run."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from broker.errors import BrokerError
from broker.home import OPS, Home
from broker.plan import stream_name
from broker.tls import certificate_ends
from broker.toml import FileWrong
from broker.users import AUDIT, quarantine_stream
from broker.users import CITY as CITY_STREAM
from gateway.agreements_file import read_agreements
from ops.bus import bus_of, reader_of
from ops.city import City
from ops.client import channel, target
from ops.condition import condition
from ops.dashboard import watch_city
from ops.doctor.case import Case
from ops.failure import Failure
from ops.feeds import list_feeds
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
from ops.overview import look_over
from ops.part_gateways import look_at_parts
from ops.screen import cell, console, counted, local, print_object, table

_SOON = timedelta(days=30)
_NEARLY_FULL = 0.8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the system: what it is, where, how it is in words, and whether that is well."""

    part: str
    name: str
    state: str
    well: bool


def status(
    agency: OperatorOption = OPS,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew each second.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show whether all parts of the system run."""
    folder, described = open_home(home, city)
    own_agencies(described, agency)
    if watch:
        watch_city(lambda: look_over(Case(folder, city, gateway, agency)), as_json=as_json)
        return
    parts = [
        *asyncio.run(_bus(folder, described, agency)),
        *_gateway(folder, described, agency, gateway),
        *(
            Part("gateway", f"part {one.part.name}", one.sentence, one.well is not False)
            for one in look_at_parts(folder, described, agency)
        ),
        *_agreements(described),
        *_certificates(folder, described),
    ]
    shown = table(show_header=False)
    for part in parts:
        if as_json:
            facts: dict[str, Any] = {"part": part.part, "name": part.name}
            print_object(facts | {"state": part.state, "well": part.well})
        shown.add_row(part.part, cell(part.name), cell(part.state, "" if part.well else "red"))
    if not as_json:
        console.print(shown)
    unwell = [part.name for part in parts if not part.well]
    if unwell:
        raise Failure(f"not all is well: look at {', '.join(unwell)}")


async def _bus(home: Home, city: City, agency: str) -> list[Part]:
    """Return how the server is, how much the caller's stream holds, and which quarantines fill."""
    stream = CITY_STREAM if agency == OPS else stream_name(agency)
    owners = own_agencies(city, agency)
    try:
        async with bus_of(home, city, agency) as bus:
            state = (await bus.js.stream_info(stream)).state
        log = [await _log_part(home, city)] if agency == OPS else []
        quarantines = [await quarantine_part(home, city, agency, one) for one in owners]
    except BrokerError as error:
        return [Part("nats-server", city.plan.url, str(error), well=False)]
    held = f"{stream} holds {state.messages:,} records, {state.bytes / 1e6:.1f} MB"
    return [Part("nats-server", city.plan.url, held, well=True), *log, *filter(None, quarantines)]


async def quarantine_part(home: Home, city: City, asking: str, agency: str) -> Part | None:
    """Return how full an agency's quarantine is; None: it is empty."""
    async with bus_of(home, city, reader_of(asking, agency)) as bus:
        info = await bus.js.stream_info(quarantine_stream(agency))
    held, limit = info.state.bytes, info.config.max_bytes or 0
    if not info.state.messages:
        return None
    told = f"{counted(info.state.messages)}, {held / 1e6:.1f} of {limit / 1e6:.0f} MB"
    if held <= _NEARLY_FULL * limit:
        return Part("quarantine", agency, told, well=True)
    # When it is full it takes nothing more, and neither does the feed.
    remedy = "heal or discard entries (`liandong quarantine list`), or senders must wait when full"
    return Part("quarantine", agency, f"{told}: {remedy}", well=False)


async def _log_part(home: Home, city: City) -> Part:
    """Return how full the record of accesses is."""
    async with bus_of(home, city, OPS) as bus:
        info = await bus.js.stream_info(AUDIT)
    held, limit = info.state.bytes, info.config.max_bytes or 0
    told = f"{held / 1e6:.1f} of {limit / 1e6:.0f} MB"
    if held <= _NEARLY_FULL * limit:
        return Part("audit", AUDIT, told, well=True)
    # It drops nothing: when it is full, and journals are, calls are refused.
    return Part("audit", AUDIT, f"{told}: raise [audit] log_mb in the city file", well=False)


def _gateway(home: Home, city: City, agency: str, gateway: str) -> list[Part]:
    """Return how the gateway is, and through it the feeds."""
    at = target(city, gateway)
    try:
        with channel(home, city, agency, gateway) as opened:
            told = {feed.name.partition("/")[2]: feed for feed in list_feeds(opened)}
    except Failure as failure:
        return [Part("gateway", at, str(failure), well=False)]
    parts = [Part("gateway", at, "serves", well=True)]
    for feed in city.feeds:
        if agency not in {OPS, feed.agency}:
            continue
        if feed.id not in told:
            parts.append(Part("feed", feed.id, "does not run", well=False))
            continue
        fares = condition(told[feed.id], city, datetime.now(UTC))
        parts.append(Part("feed", feed.id, fares.sentence, fares.well))
    return parts


def _agreements(city: City) -> list[Part]:
    """Return whether the file of agreements is right."""
    if city.agreements is None:
        return []
    try:
        count = len(read_agreements(city.agreements, city.plan.agencies))
    except FileWrong as error:
        told = f"{error}; those before it stay in force"
        return [Part("agreements", str(city.agreements), told, well=False)]
    return [Part("agreements", str(city.agreements), f"{count} agreements", well=True)]


def _certificates(home: Home, city: City) -> list[Part]:
    """Return the certificates that end soon or are none."""
    try:
        all_ends = certificate_ends(home)
    except ValueError as error:
        return [Part("certificate", str(home.tls_dir), f"one is damaged: {error}", well=False)]
    soon = datetime.now(UTC) + _SOON
    return [
        Part("certificate", name, f"ends {local(ends, city)}: run `liandong keys`", well=False)
        for name, ends in all_ends.items()
        if ends < soon
    ]
