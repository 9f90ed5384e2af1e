"""What `liandong up` tells once everything runs: what runs where, and what to try."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from broker.home import OPS, Home
from ops.city import City
from ops.console.signing import Signer
from ops.console.visitors import login_address
from ops.options import CITY, HOME
from ops.processes import Child
from ops.screen import table


def say_what_runs(
    console: Console, city: City, core: Iterable[Child], parts: Mapping[str, Child]
) -> None:
    """Show each part and where it is reached."""
    shown = table("runs", "at", title=city.title or city.name, title_justify="left")
    shown.add_row("nats-server", city.plan.url)
    for child in core:
        shown.add_row(child.name, child.address)
    for name, child in parts.items():
        shown.add_row(name, child.address)
    if city.metrics.port:
        shown.add_row("metrics", f"http://{city.metrics.host}:{city.metrics.port}/metrics")
    console.print(shown)


def say_what_to_try(console: Console, city: City, home: Home) -> None:
    """Show the next commands, so that copying them is enough."""
    console.print("\nin another terminal:")
    for line in commands(city, home):
        # A wrapped line could not be copied.
        console.print(Text(f"  {line}", style="cyan"), soft_wrap=True)
    if city.console is not None:
        console.print("\nthe console, for the operators, once within ten minutes:")
        address = login_address(city, Signer(home), OPS)
        console.print(Text(address, style="cyan"), soft_wrap=True)
        console.print(
            "its certificate is signed by tls/ca.pem of the home folder; "
            "`liandong console token --as AGENCY` lets others in"
        )
    console.print("Ctrl-C here stops all of it.\n")


def commands(city: City, home: Home) -> list[str]:
    """Return commands that show what runs, from any folder."""
    asking = city.agencies[0].name
    options = selected = ""
    lines = []
    if not city.gateway.workers:
        # A part answers for its own only.
        first = city.gateway.parts[0]
        selected = "".join(f" --kind '{kind}'" for kind in first.kinds)
        selected += "".join(f" --agency {agency}" for agency in first.agencies)
    if home.path == HOME.absolute():
        lines.append(f"cd {shlex.quote(str(Path.cwd()))}")
    else:
        options += f" --home {shlex.quote(str(home.path))}"
    if city.path != CITY.absolute():
        options += f" --city {shlex.quote(str(city.path))}"
    if sys.prefix != sys.base_prefix:
        lines.append(f"source {shlex.quote(str(Path(sys.prefix) / 'bin' / 'activate'))}")
    return [
        *lines,
        f"liandong list --as {asking}{selected}{options}",
        f"liandong watch --as {asking}{selected}{options}",
        f"liandong feeds --audit{options}",
        f"liandong quarantine list{options}",
    ]
