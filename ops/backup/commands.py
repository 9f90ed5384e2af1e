"""The commands that save a city and restore it."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from ops.backup.archive import Archive, ArchiveWrong
from ops.backup.manifest import Manifest
from ops.backup.restoring import restore_city
from ops.backup.returning import return_streams
from ops.backup.saving import save_city
from ops.backup.sealing import read_passphrase
from ops.failure import USAGE, Failure
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
    city: CityOption = CITY,
    passphrase_file: PassphraseOption = None,
    *,
    running: Annotated[
        bool, typer.Option("--running", help="Put streams back into the city that runs.")
    ] = False,
    stream: Annotated[
        list[str] | None,
        typer.Option("--stream", help="Only this one, as NAME or ACCOUNT/NAME; may be repeated."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Join streams that hold messages with the archive's.")
    ] = False,
) -> None:
    """Restore a city onto an empty home; with --running, put streams back into one that runs."""
    if not running and (stream or merge):
        raise Failure("--stream and --merge are of --running: say that too", USAGE)
    if running:
        _put_back(archive, home, city, stream or (), merge=merge)
        return
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


def _put_back(
    archive: Path, home: Path, city: Path, chosen: Collection[str], *, merge: bool
) -> None:
    """Put streams back into a city that runs, and tell of each what came of it."""
    folder, described = open_home(home, city)
    with Archive(archive) as opened:
        returned = asyncio.run(return_streams(opened, folder, described, chosen, merge=merge))
    for one in returned:
        typer.echo(
            f"{one.account}/{one.stream}: {one.archived:,} messages of the archive are back, and "
            f"{one.later:,} that came later behind them; sha256 {one.sha256}"
        )
    if not returned:
        typer.echo("nothing of the archive is missing; nothing was changed")


def _told(manifest: Manifest) -> str:
    """Return in words what an archive holds."""
    messages = sum(int(stream.state["messages"]) for stream in manifest.streams)
    return f"{manifest.city}, {len(manifest.streams)} streams with {messages:,} messages"
