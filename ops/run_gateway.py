"""The command that runs the gateway."""

import os
import re
from typing import Annotated

import typer
import uvloop

from broker.connection import BusSettings
from broker.home import GATEWAY, OPS, Home
from broker.signing import make_signing_key
from broker.users import hand
from gateway.audit import JournalSettings
from gateway.limits import CallLimits
from gateway.lookout import Lookout
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from gateway.watch import WatchLimits
from ops import logs
from ops.failure import USAGE, Failure
from ops.gateway_address import process_of
from ops.limits import allow_connections
from ops.lookouts import Lookouts
from ops.metrics import place_of, registry_of, serve
from ops.metrics.calls import CallLog
from ops.metrics.gateway import GatewayCollector
from ops.options import (
    CITY,
    HOME,
    CityOption,
    HomeOption,
    MetricsOption,
    PartOption,
    open_home,
    part_of,
)
from ops.parts import until_told
from ops.traces import settings_of, tracing
from ops.traces.calls import CallTraces

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


def gateway_run(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    name: Annotated[
        str,
        typer.Option(
            "--name",
            help="Under which it records accesses; each has its own. Default: gateway, or "
            "gateway-PART.",
        ),
    ] = "",
    *,
    part: PartOption = "",
    region: Annotated[
        str,
        typer.Option("--region", envvar="LIANDONG_REGION", help="Where it reads the bus."),
    ] = "",
    metrics: MetricsOption = "",
) -> None:
    """Run a gateway until it is told to end."""
    logs.configure("info")
    allow_connections()
    folder, described = open_home(home, city)
    held = part_of(described, part)
    name = name or process_of(held)
    pem, key = folder.certificate(GATEWAY)
    for file in (pem, key, folder.ca):
        if not file.is_file():
            raise Failure(f"{file} is not there: run `liandong keys` to make what is missing")
    settings = GatewaySettings(
        host=described.gateway.host,
        port=described.gateway.port_of(held),
        certificate=str(pem),
        key=str(key),
        ca=str(folder.ca),
        agreements=str(described.agreements) if described.agreements else None,
        agencies=described.plan.agencies,
        titles={agency.name: agency.title for agency in described.agencies},
        bus=BusSettings.of(folder, described.plan_in(region), GATEWAY),
        hands={
            agency: BusSettings.of(folder, described.plan, hand(agency))
            for agency in described.plan.agencies
        },
        revoked=str(folder.revoked),
        audit=journal_settings(folder, name, described.journal_bytes),
        watches=WatchLimits(
            department=described.gateway.watches, total=described.gateway.all_watches
        ),
        calls=CallLimits(
            per_s=described.gateway.calls_per_s, burst=2 * described.gateway.calls_per_s
        ),
        shares_port=held.is_whole and described.gateway.workers > 1,
        part=held,
        parts=described.gateway.parts,
    )

    if not _NAME.fullmatch(name):
        raise Failure(f"--name is {name!r}, expected letters, digits and hyphens, up to 64", USAGE)
    if name == OPS:
        raise Failure(f"--name is {OPS!r}, under which the operators' deeds are recorded", USAGE)
    try:
        make_signing_key(*folder.signing_key(name))
    except OSError as error:
        raise Failure(
            f"{error.filename} cannot be written ({error.strerror}), and there is no key with "
            f"which {name} signs what it records: `liandong deploy render --gateways` makes those "
            "of gateways that run as gateway-0, gateway-1, ..."
        ) from error

    async def run() -> None:
        where, calls = place_of(described, metrics), CallLog()
        async with tracing(settings_of(described, os.environ), "gateway") as traces:
            lookouts: list[Lookout] = [calls] if where is not None else []
            if traces is not None:
                lookouts.append(CallTraces(traces))
            async with Gateway(settings, Lookouts(lookouts) if lookouts else None) as running:
                told = registry_of(GatewayCollector(running, calls))
                async with serve(name, told, folder, where):
                    await until_told(name, f"{settings.host}:{running.port}")

    uvloop.run(run())


def journal_settings(home: Home, gateway: str, max_bytes: int) -> JournalSettings:
    """Return where a gateway of a home records accesses."""
    key, public = home.signing_key(gateway)
    return JournalSettings(
        gateway=gateway,
        key=str(key),
        public_keys=str(public.parent),
        path=str(home.journal(gateway)),
        max_bytes=max_bytes,
    )
