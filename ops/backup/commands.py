"""The commands that save a city and restore it."""

from pathlib import Path
from typing import Annotated

import typer

from ops.backup.archive import Archive, ArchiveWrong
from ops.backup.manifest import Manifest
from ops.backup.restoring import restore_city
from ops.backup.saving import save_city
from ops.backup.sealing import read_passphrase
from ops.options import CITY, HOME, CityOption, HomeOption, open_home

PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="The file with what seals keys and certificates."),
]


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file NAME.tar.")],
    home: HomeOption = HOME,
    city: CityOption = CITY,
    passphrase_file: PassphraseOption = None,
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check an archive that is there.")
    ] = False,
) -> None:
    """Save a running city: streams, spools, city file, agreements; sealed, its keys too."""
    if verify:
        with Archive(target) as archive:
            typer.echo(f"{target} is whole: {_told(archive.manifest)}")
        return
    folder, described = open_home(home, city)
    passphrase = read_passphrase(passphrase_file) if passphrase_file else None
    manifest = save_city(folder, described, target, passphrase)
    typer.echo(f"saved {_told(manifest)} to {target}")
    if passphrase is None:
        typer.echo("without keys and certificates: --passphrase-file FILE seals them in")


def restore(
    archive: Annotated[Path, typer.Argument(help="The folder or file that backup made.")],
    home: HomeOption = HOME,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Restore a city onto an empty home."""
    passphrase = read_passphrase(passphrase_file) if passphrase_file else None
    with Archive(archive) as opened:
        if opened.is_sealed and passphrase is None:
            raise ArchiveWrong(
                archive, "its keys are sealed: --passphrase-file names what opens them"
            )
        if passphrase is not None and not opened.is_sealed:
            raise ArchiveWrong(archive, "it holds no keys: leave --passphrase-file out")
        described = restore_city(opened, home, passphrase)
        typer.echo(f"restored {_told(opened.manifest)} to {home}")
    if passphrase is None:
        typer.echo("with new keys and certificates: departments need theirs anew, from tls/")
    if described.agreements is not None and not described.agreements.is_file():
        typer.echo(f"the city file names agreements at {described.agreements}: put them there")
    typer.echo(f"start it with: liandong up --home {home} --city {described.path}")


def _told(manifest: Manifest) -> str:
    """Return in words what an archive holds."""
    messages = sum(int(stream.state["messages"]) for stream in manifest.streams)
    return f"{manifest.city}, {len(manifest.streams)} streams with {messages:,} messages"
