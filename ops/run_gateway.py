"""The command that runs the gateway."""

import uvloop

from broker.connection import BusSettings
from broker.home import GATEWAY, Home
from broker.users import hand
from gateway import Gateway, GatewaySettings
from gateway.audit import JournalSettings
from ops import logs
from ops.failure import Failure
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.parts import until_told


def gateway_run(home: HomeOption = HOME, city: CityOption = CITY) -> None:
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
        bus=BusSettings.of(folder, described.plan, GATEWAY),
        hands={
            agency: BusSettings.of(folder, described.plan, hand(agency))
            for agency in described.plan.agencies
        },
        revoked=str(folder.revoked),
        audit=journal_settings(folder, GATEWAY, described.journal_bytes),
    )

    async def run() -> None:
        async with Gateway(settings) as running:
            await until_told("gateway", f"{settings.host}:{running.port}")

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
