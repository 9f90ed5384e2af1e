"""The command that runs the gateway."""

from typing import Annotated

import typer
import uvloop

from broker.connection import BusSettings
from broker.home import GATEWAY
from broker.users import hand
from gateway import Gateway, GatewaySettings
from ops import logs
from ops.failure import Failure
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.parts import until_told


def gateway_run(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    region: Annotated[
        str,
        typer.Option("--region", envvar="LIANDONG_REGION", help="Where it reads the bus."),
    ] = "",
) -> None:
    """Run the gateway until it is told to end."""
    logs.configure("info")
    folder, described = open_home(home, city)
    pem, key = folder.certificate(GATEWAY)
    for file in (pem, key, folder.ca):
        if not file.is_file():
            raise Failure(f"{file} is not there: run `liandong keys` to make what is missing")
    settings = GatewaySettings(
        host=described.gateway.host,
        port=described.gateway.port,
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
    )

    async def run() -> None:
        async with Gateway(settings) as running:
            await until_told("gateway", f"{settings.host}:{running.port}")

    uvloop.run(run())
