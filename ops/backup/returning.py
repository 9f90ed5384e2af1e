"""Putting streams of an archive back into a city that runs: nothing lost, nothing twice.

A stream is joined on a server apart with what came after the archive, while its own takes
nothing: senders are answered from spools, or wait. Then it is put in the other's place, checked
by digest, and opened; the city's stream goes on behind what it has.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from broker.api import call
from broker.appending import Appending
from broker.connection import Bus, BusSettings
from broker.definitions import StreamPlan, definitions
from broker.errors import BrokerError, StreamUnavailable
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.server import EmbeddedServer
from broker.snapshots import CHUNK, restore, snapshot
from broker.streams import reconcile
from broker.users import CITY, HUB, SYSTEM_READER, admin
from ops.backup.archive import Archive
from ops.backup.choosing import choose, exists, label, refuse_what_is_used
from ops.backup.joining import (
    OtherNumbers,
    digest,
    held_of,
    numbered,
    numbered_in_city,
    renumbered,
)
from ops.backup.manifest import StreamFacts
from ops.backup.restoring import free_port
from ops.backup.settling import settled
from ops.backup.sourcing import Sourcing, resumed_sources
from ops.city import City
from ops.failure import Failure


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


class StreamLost(Failure):
    """A stream was taken away and could not be put back."""

    def __init__(self, stream: str, made: Path, why: str) -> None:
        super().__init__(
            f"stream {stream} was taken away and could not be put back ({why}): run the same "
            f"command again, with --merge. What was to be put back is kept in {made}"
        )


async def return_streams(
    archive: Archive, home: Home, city: City, chosen: Collection[str], *, merge: bool
) -> list[Returned]:
    """Put streams of an archive back into a city whose servers run.

    Args:
        archive: The archive, verified.
        home: The home with the keys of the city that runs.
        city: That city.
        chosen: The streams, as NAME or ACCOUNT/NAME; none: all of the archive.
        merge: Whether a stream may hold messages already: they stay, and what is missing
            comes before them.

    Returns:
        The streams that were put back, in their order; those that lack nothing are left out.

    Raises:
        Failure: If a stream is not in the archive, is none of the city's, or holds messages that
            may not be joined with the archive's; it says which, and nothing was touched.
        StreamLost: If a stream was taken away and could not be put back.
        BrokerError: If a stream cannot be read.
    """
    plan = city.plan
    defined = {(one.account, str(one.config.name)): one for one in definitions(plan)}
    wanted = choose(archive, chosen)
    if strange := [label(one) for one in wanted if (one.account, one.name) not in defined]:
        raise Failure(f"{city.path} has no stream {', '.join(strange)}: nothing was touched")
    refuse_what_is_used(await _used(home, plan, wanted), plan, merge=merge)
    made = Path(tempfile.mkdtemp(prefix=".returning.", dir=home.path.absolute().parent))
    apart, plan_apart = Home(made), _plan_apart(plan)
    returned = []
    try:
        async with EmbeddedServer(apart, plan_apart):
            for facts in wanted:
                await _close_if_there(home, plan, facts)
            refuse_what_is_used(await _used(home, plan, wanted), plan, merge=merge)
            # The city's before those that it is made of: else it would take them once more.
            for facts in sorted(wanted, key=lambda one: one.account != HUB):
                stream = _Stream(archive, facts, defined[facts.account, facts.name], plan)
                user = admin(facts.account)
                async with (
                    Bus(BusSettings.of(apart, plan_apart, user)) as beside,
                    Bus(BusSettings.of(home, plan, user)) as there,
                    Bus(BusSettings.of(home, plan, admin(HUB))) as hub,
                    Bus(BusSettings.of(home, plan, SYSTEM_READER)) as system,
                ):
                    if done := await stream.put_back(beside, there, hub, system, made):
                        returned.append(done)
    except StreamLost:
        # What was joined is the last whole copy.
        with contextlib.suppress(BrokerError):
            await reconcile(home, plan)
        raise
    except BaseException:
        shutil.rmtree(made)
        await reconcile(home, plan)
        raise
    shutil.rmtree(made)
    # What was closed is opened.
    await reconcile(home, plan)
    return returned


class _Stream:
    """One stream that is put back.

    Args:
        archive: The archive.
        facts: What it says of the stream.
        plan: How the stream is defined.
        city: The bus of the city that runs.
    """

    def __init__(
        self, archive: Archive, facts: StreamFacts, plan: StreamPlan, city: BusPlan
    ) -> None:
        self._archive, self._facts, self._plan, self._city = archive, facts, plan, city
        self._name, self._last = facts.name, int(facts.state["last_seq"])
        own = (one for one in city.agencies if stream_name(one) == facts.account == facts.name)
        self._agency = next(own, "")

    async def put_back(
        self, apart: Bus, there: Bus, hub: Bus, system: Bus, made: Path
    ) -> Returned | None:
        """Put it back; None: it lacks nothing.

        Args:
            apart: The account's administrator at the server apart.
            there: The same at the city's servers.
            hub: The hub's administrator there.
            system: The system account's reader there.
            made: A folder for what is joined.
        """
        is_there = await exists(there, self._name)
        if is_there and not self._facts.state["messages"]:
            return None
        config = _config_apart(self._facts.config)
        facts = {"config": config, "state": self._facts.state}
        await restore(apart, self._name, facts, self._archive.pieces(self._facts.file))
        state = await _state(there, self._name) if is_there else {}
        sourcing = None
        if self._agency and await exists(hub, CITY):
            sourcing = Sourcing(hub, self._city, self._agency)
        filler = config["subjects"][0].replace(">", "filler")
        appending = Appending(apart, self._name, self._last, filler)
        upto = await sourcing.caught_up(await _last_of(there, self._name, state)) if sourcing else 0
        if not await self._join(apart, there, sourcing, state, appending):
            await self._open(there)
            return None
        await appending.close(max(upto, state.get("last_seq", 0)))
        if sourcing:
            await sourcing.stop()
        sha256 = await self._replace(apart, there, system, made, is_there=is_there)
        if sourcing:
            await sourcing.go_on(upto)
        await self._open(there)
        archived = int(self._facts.state["messages"])
        return Returned(self._facts.account, self._name, archived, appending.count, sha256)

    async def _open(self, there: Bus) -> None:
        """Have the stream take again what is sent to it."""
        if (config := self._plan.config.as_dict()).get("subjects"):
            await call(there, self._name, f"STREAM.UPDATE.{self._name}", config)

    async def _join(
        self,
        apart: Bus,
        there: Bus,
        sourcing: Sourcing | None,
        state: Mapping[str, Any],
        appending: Appending,
    ) -> bool:
        """Append what came after the archive; tell whether anything of the archive is missing."""
        sources = []
        if state:
            try:
                held = await held_of(apart, there, self._name, self._last)
                if held == self._facts.state["messages"]:
                    return False
                self._refuse_the_healed(state)
                sources.append(numbered(there, self._name, self._last))
            except OtherNumbers as error:
                if self._agency:
                    raise Failure(
                        f"stream {self._name} was made anew and counts from its start again "
                        f"({error}): it cannot be joined with the archive's; nothing was touched"
                    ) from error
                sources.append(renumbered(there, apart, self._name, self._last))
        if sourcing:
            sources.append(numbered_in_city(sourcing.hub, self._agency, self._last))
        await appending.append(*sources)
        return True

    def _refuse_the_healed(self, state: Mapping[str, Any]) -> None:
        """Refuse a quarantine that was never lost.

        Raises:
            Failure: If what it lacks was taken out of it.
        """
        if not self._agency and state["last_seq"] >= self._last:
            raise Failure(
                f"stream {self._name} is the archive's, and what it lacks was taken out of it "
                "since: nothing was touched; to have that again, delete the stream first"
            )

    async def _replace(
        self, apart: Bus, there: Bus, system: Bus, made: Path, *, is_there: bool
    ) -> str:
        """Put what was joined in the stream's place, closed as yet; return its digest.

        Raises:
            StreamLost: If it cannot be put there.
        """
        file = made / f"{self._facts.account}.{self._name}.snapshot"
        with file.open("wb") as writing:
            state = (await snapshot(apart, self._name, writing.write))["state"]
        config = self._plan.config.as_dict()
        if config.get("subjects"):
            config["subjects"] = [_closed(self._name)]
        if self._name == CITY:
            config["sources"] = await resumed_sources(apart, self._city)
        wanted = await digest(apart, self._name, state["last_seq"])
        try:
            if is_there:
                await call(there, self._name, f"STREAM.DELETE.{self._name}")
            with file.open("rb") as reading:
                pieces = iter(lambda: reading.read(CHUNK), b"")
                await restore(there, self._name, {"config": config, "state": state}, pieces)
            if config["num_replicas"] != 1:
                await settled(there, system, self._facts.account, self._name)
            if (found := await digest(there, self._name, state["last_seq"])) != wanted:
                raise StreamUnavailable(self._name, f"its digest is {found}, expected {wanted}")
        except (BrokerError, asyncio.CancelledError) as error:
            raise StreamLost(self._name, made, str(error) or "it was interrupted") from error
        return found


async def _used(home: Home, plan: BusPlan, wanted: Sequence[StreamFacts]) -> list[StreamFacts]:
    """Return the streams that hold messages in the city that runs."""
    found = []
    for one in wanted:
        async with Bus(BusSettings.of(home, plan, admin(one.account))) as there:
            if await exists(there, one.name) and (await _state(there, one.name))["messages"]:
                found.append(one)
    return found


async def _close_if_there(home: Home, plan: BusPlan, facts: StreamFacts) -> None:
    """Have a stream take nothing more; what comes finds nobody, and waits where it is."""
    name = facts.name
    async with Bus(BusSettings.of(home, plan, admin(facts.account))) as there:
        if await exists(there, name):
            config = (await call(there, name, f"STREAM.INFO.{name}"))["config"]
            if config.get("subjects"):
                closed = config | {"subjects": [_closed(name)]}
                await call(there, name, f"STREAM.UPDATE.{name}", closed)


async def _state(there: Bus, stream: str) -> Mapping[str, Any]:
    """Return the state of a stream of the city that runs."""
    state: Mapping[str, Any] = (await call(there, stream, f"STREAM.INFO.{stream}"))["state"]
    return state


async def _last_of(there: Bus, stream: str, state: Mapping[str, Any]) -> int:
    """Return the number of the last message that a stream holds; 0: it holds none."""
    if not state.get("messages"):
        return 0
    found = await call(there, stream, f"STREAM.MSG.GET.{stream}", {"last_by_subj": ">"})
    return int(found["message"]["seq"])


def _closed(stream: str) -> str:
    """Return a subject on which nobody publishes."""
    return f"closed.{stream}.>"


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


def _config_apart(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a stream is made on the server apart: it takes only what it is given."""
    return {
        "name": config["name"],
        "subjects": config.get("subjects") or [_closed(config["name"])],
        "retention": "limits",
        "storage": "file",
        "discard": "old",
        "num_replicas": 1,
        "allow_direct": True,
        # The least that there may be: ids were compared when they were new.
        "duplicate_window": 100_000_000,
    }
