"""The command that makes keys and certificates."""

import typer

from broker.provision import prepare
from ops.failure import Failure
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, open_home
from ops.screen import print_object


def keys(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make the keys and certificates that are missing."""
    folder, described = open_home(home, city)
    try:
        made = prepare(folder, described.plan)
    except OSError as error:
        raise Failure(f"{folder.path} cannot be written: {error.strerror}") from error
    if as_json:
        for sentence in made:
            print_object({"made": sentence.removeprefix("made ")})
        return
    for sentence in made or ["all keys and certificates are there"]:
        typer.echo(sentence)
