"""Commands that show what could not be translated: quarantine list and show."""

import asyncio
import base64
from collections import deque
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from adapters.sdk.choice import Choice
from adapters.sdk.clusters import Cluster, Clusters
from broker.errors import StreamUnavailable
from broker.home import OPS, Home
from broker.quarantine import Kept, QuarantineEntry, entries
from ops import evidence
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
from ops.raw_bytes import text_of, visible
from ops.screen import cell, console, is_wide, local, plain, print_object, table

_ROW_BYTES = 16
_VISIBLE = range(32, 127)
OneAgencyOption = Annotated[str, typer.Option("--agency", help="One department's; default: all.")]
FeedOption = Annotated[str, typer.Option("--feed", help="One feed's; default: all.")]
CauseOption = Annotated[str, typer.Option("--cause", help="Of one cause, for example crc.")]
ClusterOption = Annotated[str, typer.Option("--cluster", help="Of one cluster, as list names it.")]


def quarantine_list(
    asking: OperatorOption = OPS,
    agency: OneAgencyOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    feed: FeedOption = "",
    cause: CauseOption = "",
    cluster: ClusterOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, at most.")] = 100,
    each: Annotated[bool, typer.Option("--entries", help="Each entry, the latest.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what could not be translated, and why: together by cause, the most frequent first."""
    folder, described = open_home(home, city)
    look = _Look(Choice(cause=cause, cluster=cluster), feed, limit, each=each)
    asyncio.run(look.read(folder, described, asking, agency))
    if each:
        _show_entries(look, described, as_json=as_json)
    else:
        _show_clusters(look, described, as_json=as_json)
    if look.unread:
        raise Failure("; ".join(map(str, look.unread)))


def quarantine_show(
    number: Annotated[int, typer.Argument(help="The entry's number.")],
    asking: OperatorOption = OPS,
    agency: OneAgencyOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show an entry's raw bytes, as hexadecimal and as text; what operators look at is recorded."""
    folder, described = open_home(home, city)
    entry = asyncio.run(_shown(folder, described, asking, agency, number))
    if as_json:
        print_object(_facts(entry) | {"raw": base64.b64encode(entry.raw).decode()})
        return
    typer.echo(plain(f"{entry.cause}: {entry.reason}"))
    typer.echo(plain(f"feed {entry.feed} of {entry.agency}, {entry.received_at.isoformat()}"))
    typer.echo(plain(f"from {entry.source}, by {entry.adapter}"))
    if entry.kept is not Kept.WHOLE:
        typer.echo(f"these are not the message's own bytes: {entry.kept}")
    for name, raw in (("after", entry.opening), ("text", entry.raw)):
        text = text_of(raw)
        if raw and text is not None:
            typer.echo(f"{name}: {visible(text)}")
    typer.echo()
    for first in range(0, len(entry.raw), _ROW_BYTES):
        piece = entry.raw[first : first + _ROW_BYTES]
        text = "".join(chr(byte) if byte in _VISIBLE else "." for byte in piece)
        typer.echo(f"{first:06x}  {piece.hex(' '):<47}  {text}")


@dataclass(slots=True)
class _Look:
    """What is looked for in the quarantines, and what is found."""

    choice: Choice
    feed: str
    limit: int
    each: bool
    clusters: Clusters = field(default_factory=Clusters)
    latest: list[QuarantineEntry] = field(default_factory=list)
    unread: list[StreamUnavailable] = field(default_factory=list)

    @property
    def nothing(self) -> str:
        """Return what is said when nothing was found."""
        if self.unread:
            return "nothing could be listed"
        is_part = self.feed or self.choice != Choice()
        return "the quarantine has no such entry" if is_part else "the quarantine is empty"

    async def read(self, home: Home, city: City, asking: str, agency: str) -> None:
        """Read what is looked for, of those departments whose quarantine can be read."""
        for owner in owners(city, asking, agency):
            async with bus_of(home, city, reader_of(asking, owner)) as bus:
                latest: deque[QuarantineEntry] = deque(maxlen=self.limit)
                found = entries(bus, owner, self.feed or None, headers_only=not self.each)
                try:
                    async for entry in found:
                        if self.choice.has(entry):
                            self.clusters.add(entry)
                            latest.append(entry)
                except StreamUnavailable as error:
                    self.unread.append(error)
                self.latest += latest
        self.latest = sorted(self.latest, key=lambda entry: entry.received_at)[-self.limit :]


def _show_clusters(look: _Look, city: City, *, as_json: bool) -> None:
    """Show entries together by their cause."""
    found, total = look.clusters.found(), look.clusters.total
    if as_json:
        for cluster in found:
            print_object(cluster_facts(cluster) | {"share": round(cluster.count / total, 4)})
        return
    if not found:
        console.print(look.nothing)
        return
    more = ["share", "first", "last"] if is_wide() else []
    head = ("agency", "cluster", "entries", "senders", *more, "feed", "cause", "no.", "reason")
    shown = table(*head)
    for cluster in found[: look.limit]:
        wide = [
            f"{cluster.count / total:.0%}",
            local(cluster.first_at, city),
            local(cluster.last_at, city),
        ]
        shown.add_row(
            cluster.agency,
            cluster.id,
            f"{cluster.count:,}",
            f"{len(cluster.senders):,}{'+' if cluster.senders_more else ''}",
            *(wide if more else []),
            cell(cluster.feed),
            cell(cluster.cause),
            f"{cluster.sample}",
            cell(cluster.reason),
        )
    console.print(shown)
    if len(found) > look.limit:
        console.print(f"and {len(found) - look.limit:,} clusters more: raise --limit")
    console.print(
        "`liandong quarantine show NO. --agency AGENCY` shows the raw bytes of one; once the cause "
        "is mended, `liandong quarantine redrive` tries them again, dry at first"
    )


def _show_entries(look: _Look, city: City, *, as_json: bool) -> None:
    """Show each entry."""
    if as_json:
        for entry in look.latest:
            print_object(_facts(entry))
        return
    if not look.latest:
        console.print(look.nothing)
        return
    shown = table("agency", "no.", "at", "feed", "cause", "reason")
    for entry in look.latest:
        at = local(entry.received_at, city)
        texts = map(cell, (entry.feed, entry.cause, entry.reason))
        shown.add_row(entry.agency, f"{entry.sequence}", at, *texts)
    console.print(shown)
    if look.clusters.total > len(look.latest):
        console.print(f"the latest {len(look.latest):,} of {look.clusters.total:,}: raise --limit")


def cluster_facts(cluster: Cluster) -> dict[str, Any]:
    """Return a cluster for programs."""
    return {
        "agency": cluster.agency,
        "feed": cluster.feed,
        "cluster": cluster.id,
        "cause": cluster.cause,
        "reason": cluster.reason,
        "entries": cluster.count,
        "senders": len(cluster.senders),
        "first_at": cluster.first_at.isoformat(),
        "last_at": cluster.last_at.isoformat(),
        "sample": cluster.sample,
    }


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
        "kept": entry.kept.value or "whole",
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
        names = ", ".join(entry.agency for entry in found)
        raise Failure(f"there is an entry {number} in each of {names}: name one --agency", USAGE)
    return found[0]


async def _shown(home: Home, city: City, asking: str, agency: str, number: int) -> QuarantineEntry:
    """Return the one entry of a number, once it is on record that an operator looks at it.

    Raises:
        BrokerError: If it cannot be recorded: it is not shown.
        Failure: If there is none, or several departments have one.
    """
    entry = _only(await _numbered(home, city, asking, agency, number), number)
    if asking == OPS:
        await evidence.Evidence(home, city).record(
            evidence.SHOW, evidence.commander(), action=evidence.looked_at(entry)
        )
    return entry


async def _numbered(
    home: Home, city: City, asking: str, agency: str, number: int
) -> list[QuarantineEntry]:
    """Return each department's entry of a number."""
    found = []
    for owner in owners(city, asking, agency):
        async with bus_of(home, city, reader_of(asking, owner)) as bus:
            found += [entry async for entry in entries(bus, owner, start=number, upto=number)]
    return found


def owners(city: City, asking: str, agency: str) -> list[str]:
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
