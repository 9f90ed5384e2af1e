"""The command that makes keys and certificates."""

from typing import Annotated, Final

import typer

from broker.home import OPS
from broker.provision import prepare
from broker.tls import Authority
from ops.failure import Failure
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
    as_json: JsonOption = False,
) -> None:
    """Make the keys and certificates that are missing.

    With --revoke water the certificate of water is worth nothing from then on, also in
    calls that are open, and another is made.
    """
    folder, described = open_home(home, city)
    for name in revoke:
        if name != OPS:
            require_department(described, name)
    try:
        taken_back = [
            f"revoked certificate {Authority(folder).revoke_client(name)} of {name}"
            for name in revoke
        ]
        made = taken_back + prepare(folder, described.plan)
    except OSError as error:
        raise Failure(f"{folder.path} cannot be written: {error.strerror}") from error
    if as_json:
        for sentence in made:
            verb, _, what = sentence.partition(" ")
            print_object({verb: what})
        return
    for sentence in made or ["all keys and certificates are there"]:
        typer.echo(sentence)
