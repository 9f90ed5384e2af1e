"""Commands that run until they are stopped."""

import asyncio
import json
import os
import sys
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from adapters.runner import FeedRunner
from broker.connection import BusSettings
from broker.home import GATEWAY
from gateway import Gateway, GatewaySettings
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.supervisor import Supervisor


def up(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Play a rainy evening in Nanjing.")] = False,
) -> None:
    """Run the whole system on this machine."""
    folder, described = open_home(home, city)
    uvloop.run(Supervisor(described, folder, Console()).run(demo=demo))


def adapter_run(
    feed: Annotated[str, typer.Argument(help="The feed's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Run one feed's adapter until standard input closes."""
    folder, described = open_home(home, city)

    async def run() -> None:
        async with FeedRunner(described.feed(feed), folder, described.plan) as runner:
            await _until_input_ends(feed, runner.address)

    uvloop.run(run())


def gateway_run(home: HomeOption = HOME, city: CityOption = CITY) -> None:
    """Run the gateway until standard input closes."""
    folder, described = open_home(home, city)
    pem, key = folder.certificate(GATEWAY)
    settings = GatewaySettings(
        host=described.gateway.host,
        port=described.gateway.port,
        certificate=str(pem),
        key=str(key),
        ca=str(folder.ca),
        agreements=str(described.agreements) if described.agreements else None,
        bus=BusSettings.of(folder, described.plan, GATEWAY),
    )

    async def run() -> None:
        async with Gateway(settings) as running:
            await _until_input_ends("gateway", f"{settings.host}:{running.port}")

    uvloop.run(run())


async def _until_input_ends(name: str, address: str) -> None:
    """Say that this process is ready, and wait until its supervisor lets it go."""
    line: dict[str, Any] = {"ready": name, "address": address}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def look() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            ended.set()

    if sys.stdin.isatty():
        sys.stderr.write("Ctrl-D ends it.\n")
    loop.add_reader(sys.stdin.fileno(), look)
    await ended.wait()
    loop.remove_reader(sys.stdin.fileno())
