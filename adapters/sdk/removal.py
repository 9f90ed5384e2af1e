"""Taking entries out of a feed's quarantine, so that its books stay exact whenever it ends.

The feed's counts say how many entries there ever were: those that left must be found in
the account. They are counted there, and their numbers written beside the counts, before
they are deleted. Whoever dies between the two leaves numbers that are counted and still
held: the audit leaves those out, and the next to take entries out deletes them first.
"""

import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from adapters.sdk.hours import KEPT_HOURS, hour_at
from adapters.sdk.journal import last_state
from broker.connection import Bus
from broker.errors import BrokerError, QuarantineTaken
from broker.quarantine import QuarantineEntry, remove
from broker.removals import Discard, Removals, RemovalsAccount

_CLAIM: Final = timedelta(seconds=30)
_DISCARDS_KEPT: Final = 100
_EXAMPLE_SIGNS: Final = 160
_log = structlog.get_logger()


class Removal:
    """Takes entries out; nobody else does at the same time.

    Use it as ``async with Removal(bus, agency, feed, who) as removal``.

    Args:
        bus: An open connection of the agency itself.
        agency: The agency.
        feed: The feed's id.
        who: Who does it.

    Raises:
        LookupError: On entering, if the feed has never told its state.
        QuarantineTaken: On entering, if somebody else takes entries out.
        StreamUnavailable: On entering, if the bus cannot be asked.

    Attributes:
        upto: The number of the last entry that the feed's counts have in them. Later ones
            must stay until it has told: an adapter that starts counts what it finds.
    """

    def __init__(self, bus: Bus, agency: str, feed: str, who: str) -> None:
        self._bus = bus
        self._agency = agency
        self._feed = feed
        self._who = who
        self._account = RemovalsAccount(bus, feed)
        self._stack = contextlib.AsyncExitStack()
        self.upto = 0

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._account)
            state = await last_state(self._bus, self._agency, self._feed)
            if state is None:
                raise LookupError(
                    f"feed {self._feed} has never told its counts, of which its quarantine is a "
                    "part: let it run once"
                )
            self.upto = state.settled.quarantine_sequence
            await self._claim(state.counting_since.seconds)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            stands = self._account.stands
            if error is None:
                stands = msgspec.structs.replace(stands, leaving=())
            await self._write(stands, ends=True)
        except BrokerError as failure:
            if error is None:
                raise
            # The claim ends by itself, and what was to be deleted is written down.
            _log.warning("the quarantine's claim stands", feed=self._feed, error=str(failure))
        finally:
            await self._stack.aclose()

    async def heal(self, healed: Sequence[QuarantineEntry]) -> None:
        """Take out entries whose records are stored.

        Raises:
            QuarantineTaken: If somebody else has begun to.
            BrokerError: If the bus cannot be reached; what is not deleted will be.
        """
        stands = self._account.stands
        stands = msgspec.structs.replace(stands, healed=stands.healed + _counted(healed))
        await self._take_out(stands, healed)

    async def discard(self, discarded: Sequence[QuarantineEntry], note: Discard) -> None:
        """Take out entries for good, and keep who did it and why.

        Args:
            discarded: The entries.
            note: Who, when and why; entries that are discarded with an equal one are
                one discard.

        Raises:
            QuarantineTaken: If somebody else has begun to.
            BrokerError: If the bus cannot be reached; what is not deleted will be.
        """
        stands = self._account.stands
        notes = _noted(stands.discards, note, discarded)
        stands = msgspec.structs.replace(
            stands,
            discarded=stands.discarded + _counted(discarded),
            discards=notes[-_DISCARDS_KEPT:],
            discards_forgotten=stands.discards_forgotten + len(notes[:-_DISCARDS_KEPT]),
        )
        await self._take_out(stands, discarded)

    async def _take_out(self, stands: Removals, gone: Sequence[QuarantineEntry]) -> None:
        """Write down that entries leave, then delete them."""
        hours = Counter(stands.hours)
        hours.update(_hour(entry) for entry in gone if entry.counted)
        latest = sorted(hours)[-KEPT_HOURS:]
        leaving = tuple(entry.sequence or 0 for entry in gone)
        assert max(leaving, default=0) <= self.upto, "the feed's counts do not have them yet"
        await self._write(
            msgspec.structs.replace(
                stands, hours={hour: hours[hour] for hour in latest}, leaving=leaving
            )
        )
        await remove(self._bus, self._agency, leaving)

    async def _claim(self, since: int) -> None:
        """Keep others away, and finish what somebody before could not."""
        stands, now = self._account.stands, datetime.now(UTC)
        if stands.holder and stands.held_until is not None and stands.held_until > now:
            until = f"at {stands.held_until:%H:%M:%S} UTC"
            raise QuarantineTaken(self._feed, stands.holder, until)
        if stands.since != since:
            # The books began anew, with what was in the quarantine then.
            stands = msgspec.structs.replace(
                stands, since=since, healed=0, discarded=0, hours={}, leaving=()
            )
        await self._write(stands)
        if stands.leaving:
            _log.info("deleting what was to be", feed=self._feed, entries=len(stands.leaving))
            await remove(self._bus, self._agency, stands.leaving)

    async def _write(self, stands: Removals, *, ends: bool = False) -> None:
        """Write the account, with the claim as it is from now on."""
        until = None if ends else datetime.now(UTC) + _CLAIM
        holder = "" if ends else self._who
        await self._account.write(msgspec.structs.replace(stands, holder=holder, held_until=until))


def _counted(gone: Sequence[QuarantineEntry]) -> int:
    """Return how many of entries the feed's books have."""
    return sum(entry.counted for entry in gone)


def _hour(entry: QuarantineEntry) -> int:
    """Return the hour under which the books have an entry."""
    return hour_at(entry.received_at) if entry.hour is None else entry.hour


def _noted(
    discards: tuple[Discard, ...], note: Discard, gone: Sequence[QuarantineEntry]
) -> tuple[Discard, ...]:
    """Return the discards with these entries."""
    last = discards[-1] if discards else None
    is_same = last is not None and (last.at, last.who, last.what) == (note.at, note.who, note.what)
    begun = last if last is not None and is_same else note
    numbers = [entry.sequence or 0 for entry in gone]
    grown = msgspec.structs.replace(
        begun,
        example=begun.example or f"{gone[0].cause}: {gone[0].reason}"[:_EXAMPLE_SIGNS],
        count=begun.count + len(numbers),
        first=begun.first or numbers[0],
        last=numbers[-1],
    )
    return (*(discards[:-1] if is_same else discards), grown)
