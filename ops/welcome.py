"""What `liandong up` tells once everything runs: what runs where, and what to try."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from broker.home import OPS, Home
from gateway.agreement import ANY, ASK
from gateway.agreements_file import read_agreements
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
        signer = Signer(home)
        console.print("\nthe console, once within ten minutes:")
        for agency, sees in visitors(city):
            address = login_address(city, signer, agency)
            console.print(Text.assemble(f"{sees}\n", (address, "cyan")), soft_wrap=True)
        console.print(
            "its certificate is signed by tls/ca.pem of the home folder; "
            "`liandong console token --as AGENCY` lets others in"
        )
    console.print("Ctrl-C here stops all of it.\n")


def visitors(city: City) -> list[tuple[str, str]]:
    """Return who is let into the console at first, and what each will find there.

    The operators run the bus and see of records what agreements open to them, often little;
    so the department to which most others open theirs is let in beside them.
    """
    let_in = [(OPS, "the operators: feeds, streams, quarantines, accesses")]
    widest = widest_view(city)
    if widest is not None:
        title = next(one.title for one in city.agencies if one.name == widest)
        let_in.insert(0, (widest, f"{title or widest}: the one map, of all that is opened to it"))
    return let_in


def widest_view(city: City) -> str | None:
    """Return the department to which most others open their records; None: to none."""
    if city.agreements is None:
        return None
    agencies = [one.name for one in city.agencies]
    opened: dict[str, set[str]] = {name: set() for name in agencies}
    for terms in read_agreements(city.agreements, agencies):
        one = terms.agreement
        if one.consumer in opened and not all(kind.startswith(ASK) for kind in one.kinds):
            opened[one.consumer] |= set(agencies) if one.provider == ANY else {one.provider}
    widest = max(agencies, key=lambda name: len(opened[name]))
    return widest if opened[widest] else None


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
