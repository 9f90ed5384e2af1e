"""The command that makes keys and certificates."""

from typing import Annotated, Final

import typer

from broker.home import OPS, Home
from broker.nodes import certificate_of
from broker.provision import SERVERS, departed, prepare, retire_key, rotate_key
from broker.server import reload
from broker.tls import Authority
from ops.failure import USAGE, Failure
from ops.options import (
    CITY,
    HOME,
    CityOption,
    HomeOption,
    JsonOption,
    open_home,
    require_department,
)
from ops.screen import print_object

_NONE: Final[list[str]] = []


def keys(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    revoke: Annotated[
        list[str], typer.Option("--revoke", help="Take a department's certificate back first.")
    ] = _NONE,
    *,
    rotate: Annotated[
        list[str], typer.Option("--rotate", help="Give a bus user another key.")
    ] = _NONE,
    retire: Annotated[
        list[str], typer.Option("--retire", help="Accept a bus user's former key no longer.")
    ] = _NONE,
    renew: Annotated[
        list[str], typer.Option("--renew", help="Give a server another certificate.")
    ] = _NONE,
    as_json: JsonOption = False,
) -> None:
    """Make the keys and certificates that are missing.

    With --revoke water the certificate of water is worth nothing from then on, also in
    calls that are open, and another is made, unless water has left the city file. With --rotate
    water the bus takes another key of water beside the one before, until --retire water. With
    --renew nats that server gets another certificate. A NATS server that runs on this home reads
    all of it at once.
    """
    folder, described = open_home(home, city)
    for name in revoke:
        if name != OPS and name not in departed(folder, described.plan):
            require_department(described, name)
    try:
        taken_back = [
            f"revoked certificate {Authority(folder).revoke_client(name)} of {name}"
            for name in revoke
        ]
        servers = {*SERVERS, *(server.name for server in described.grid.servers)}
        if unknown := set(renew) - servers:
            told = ", ".join(sorted(servers))
            raise Failure(f"there is no server {unknown.pop()!r}; there is: {told}", USAGE)
        turned = [
            *(rotate_key(folder, described.plan, name) for name in rotate),
            *(retire_key(folder, described.plan, name) for name in retire),
            *(line for name in renew for line in _forget(folder, name)),
        ]
        made = taken_back + turned + prepare(folder, described.plan, described.gateway.names)
        if turned and reload(folder):
            made.append("told the server that runs on this home to read its configuration again")
    except OSError as error:
        raise Failure(f"{folder.path} cannot be written: {error.strerror}") from error
    if as_json:
        for sentence in made:
            verb, _, what = sentence.partition(" ")
            print_object({verb: what})
        return
    for sentence in made or ["all keys and certificates are there"]:
        typer.echo(sentence)


def _forget(home: Home, server: str) -> list[str]:
    """Remove a server's certificates: that of the home, and that of a folder of its own."""
    authority = Authority(home)
    both = [server] if server in SERVERS else []
    if home.certificate(certificate_of(server))[0].exists():
        both.append(certificate_of(server))
    return [authority.forget(name) for name in both]
