"""Putting streams of an archive back into a city that runs: nothing lost, nothing twice.

A stream is joined on a server apart with what came after the archive, while its own takes
nothing: senders are answered from spools, or wait. Then it is put in the other's place, checked
by digest, and opened. The city's stream would take all of a stream that was made anew once more;
so it is told behind which number to go on.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from nats.errors import Error as NatsError

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.errors import BrokerError, StreamUnavailable
from broker.home import Home
from broker.numbering import taken
from broker.plan import BusPlan, stream_name
from broker.server import EmbeddedServer
from broker.snapshots import CHUNK, restore, snapshot
from broker.streams import StreamPlan, definitions, reconcile
from broker.users import CITY, HUB, admin, quarantine_stream
from ops.backup.archive import Archive
from ops.backup.joining import (
    Appending,
    OtherNumbers,
    digest,
    held_of,
    numbered,
    numbered_in_city,
    renumbered,
)
from ops.backup.manifest import StreamFacts
from ops.backup.restoring import free_port
from ops.city import City
from ops.failure import USAGE, Failure

_PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.1
_ABSENT: Final = "stream not found"
_Info = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Returned:
    """A stream that was put back.

    Attributes:
        account: Its account.
        stream: Its name.
        archived: How many messages the archive had of it.
        later: How many were put behind them: what came after the archive.
        sha256: The digest of all of them, as the city's servers hold them.
    """

    account: str
    stream: str
    archived: int
    later: int
    sha256: str


async def return_streams(
    archive: Archive, home: Home, city: City, chosen: Collection[str], *, merge: bool
) -> list[Returned]:
    """Put streams of an archive back into a city whose servers run.

    Args:
        archive: The archive, verified.
        home: The home with the keys of the city that runs.
        city: That city.
        chosen: The streams, as NAME or ACCOUNT/NAME; none: all of the archive.
        merge: Whether a stream may hold messages already: they stay, before them comes what
            is missing.

    Returns:
        The streams that were put back, in their order; those that lack nothing are left out.

    Raises:
        Failure: If a stream is not in the archive, is none of the city's, or holds messages that
            may not be joined with the archive's; it says which, and that nothing was touched.
        BrokerError: If a stream cannot be read or restored.
    """
    defined = {(one.account, str(one.config.name)): one for one in definitions(city.plan)}
    wanted = _wanted(archive, chosen)
    if strange := [_label(one) for one in wanted if (one.account, one.name) not in defined]:
        raise Failure(f"{city.path} has no stream {', '.join(strange)}: nothing was touched")
    held = [(one, await _info(home, city.plan, one)) for one in wanted]
    _refuse_what_is_used(held, city.plan, merge=merge)
    lacking = [(one, info) for one, info in held if info is None or one.state["messages"]]
    made = Path(tempfile.mkdtemp(prefix=".returning.", dir=home.path.absolute().parent))
    apart = Home(made)
    returned = []
    try:
        async with EmbeddedServer(apart, plan := _plan_apart(city.plan)):
            for facts, info in lacking:
                way = _Return(archive, facts, defined[facts.account, facts.name], home, city.plan)
                async with Bus(BusSettings.of(apart, plan, admin(facts.account))) as bus:
                    if done := await way.go(bus, info, made):
                        returned.append(done)
    except StreamLost:
        # What was joined is the last whole copy.
        raise
    except BaseException:
        shutil.rmtree(made)
        raise
    finally:
        # Also what was closed is opened, however this ends.
        await reconcile(home, city.plan)
    shutil.rmtree(made)
    return returned


class StreamLost(Failure):
    """A stream was taken away and could not be put back."""

    def __init__(self, stream: str, made: Path, why: str) -> None:
        super().__init__(
            f"stream {stream} was taken away and could not be put back ({why}): run the same "
            f"command again with --merge. What was to be put back is kept in {made}"
        )


class _Return:
    """Puts one stream back."""

    def __init__(
        self, archive: Archive, facts: StreamFacts, plan: StreamPlan, home: Home, city: BusPlan
    ) -> None:
        self._archive, self._facts, self._plan = archive, facts, plan
        self._home, self._city = home, city
        self._name = facts.name
        self._agency = next(
            (one for one in city.agencies if stream_name(one) == facts.account == facts.name), ""
        )

    async def go(self, apart: Bus, info: _Info | None, made: Path) -> Returned | None:
        """Put it back; None: it lacks nothing."""
        name, archived = self._name, self._facts.state
        config = _config_apart(self._facts.config)
        facts = {"config": config, "state": archived}
        await restore(apart, name, facts, self._archive.pieces(self._facts.file))
        async with (
            Bus(BusSettings.of(self._home, self._city, admin(self._plan.account))) as there,
            Bus(BusSettings.of(self._home, self._city, admin(HUB))) as hub,
        ):
            if info is not None:
                await self._close(there, info)
                info = await call(there, name, f"STREAM.INFO.{name}")
            is_in_city = bool(self._agency) and await _exists(hub, CITY)
            position = await self._position(hub, there, info) if is_in_city else 0
            filler = config["subjects"][0].replace(">", "filler")
            appending = Appending(apart, name, archived["last_seq"], filler)
            if not await self._join(apart, there, hub if is_in_city else None, info, appending):
                await self._open(there)
                return None
            await appending.close(max(position, info["state"]["last_seq"] if info else 0))
            file = made / f"{self._facts.account}.{name}.snapshot"
            with file.open("wb") as writing:
                joined = await snapshot(apart, name, writing.write)
            if is_in_city:
                # It would take all from the start once more as soon as the stream is there.
                await self._change_sources(hub, None)
            try:
                sha256 = await self._replace(apart, there, joined["state"], file, info)
            except BrokerError as error:
                raise StreamLost(name, made, str(error)) from error
            if is_in_city:
                await self._change_sources(hub, position)
            await self._open(there)
        return Returned(self._facts.account, name, archived["messages"], appending.count, sha256)

    async def _close(self, there: Bus, info: _Info) -> None:
        """Have the stream take nothing more; what comes finds nobody."""
        closed = info["config"] | {"subjects": [f"closed.{self._name}.>"]}
        if info["config"].get("subjects"):
            await call(there, self._name, f"STREAM.UPDATE.{self._name}", closed)

    async def _open(self, there: Bus) -> None:
        """Have the stream take what is sent again."""
        if (config := self._plan.config.as_dict()).get("subjects"):
            await call(there, self._name, f"STREAM.UPDATE.{self._name}", config)

    async def _position(self, hub: Bus, there: Bus, info: _Info | None) -> int:
        """Return up to which number the city has the stream, once it has all that there is."""
        last = 0
        if info is not None and info["state"]["messages"]:
            async with contextlib.aclosing(numbered(there, self._name, 0)) as deliveries:
                async for number, _ in deliveries:
                    last = number
        if (position := await taken(hub, self._agency)) < last:
            # What lost its stream tries again after a pause that grows; named anew, at once.
            await self._change_sources(hub, None)
            await self._change_sources(hub, position)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while position < last:
                    await asyncio.sleep(_LOOK_S)
                    position = await taken(hub, self._agency)
        except TimeoutError as error:
            raise Failure(
                f"stream CITY has not taken what {self._name} holds: nothing was touched; "
                "`liandong doctor` says why"
            ) from error
        return position

    async def _join(
        self, apart: Bus, there: Bus, hub: Bus | None, info: _Info | None, appending: Appending
    ) -> bool:
        """Append what came after the archive; tell whether anything of the archive is missing."""
        last, has = self._facts.state["last_seq"], self._facts.state["messages"]
        sources = []
        if info is not None:
            try:
                if await held_of(apart, there, self._name, last) == has:
                    return False
                self._refuse_the_healed(info, last)
                sources.append(numbered(there, self._name, last))
            except OtherNumbers as error:
                if self._agency:
                    raise Failure(
                        f"stream {self._name} was made anew and counts from the start again "
                        f"({error}): it cannot be joined with the archive's; nothing was touched"
                    ) from error
                sources.append(renumbered(there, apart, self._name, last))
        if hub is not None:
            sources.append(numbered_in_city(hub, self._agency, last))
        await appending.append(*sources)
        return True

    def _refuse_the_healed(self, info: _Info, last: int) -> None:
        """Refuse a quarantine that was never lost.

        Raises:
            Failure: If what it lacks was taken out of it.
        """
        if not self._agency and info["state"]["last_seq"] >= last > 0:
            raise Failure(
                f"stream {self._name} is the archive's, and what it lacks was healed or discarded "
                "since: nothing was touched; to have that again, delete the stream first"
            )

    async def _replace(
        self,
        apart: Bus,
        there: Bus,
        state: Mapping[str, Any],
        file: Path,
        info: _Info | None,
    ) -> str:
        """Put what was joined in the stream's place, closed as yet; return its digest."""
        name = self._name
        if info is not None:
            await call(there, name, f"STREAM.DELETE.{name}")
        config: _Info = self._plan.config.as_dict()
        if config.get("subjects"):
            config["subjects"] = [f"closed.{name}.>"]
        if name == CITY:
            config["sources"] = await self._sources_of_city(apart, config["sources"])
        with file.open("rb") as reading:
            pieces = iter(lambda: reading.read(CHUNK), b"")
            await restore(there, name, {"config": config, "state": state}, pieces)
        await _settled(there, name)
        wanted = await digest(apart, name, state["last_seq"])
        if (found := await digest(there, name, state["last_seq"])) != wanted:
            raise StreamUnavailable(name, f"its digest is {found}, expected {wanted}")
        return found

    async def _sources_of_city(self, apart: Bus, sources: list[_Info]) -> list[_Info]:
        """Return the sources of the city's stream, each to go on where the archive's stood."""
        found = []
        for agency, source in zip(self._city.agencies, sources, strict=True):
            found.append(source | _behind(await taken(apart, agency)))
        return found

    async def _change_sources(self, hub: Bus, position: int | None) -> None:
        """Take this stream out of the city's sources, or in again behind what the city has."""
        config = (await call(hub, CITY, f"STREAM.INFO.{CITY}"))["config"]
        sources = [one for one in config["sources"] if one["name"] != self._name]
        if position is not None:
            (city,) = (one for one in definitions(self._city) if one.config.name == CITY)
            defined: _Info = city.config.as_dict()
            (source,) = (one for one in defined["sources"] if one["name"] == self._name)
            sources.append(source | _behind(position))
            # In the order of the definition.
            order = [stream_name(agency) for agency in self._city.agencies]
            sources.sort(key=lambda one: order.index(one["name"]))
        await call(hub, CITY, f"STREAM.UPDATE.{CITY}", config | {"sources": sources})


def _behind(position: int) -> dict[str, int]:
    """Return what has a source go on behind a number; 0: it begins at its start."""
    return {"opt_start_seq": position + 1} if position else {}


def _wanted(archive: Archive, chosen: Collection[str]) -> list[StreamFacts]:
    """Return the streams that are meant.

    Raises:
        Failure: If one is not in the archive, or several have its name.
    """
    streams = archive.manifest.streams
    if not chosen:
        return list(streams)
    found = []
    for name in chosen:
        named = [one for one in streams if name in {one.name, _label(one)}]
        if len(named) != 1:
            known = ", ".join(sorted(map(_label, named or streams)))
            raise Failure(f"which stream is {name}? The archive has {known}", USAGE)
        found += named
    return [one for one in streams if one in found]


def _refuse_what_is_used(
    held: Sequence[tuple[StreamFacts, _Info | None]], plan: BusPlan, *, merge: bool
) -> None:
    """Refuse streams that hold messages, unless they may be joined.

    Raises:
        Failure: If there are such; it names all.
    """
    joinable = {stream_name(one) for one in plan.agencies}
    joinable |= {quarantine_stream(one) for one in plan.agencies}
    used = [one for one, info in held if info and info["state"]["messages"]]
    refused = [one for one in used if not (merge and one.name in joinable)]
    if not refused:
        return
    names = ", ".join(map(_label, refused))
    ways = [_label(one) for one in used if one.name in joinable]
    way = (
        f"`--stream {ways[0]} --merge` joins it with the archive's"
        if ways
        else "only departments' records and quarantines can be joined with the archive's; "
        "name others with --stream"
    )
    raise Failure(f"these hold messages: {names}; nothing was touched. {way}")


def _label(facts: StreamFacts) -> str:
    """Return a stream's name with its account."""
    return f"{facts.account}/{facts.name}"


async def _info(home: Home, plan: BusPlan, facts: StreamFacts) -> _Info | None:
    """Return what the city's servers tell of a stream; None: it is not there."""
    async with Bus(BusSettings.of(home, plan, admin(facts.account))) as bus:
        try:
            return await call(bus, facts.name, f"STREAM.INFO.{facts.name}")
        except StreamUnavailable as error:
            if error.problem != _ABSENT:
                raise
            return None


async def _exists(bus: Bus, stream: str) -> bool:
    """Tell whether a stream is there."""
    try:
        await call(bus, stream, f"STREAM.INFO.{stream}")
    except StreamUnavailable as error:
        if error.problem != _ABSENT:
            raise
        return False
    return True


async def _settled(there: Bus, stream: str) -> None:
    """Wait until a restored stream is led, and all its copies are whole.

    Then another server leads it: who restored it does not know its messages' ids, and would
    store a message that is sent again.

    Raises:
        StreamUnavailable: If that does not come about.
    """
    first = await _led(there, stream, not_by="")
    if first:
        await call(there, stream, f"STREAM.LEADER.STEPDOWN.{stream}")
        await _led(there, stream, not_by=first)


async def _led(there: Bus, stream: str, not_by: str) -> str:
    """Return who leads a stream, once its copies are whole; empty: there is one copy."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                with contextlib.suppress(NatsError, StreamUnavailable):
                    info = await call(there, stream, f"STREAM.INFO.{stream}")
                    if info["config"]["num_replicas"] == 1:
                        return ""
                    cluster = info["cluster"]
                    leader = str(cluster.get("leader", ""))
                    others = cluster.get("replicas") or ()
                    is_whole = len(others) + 1 == info["config"]["num_replicas"]
                    is_whole = is_whole and all(one["current"] for one in others)
                    if leader not in {"", not_by} and is_whole:
                        return leader
                await asyncio.sleep(_LOOK_S)
    raise StreamUnavailable(stream, "its copies did not get whole")


def _plan_apart(plan: BusPlan) -> BusPlan:
    """Return the bus of the server apart, which has room for what is joined."""
    return msgspec.structs.replace(
        plan,
        host="127.0.0.1",
        port=free_port(),
        monitor_port=0,
        servers=(),
        leaves={},
        mirror=(),
        replicas=1,
        agency_bytes=2 * plan.agency_bytes,
        quarantine_bytes=2 * plan.quarantine_bytes,
    )


def _config_apart(config: Mapping[str, Any]) -> _Info:
    """Return how a stream is made on the server apart: it takes only what it is given."""
    return {
        "name": config["name"],
        "subjects": config.get("subjects") or [f"closed.{config['name']}.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": 1,
        "allow_direct": True,
        # The least that there may be: ids were compared long ago.
        "duplicate_window": 100_000_000,
    }
