"""The command that runs one responder."""

from typing import Annotated

import structlog
import typer
import uvloop

from adapters.responding import ResponderRunner
from ops import logs
from ops.metrics import place_of, registry_of, serve
from ops.metrics.responder import ResponderCollector
from ops.options import CITY, HOME, CityOption, HomeOption, MetricsOption, open_home
from ops.parts import until_told


def responder_run(
    responder: Annotated[str, typer.Argument(help="The responder's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
    metrics: MetricsOption = "",
) -> None:
    """Run one responder until it is told to end."""
    logs.configure("info")
    folder, described = open_home(home, city)
    structlog.contextvars.bind_contextvars(responder=responder)

    async def run() -> None:
        config, where = described.responder(responder), place_of(described, metrics)
        async with ResponderRunner(config, folder, described.plan) as runner:
            assert runner.answering is not None, "a responder that runs answers"
            told = registry_of(ResponderCollector(config, runner.answering))
            async with serve(f"responder-{responder}", told, folder, where):
                await until_told(responder, f"ask.{config.agency}")

    uvloop.run(run())
