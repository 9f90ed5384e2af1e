"""Commands that run until they are stopped."""

import asyncio
import json
import os
import signal
import stat
import sys
from typing import Annotated

import typer
import uvloop

from adapters.runner import FeedRunner
from broker.connection import BusSettings
from broker.home import GATEWAY
from gateway import Gateway, GatewaySettings
from ops import logs
from ops.options import CITY, HOME, CityOption, HomeOption, open_home
from ops.screen import console
from ops.supervisor import Supervisor


def up(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Play a rainy evening in Nanjing.")] = False,
) -> None:
    """Run the whole system on this machine."""
    logs.configure("warning")
    folder, described = open_home(home, city)
    uvloop.run(Supervisor(described, folder, console).run(demo=demo))


def adapter_run(
    feed: Annotated[str, typer.Argument(help="The feed's id in the city file.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
) -> None:
    """Run one feed's adapter until it is told to end, then settle what is under way."""
    logs.configure("info")
    folder, described = open_home(home, city)

    async def run() -> None:
        async with FeedRunner(described.feed(feed), folder, described.plan) as runner:
            await _until_told(feed, runner.address)

    uvloop.run(run())


def gateway_run(home: HomeOption = HOME, city: CityOption = CITY) -> None:
    """Run the gateway until it is told to end."""
    logs.configure("info")
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
            await _until_told("gateway", f"{settings.host}:{running.port}")

    uvloop.run(run())


async def _until_told(name: str, address: str) -> None:
    """Say that this process is ready, and wait until it is told to end.

    A supervisor tells it by closing its standard input, which also happens when the
    supervisor dies; a person or a service manager by a signal.
    """
    sys.stdout.write(json.dumps({"ready": name, "address": address}) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    handle = sys.stdin.fileno()

    def look() -> None:
        if not os.read(handle, 4096):
            told.set()

    watched = _has_someone_behind(handle)
    if watched:
        loop.add_reader(handle, look)
    await told.wait()
    if watched:
        loop.remove_reader(handle)


def _has_someone_behind(handle: int) -> bool:
    """Tell whether standard input can close some time: a pipe or socket, no file or device."""
    mode = os.fstat(handle).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
