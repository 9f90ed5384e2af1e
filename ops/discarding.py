"""Commands that give entries of the quarantine up, and show who did: discard, discarded."""

import asyncio
from typing import Annotated

import msgspec
import typer

from adapters.sdk.choice import Choice
from adapters.sdk.discarding import Discarded, discard
from broker.home import OPS, Home
from broker.quarantine import entries
from broker.removals import Removals, all_removals
from ops import evidence
from ops.bus import bus_of, reader_of
from ops.city import City
from ops.failure import USAGE, Failure
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, OperatorOption, open_home
from ops.quarantine import CauseOption, ClusterOption, FeedOption, OneAgencyOption, owners
from ops.redriving import tell_waiting
from ops.screen import cell, console, counted, local, print_object, table

_LONGEST_REASON = 500


def quarantine_discard(
    numbers: Annotated[list[int] | None, typer.Argument(help="The entries' numbers.")] = None,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    agency: Annotated[str, typer.Option("--agency", help="Whose quarantine.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    feed: FeedOption = "",
    cause: CauseOption = "",
    cluster: ClusterOption = "",
    as_json: JsonOption = False,
) -> None:
    """Delete entries for good; who did it, when and why is kept, and in the record of accesses."""
    folder, described = open_home(home, city)
    if not reason.strip():
        raise Failure("--reason is empty: say why these entries are given up", USAGE)
    if not (numbers or cause or cluster):
        raise Failure("name the entries by number, or by --cluster or --cause", USAGE)
    choice = Choice(cause=cause, cluster=cluster, numbers=frozenset(numbers or ()))
    (owner,) = owners(described, OPS, agency)
    why = reason.strip()[:_LONGEST_REASON]
    for feed_id, one in asyncio.run(_discard(folder, described, owner, feed, choice, why=why)):
        if as_json:
            print_object({"feed": feed_id, "discarded": one.count, "waiting": one.waiting})
        else:
            typer.echo(f"{feed_id}: {counted(one.count)} discarded")
            tell_waiting(one.waiting)
    if not as_json:
        typer.echo("`liandong quarantine discarded` shows who discarded what, and why")


def quarantine_discarded(
    asking: OperatorOption = OPS,
    agency: OneAgencyOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what was discarded, by whom, when and why."""
    folder, described = open_home(home, city)
    found = asyncio.run(_discards(folder, described, asking, agency))
    if as_json:
        for feed, left in found:
            for one in left.discards:
                print_object({"feed": feed, **msgspec.to_builtins(one)})
        return
    shown = table("at", "feed", "entries", "no.", "which", "by", "why", "what was wrong")
    for feed, left in found:
        for one in left.discards:
            numbers = f"{one.first}" if one.count == 1 else f"{one.first} to {one.last}"
            texts = map(cell, (one.what, one.who, one.why, one.example))
            shown.add_row(local(one.at, described), cell(feed), f"{one.count:,}", numbers, *texts)
    console.print(shown if shown.row_count else "nothing was discarded")
    if forgotten := sum(left.discards_forgotten for _, left in found):
        console.print(f"of {forgotten:,} earlier discards only the count is kept")


async def _discards(home: Home, city: City, asking: str, agency: str) -> list[tuple[str, Removals]]:
    """Return what left the quarantine of each feed."""
    found = []
    for owner in owners(city, asking, agency):
        async with bus_of(home, city, reader_of(asking, owner)) as bus:
            found += [(feed, left) async for feed, left in all_removals(bus)]
    return found


async def _discard(
    home: Home, city: City, agency: str, feed: str, choice: Choice, *, why: str
) -> list[tuple[str, Discarded]]:
    """Discard entries of a department, feed by feed.

    Raises:
        Failure: If there are no such entries, one of them is not there, or their feed has
            never told its counts.
    """
    recorded, actor = evidence.Evidence(home, city), evidence.commander()
    async with bus_of(home, city, agency) as bus:
        first = min(choice.numbers, default=1)
        found = entries(bus, agency, feed or None, start=first, headers_only=True)
        meant = {entry.sequence: entry.feed async for entry in found if choice.has(entry)}
        missing = choice.numbers.difference(meant)
        if missing or not meant:
            shown = f"no. {', '.join(map(str, sorted(missing)))}" if missing else str(choice)
            raise Failure(f"nothing is discarded: the quarantine of {agency} has no {shown}")
        done = []
        try:
            for one in sorted(set(meant.values())):
                action = await evidence.meant(bus, agency, one, choice, why)
                async with recorded.of(evidence.DISCARD, actor, action) as came:
                    gone = await discard(bus, agency, one, choice, who=actor.name, why=why)
                    came.removed = gone.count
                done.append((one, gone))
        except LookupError as error:
            raise Failure(str(error)) from error
        return done
