"""Commands that write what a city's servers run from, and lay out their streams."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from broker.home import GATEWAY, Home
from broker.nodes import CONFIG, DATA, write_servers
from broker.parts import write_parts
from broker.provision import prepare
from broker.server import check_config
from broker.signing import make_signing_key
from broker.streams import reconcile
from broker.topology import Topology
from ops.city import read_city
from ops.failure import Failure
from ops.gateway_address import process_of
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, open_home
from ops.screen import print_object

PARTS = "parts"


def deploy_render(
    out: Annotated[Path, typer.Option("--out", help="Where the servers' folders go.")],
    topology: Annotated[
        Topology | None, typer.Option("--topology", help="Default: the city file's.")
    ] = None,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    data: Annotated[
        Path, typer.Option("--data", help="Where a server keeps its streams, on its machine.")
    ] = DATA,
    *,
    replicas: Annotated[
        int,
        typer.Option(
            "--gateways",
            min=0,
            max=1000,
            help="Also make keys for this many gateways that run as gateway-0, gateway-1, ..., "
            "and as many of each part.",
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a folder for each NATS server of the city: configuration, accounts, certificates.

    And in parts/ a home for each of the other parts, with the keys that it needs and no
    others. Keys and certificates that are missing in the home are made. Each configuration is
    checked by nats-server itself.
    """
    folder, described = Home(home), read_city(city, topology)
    try:
        prepare(folder, described.plan, described.gateway.names)
        servers = write_servers(folder, described.plan, described.grid, out, data)
        alone = (GATEWAY, *map(process_of, described.gateway.parts))
        gateways = (*alone, *(f"{name}-{number}" for name in alone for number in range(replicas)))
        for name in gateways:
            make_signing_key(*folder.signing_key(name))
        parts = write_parts(folder, described.plan, out / PARTS, gateways)
    except OSError as error:
        raise Failure(f"{error.filename} cannot be written: {error.strerror}") from error
    for server in servers:
        check_config(server / CONFIG)
    for kind, folders in (("server", servers), ("part", parts)):
        for made in folders:
            if as_json:
                print_object({kind: made.name, "folder": str(made)})
            else:
                typer.echo(f"wrote {made}")
    stated = read_city(city).grid.topology
    if not as_json and topology not in {None, stated}:
        typer.echo(
            f'{city} says topology = "{stated}": its parts look for these servers when [nats] '
            f'says topology = "{topology}"'
        )


def deploy_streams(
    home: HomeOption = HOME, city: CityOption = CITY, *, as_json: JsonOption = False
) -> None:
    """Make the running servers hold every stream as it is defined; say what was changed."""
    folder, described = open_home(home, city)
    changes = asyncio.run(reconcile(folder, described.plan))
    for change in changes:
        if as_json:
            print_object({"change": change})
        else:
            typer.echo(change)
    if not changes and not as_json:
        typer.echo("every stream is as defined")
