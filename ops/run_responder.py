"""The command that runs one responder."""

from typing import Annotated

import structlog
import typer
import uvloop

from adapters.responding import ResponderRunner
from ops import logs
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.parts import until_told


def responder_run(
    responder: Annotated[str, typer.Argument(help="The responder's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Run one responder until it is told to end."""
    logs.configure("info")
    folder, described = open_home(home, city)
    structlog.contextvars.bind_contextvars(responder=responder)

    async def run() -> None:
        config = described.responder(responder)
        async with ResponderRunner(config, folder, described.plan):
            await until_told(responder, f"ask.{config.agency}")

    uvloop.run(run())
