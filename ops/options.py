"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from broker.home import Home
from ops.city import DEFAULT, City, read_city

HomeOption = Annotated[
    Path, typer.Option("--home", help="The home folder.", envvar="LIANDONG_HOME")
]
CityOption = Annotated[Path, typer.Option("--city", help="The city file.", envvar="LIANDONG_CITY")]
AgencyOption = Annotated[str, typer.Option("--as", help="The department as which to ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
GatewayOption = Annotated[
    str, typer.Option("--gateway", help="host:port of the gateway; default: the city file's.")
]
HOME = Path(".liandong")
CITY = DEFAULT


def target(city: City, gateway: str) -> str:
    """Return the gateway's address."""
    return gateway or f"localhost:{city.gateway.port}"


def open_home(home: Path, city: Path) -> tuple[Home, City]:
    """Return the home and the city that the options name."""
    return Home(home), read_city(city)
