"""The command that runs the whole system on one machine."""

from typing import Annotated

import typer
import uvloop

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
