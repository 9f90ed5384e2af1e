"""The command that lets somebody into the console."""

import typer

from broker.home import OPS
from ops.console.signing import Signer
from ops.console.visitors import login_address
from ops.failure import Failure
from ops.options import (
    CITY,
    HOME,
    CityOption,
    HomeOption,
    JsonOption,
    OperatorOption,
    open_home,
    own_agencies,
)
from ops.screen import print_object


def console_token(
    agency: OperatorOption = OPS,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print an address that lets one visitor into the console, once, within ten minutes."""
    folder, described = open_home(home, city)
    own_agencies(described, agency)
    if described.console is None:
        raise Failure(f"{described.path} has no [console]: add one to have a console")
    address = login_address(described, Signer(folder), agency)
    if as_json:
        print_object({"agency": agency, "address": address})
    else:
        typer.echo(address)
