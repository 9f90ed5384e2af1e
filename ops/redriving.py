"""The command that tries the quarantine again: quarantine redrive."""

import asyncio
from datetime import tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from google.protobuf.json_format import MessageToDict

from adapters.sdk.choice import Choice
from adapters.sdk.clusters import Cluster
from adapters.sdk.feed import FeedConfig
from adapters.sdk.outlook import Healing, Outlook
from adapters.sdk.redrive import Redrive
from broker.connection import Bus
from broker.home import OPS, Home
from broker.quarantine import feeds_held
from ops import evidence
from ops.bus import bus_of
from ops.city import City
from ops.failure import USAGE, Failure
from ops.options import CITY, HOME, CityOption, HomeOption, JsonOption, open_home
from ops.quarantine import (
    CauseOption,
    ClusterOption,
    FeedOption,
    OneAgencyOption,
    cluster_facts,
    owners,
)
from ops.record_lines import record_lines
from ops.screen import counted, plain, print_object

_REASONS_SHOWN = 5


def quarantine_redrive(
    agency: OneAgencyOption = "",
    feed: FeedOption = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    cause: CauseOption = "",
    cluster: ClusterOption = "",
    start: Annotated[int, typer.Option("--from", min=1, help="The number to begin with.")] = 1,
    upto: Annotated[int, typer.Option("--to", min=0, help="The last number; 0: to the end.")] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="How many of each feed; 0: all.")
    ] = 0,
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Do it; else say what would come of it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try what could not be translated again, in its order, with the city file as it is now."""
    folder, described = open_home(home, city)
    choice = Choice(
        cause=cause, cluster=cluster, start=start, upto=upto or None, limit=limit or None
    )
    if feed:
        owner = described.feed(feed).agency
        if agency not in {"", owner}:
            raise Failure(f"feed {feed} is of {owner}, not of {agency}", USAGE)
        agency = owner
    run = _Run(folder, described, choice, apply=apply, as_json=as_json)
    asyncio.run(run.over(agency, feed))


class _Run:
    """Tries the quarantines of feeds again, and tells of each what came of it."""

    def __init__(
        self, home: Home, city: City, choice: Choice, *, apply: bool, as_json: bool
    ) -> None:
        self._home, self._city, self._choice = home, city, choice
        self._apply, self._as_json = apply, as_json
        self._found: list[Outlook] = []

    async def over(self, agency: str, feed: str) -> None:
        """Try one feed's, one department's, or all.

        Raises:
            Failure: If there are entries of a feed that the city does not have, or no entries
                of the cluster that is named.
        """
        configured = {one.id for one in self._city.feeds}
        strange: list[str] = []
        for owner in owners(self._city, OPS, agency):
            async with bus_of(self._home, self._city, owner) as bus:
                held = [one for one in await feeds_held(bus, owner) if feed in {"", one}]
                strange += (one for one in held if one not in configured)
                for feed_id in filter(configured.__contains__, held):
                    await self._try(bus, self._city.feed(feed_id))
        if self._choice.cluster and not self._found and not strange:
            raise Failure(f"nothing is tried again: no quarantine has {self._choice}")
        if not self._as_json and not self._found:
            typer.echo("there is nothing to try again")
        elif not self._as_json and not self._apply and any(one.records for one in self._found):
            typer.echo("nothing was changed: the same command with --apply does it")
        if strange:
            raise Failure(
                f"{self._city.path} has no feed {', '.join(strange)}, whose entries stay: "
                "put it back, or discard them"
            )

    async def _try(self, bus: Bus, feed: FeedConfig) -> None:
        """Try a feed's quarantine again.

        Raises:
            Failure: If the feed has never told its counts.
        """
        redrive = Redrive(bus, feed, self._home)
        try:
            outlook = (
                await self._do(redrive, bus, feed)
                if self._apply
                else await redrive.try_out(self._choice)
            )
        except LookupError as error:
            raise Failure(str(error)) from error
        if not outlook.has_any:
            return
        self._found.append(outlook)
        if self._as_json:
            print_object(_facts(feed, outlook, applied=self._apply))
        else:
            _tell(feed.id, outlook, ZoneInfo(self._city.time_zone), applied=self._apply)

    async def _do(self, redrive: Redrive, bus: Bus, feed: FeedConfig) -> Outlook:
        """Try for good, on record; entries that are not there leave nothing to record."""
        action = await evidence.meant(bus, feed.agency, feed.id, self._choice)
        if not action.meant:
            return Outlook()
        recorded = evidence.Evidence(self._home, self._city)
        actor = evidence.commander()
        async with recorded.of(evidence.REDRIVE, actor, action) as came:
            outlook = await redrive.apply(self._choice, actor.name)
            came.removed, came.records = outlook.heals, outlook.records
        return outlook


def _facts(feed: FeedConfig, outlook: Outlook, *, applied: bool) -> dict[str, Any]:
    """Return what came of trying a feed's quarantine again, for programs."""
    return {
        "agency": feed.agency,
        "feed": feed.id,
        "applied": applied,
        "heals": outlook.heals,
        "records": outlook.records,
        "duplicates": outlook.duplicates,
        "stays": outlook.stays,
        "waiting": outlook.waiting,
        "clusters": [_healing_facts(healing) for healing in outlook.healings()],
    }


def _healing_facts(healing: Healing) -> dict[str, Any]:
    """Return what came of a cluster, for programs."""
    example = healing.example
    return {
        **cluster_facts(healing.cluster),
        "heals": healing.heals,
        "records": healing.records,
        "stays": [
            {"cause": one.cause, "reason": one.reason, "entries": one.count}
            for one in healing.stays.found()
        ],
        "example": MessageToDict(example, preserving_proto_field_name=True) if example else None,
    }


def _tell(feed: str, outlook: Outlook, zone: tzinfo, *, applied: bool) -> None:
    """Tell a person what came of trying a feed's quarantine again."""
    leave, stay = ("left", "stay") if applied else ("would leave", "would stay")
    known = f", {outlook.duplicates:,} of them stored already" if outlook.duplicates else ""
    typer.echo(
        f"{feed}: of {counted(outlook.heals + outlook.stays)}, {outlook.heals:,} {leave} "
        f"as {outlook.records:,} records{known}; {outlook.stays:,} {stay}"
    )
    for healing in outlook.healings():
        for line in _lines(healing, zone, leave, stay):
            typer.echo(plain(line))
    tell_waiting(outlook.waiting)


def _lines(healing: Healing, zone: tzinfo, leave: str, stay: str) -> list[str]:
    """Return for a person what came of a cluster."""
    cluster = healing.cluster
    lines = [f"  {cluster.id}  {counted(cluster.count)}, {cluster.cause}: {cluster.reason}"]
    if healing.heals:
        lines.append(f"    {healing.heals:,} {leave}")
    if healing.example is not None:
        first, *more = record_lines(healing.example, zone)
        lines += [f"      for example {first}", *(f"        {line}" for line in more)]
    stays = healing.stays.found()
    lines += [_staying(one, cluster, stay) for one in stays[:_REASONS_SHOWN]]
    if len(stays) > _REASONS_SHOWN:
        lines.append(f"    and {len(stays) - _REASONS_SHOWN:,} reasons more: --json has them all")
    return lines


def _staying(staying: Cluster, before: Cluster, stay: str) -> str:
    """Return for a person what stays of a cluster, and why now."""
    stays = f"    {staying.count:,} {stay}"
    if staying.id == before.id:
        return f"{stays}: as before"
    return f"{stays}, now for {staying.cause}: {staying.reason}"


def tell_waiting(waiting: int) -> None:
    """Tell a person of entries that are too new."""
    if waiting:
        typer.echo(
            f"  {counted(waiting)} left alone: so new that the feed has not told its count of "
            "them, which takes a second while it runs"
        )
