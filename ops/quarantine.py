"""Commands that show what could not be translated: quarantine list and show."""

import asyncio
import base64
from collections import deque
from typing import Annotated, Any

import typer

from broker.home import OPS, Home
from broker.quarantine import QuarantineEntry, entries
from ops.bus import bus_of, reader_of
from ops.city import City
from ops.failure import USAGE, Failure
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
from ops.screen import cell, console, local, plain, print_object, table

_ROW_BYTES = 16
_VISIBLE = range(32, 127)
OneAgencyOption = Annotated[str, typer.Option("--agency", help="One department's; default: all.")]


def quarantine_list(
    asking: OperatorOption = OPS,
    agency: OneAgencyOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the latest.")] = 100,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what could not be translated, and why."""
    folder, described = open_home(home, city)
    found = asyncio.run(_latest(folder, described, asking, agency, limit))
    if as_json:
        for entry in found:
            print_object(_facts(entry))
        return
    if not found:
        console.print("the quarantine is empty")
        return
    shown = table("agency", "no.", "at", "feed", "cause", "reason")
    for entry in found:
        at = local(entry.received_at, described)
        number = f"{entry.sequence}"
        texts = map(cell, (entry.feed, entry.cause, entry.reason))
        shown.add_row(entry.agency, number, at, *texts)
    console.print(shown)
    console.print("`liandong quarantine show NO. --agency AGENCY` shows the raw bytes of one")


def quarantine_show(
    number: Annotated[int, typer.Argument(help="The entry's number.")],
    asking: OperatorOption = OPS,
    agency: OneAgencyOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show an entry's raw bytes, as hexadecimal and as text."""
    folder, described = open_home(home, city)
    entry = _only(asyncio.run(_numbered(folder, described, asking, agency, number)), number)
    if as_json:
        print_object(_facts(entry) | {"raw": base64.b64encode(entry.raw).decode()})
        return
    typer.echo(plain(f"{entry.cause}: {entry.reason}"))
    typer.echo(plain(f"feed {entry.feed} of {entry.agency}, {entry.received_at.isoformat()}"))
    typer.echo(plain(f"from {entry.source}, by {entry.adapter}") + "\n")
    for first in range(0, len(entry.raw), _ROW_BYTES):
        piece = entry.raw[first : first + _ROW_BYTES]
        text = "".join(chr(byte) if byte in _VISIBLE else "." for byte in piece)
        typer.echo(f"{first:06x}  {piece.hex(' '):<47}  {text}")


def _facts(entry: QuarantineEntry) -> dict[str, Any]:
    """Return an entry without its bytes, for programs."""
    return {
        "agency": entry.agency,
        "number": entry.sequence,
        "feed": entry.feed,
        "received_at": entry.received_at.isoformat(),
        "cause": entry.cause,
        "reason": entry.reason,
        "source": entry.source,
        "adapter": entry.adapter,
        "size": len(entry.raw),
    }


def _only(found: list[QuarantineEntry], number: int) -> QuarantineEntry:
    """Return the one entry of a number.

    Raises:
        Failure: If there is none, or several departments have one.
    """
    if not found:
        raise Failure(f"there is no entry {number} in the quarantine")
    if len(found) > 1:
        owners = ", ".join(entry.agency for entry in found)
        raise Failure(f"there is an entry {number} in each of {owners}: name one --agency", USAGE)
    return found[0]


async def _latest(
    home: Home, city: City, asking: str, agency: str, limit: int
) -> list[QuarantineEntry]:
    """Return the latest entries, in order of arrival."""
    found: list[QuarantineEntry] = []
    for owner in _owners(city, asking, agency):
        async with bus_of(home, city, reader_of(asking, owner)) as bus:
            latest: deque[QuarantineEntry] = deque(maxlen=limit)
            async for entry in entries(bus, owner):
                latest.append(entry)
            found += latest
    return sorted(found, key=lambda entry: entry.received_at)[-limit:]


async def _numbered(
    home: Home, city: City, asking: str, agency: str, number: int
) -> list[QuarantineEntry]:
    """Return each department's entry of a number."""
    found = []
    for owner in _owners(city, asking, agency):
        async with bus_of(home, city, reader_of(asking, owner)) as bus:
            found += [entry async for entry in entries(bus, owner) if entry.sequence == number]
    return found


def _owners(city: City, asking: str, agency: str) -> list[str]:
    """Return the departments whose quarantine is asked for.

    Raises:
        Failure: If there is no such department, or it may not be read as the one that asks.
    """
    readable = own_agencies(city, asking)
    if not agency:
        return readable
    own_agencies(city, agency)
    if agency not in readable:
        raise Failure(
            f"{asking} may read its own quarantine only: leave out --agency, or ask --as ops", USAGE
        )
    return [agency]
