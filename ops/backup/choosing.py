"""Which streams of an archive are put back into a city that runs, and which must not be."""

from collections.abc import Collection, Sequence

from broker.api import call
from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.plan import BusPlan, stream_name
from broker.users import quarantine_stream
from ops.backup.archive import Archive
from ops.backup.manifest import StreamFacts
from ops.failure import USAGE, Failure

_ABSENT = "stream not found"


def label(facts: StreamFacts) -> str:
    """Return a stream's name with its account."""
    return f"{facts.account}/{facts.name}"


def choose(archive: Archive, chosen: Collection[str]) -> list[StreamFacts]:
    """Return the streams that are meant, in the archive's order.

    Args:
        archive: The archive.
        chosen: Their names, as NAME or ACCOUNT/NAME; none: all.

    Raises:
        Failure: If one is not in the archive, or several have its name.
    """
    streams = archive.manifest.streams
    if not chosen:
        return list(streams)
    found = []
    for name in chosen:
        named = [one for one in streams if name in {one.name, label(one)}]
        if len(named) != 1:
            known = ", ".join(sorted(map(label, named or streams)))
            raise Failure(f"which stream is {name}? The archive has {known}", USAGE)
        found += named
    return [one for one in streams if one in found]


def refuse_what_is_used(used: Sequence[StreamFacts], plan: BusPlan, *, merge: bool) -> None:
    """Refuse streams that hold messages, unless they may be joined.

    Args:
        used: The streams that are meant and hold messages.
        plan: The city's bus.
        merge: Whether departments' records and quarantines may be joined.

    Raises:
        Failure: If some may not be; it names all, and the way.
    """
    joinable = {stream_name(one) for one in plan.agencies}
    joinable |= {quarantine_stream(one) for one in plan.agencies}
    refused = [one for one in used if not (merge and one.name in joinable)]
    if not refused:
        return
    ways = [label(one) for one in refused if one.name in joinable]
    way = (
        f"`--stream {ways[0]} --merge` joins it with the archive's"
        if ways
        else "only departments' records and quarantines can be joined with the archive's; "
        "name others with --stream"
    )
    names = ", ".join(map(label, refused))
    raise Failure(f"these hold messages: {names}; nothing was touched. {way}")


async def exists(bus: Bus, stream: str) -> bool:
    """Tell whether a stream is there.

    Raises:
        StreamUnavailable: If that cannot be told.
    """
    try:
        await call(bus, stream, f"STREAM.INFO.{stream}")
    except StreamUnavailable as error:
        if error.problem != _ABSENT:
            raise
        return False
    return True
