"""The command that runs the console."""

import uvloop

from ops import logs
from ops.console.app import Console
from ops.console.signing import make_key
from ops.failure import Failure
from ops.limits import allow_connections
from ops.options import CITY, HOME, CityOption, GatewayOption, HomeOption, open_home
from ops.parts import until_told


def console_run(
    home: HomeOption = HOME, city: CityOption = CITY, gateway: GatewayOption = ""
) -> None:
    """Run the console until it is told to end."""
    logs.configure("info")
    allow_connections()
    folder, described = open_home(home, city)
    if described.console is None:
        raise Failure(f"{described.path} has no [console]: add one to have a console")
    make_key(folder)

    async def run() -> None:
        async with Console(folder, described, gateway) as running:
            await until_told("console", f"https://localhost:{running.port}")

    uvloop.run(run())
