"""The command that runs one feed's adapter."""

import os
from typing import Annotated

import structlog
import typer
import uvloop

from adapters.garbage import spare_what_stays
from adapters.runner import FeedRunner
from ops import logs
from ops.limits import allow_connections
from ops.metrics import place_of, registry_of, serve
from ops.metrics.feed import FeedCollector
from ops.options import CITY, HOME, CityOption, HomeOption, MetricsOption, open_home
from ops.parts import until_told
from ops.traces import settings_of, tracing


def adapter_run(
    feed: Annotated[str, typer.Argument(help="The feed's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
    metrics: MetricsOption = "",
) -> None:
    """Run one feed's adapter until it is told to end, then settle what is under way."""
    logs.configure("info")
    allow_connections()
    folder, described = open_home(home, city)
    # Also what the bus's side and libraries tell is of this feed.
    structlog.contextvars.bind_contextvars(feed=feed)

    async def run() -> None:
        config, where = described.feed(feed), place_of(described, metrics)
        part = f"adapter-{feed}"
        async with (
            tracing(settings_of(described, os.environ), part) as traces,
            FeedRunner(config, folder, described.plan, traces=traces) as runner,
        ):
            assert runner.ledger is not None, "a feed that runs has books"
            told = registry_of(FeedCollector(config, runner.ledger))
            async with serve(part, told, folder, where):
                spare_what_stays()
                await until_told(feed, runner.address)

    uvloop.run(run())
