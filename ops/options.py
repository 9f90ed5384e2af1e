"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from broker.home import OPS, Home
from broker.state_part import WHOLE, StatePart
from ops.city import DEFAULT, City, read_city
from ops.failure import USAGE, Failure

METRICS = "LIANDONG_METRICS"
HomeOption = Annotated[
    Path, typer.Option("--home", help="The home folder.", envvar="LIANDONG_HOME")
]
CityOption = Annotated[Path, typer.Option("--city", help="The city file.", envvar="LIANDONG_CITY")]
AgencyOption = Annotated[str, typer.Option("--as", help="The department as which to ask.")]
OperatorOption = Annotated[
    str, typer.Option("--as", help="The department as which to ask; ops: the operators.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
GatewayOption = Annotated[
    str, typer.Option("--gateway", help="host:port of the gateway; default: the city file's.")
]
MetricsOption = Annotated[
    str,
    typer.Option(
        "--metrics",
        help="host:port at which to serve metrics; default: any free port, found by "
        "`liandong metrics run` on the same home, when the city file has a port for metrics.",
        envvar=METRICS,
    ),
]
PartOption = Annotated[
    str,
    typer.Option(
        "--part",
        envvar="LIANDONG_PART",
        help="The [[gateway.part]] that it holds; default: the whole state.",
    ),
]
HOME = Path(".liandong")
CITY = DEFAULT


def open_home(home: Path, city: Path) -> tuple[Home, City]:
    """Return the home and the city that the options name."""
    return Home(home), read_city(city)


def own_agencies(city: City, agency: str) -> list[str]:
    """Return the agencies whose streams someone may read: operators all, others their own.

    Raises:
        Failure: If there is no such department.
    """
    names = [known.name for known in city.agencies]
    if agency == OPS:
        return names
    require_department(city, agency)
    return [agency]


def require_department(city: City, agency: str) -> None:
    """Check that the city has a department.

    Raises:
        Failure: If it has not.
    """
    names = [known.name for known in city.agencies]
    if agency not in names:
        raise Failure(
            f"{city.path} has no department {agency!r}; it has: {', '.join(names)}", USAGE
        )


def part_of(city: City, name: str) -> StatePart:
    """Return a part of the state; an empty name: the whole.

    Raises:
        Failure: If there is none of this name.
    """
    parts = {part.name: part for part in city.gateway.parts}
    if name and name not in parts:
        known = ", ".join(parts) or "none"
        raise Failure(f"{city.path} has no [[gateway.part]] {name!r}; it has: {known}", USAGE)
    return parts.get(name, WHOLE)
