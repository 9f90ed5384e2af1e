"""The command that runs one feed's adapter."""

from typing import Annotated

import structlog
import typer
import uvloop

from adapters.runner import FeedRunner
from ops import logs
from ops.limits import allow_connections
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.parts import until_told


def adapter_run(
    feed: Annotated[str, typer.Argument(help="The feed's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Run one feed's adapter until it is told to end, then settle what is under way."""
    logs.configure("info")
    allow_connections()
    folder, described = open_home(home, city)
    # Also what the bus's side and libraries tell is of this feed.
    structlog.contextvars.bind_contextvars(feed=feed)

    async def run() -> None:
        async with FeedRunner(described.feed(feed), folder, described.plan) as runner:
            await until_told(feed, runner.address)

    uvloop.run(run())
