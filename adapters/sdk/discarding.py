"""Giving entries of a quarantine up, with a reason that is kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.sdk.choice import Choice, chosen
from adapters.sdk.removal import Removal
from broker.connection import Bus
from broker.quarantine import QuarantineEntry
from broker.removals import Discard

_LOT: Final = 500


@dataclass(frozen=True, slots=True)
class Discarded:
    """What came of discarding.

    Attributes:
        count: How many entries were discarded.
        waiting: How many are so new that the feed has not told them in its counts.
    """

    count: int
    waiting: int


async def discard(
    bus: Bus, agency: str, feed: str, choice: Choice, *, who: str, why: str
) -> Discarded:
    """Delete entries of a feed for good, and keep who did it, when and why.

    Args:
        bus: An open connection of the agency itself.
        agency: The agency.
        feed: The feed's id.
        choice: Which entries.
        who: Who does it.
        why: The reason.

    Raises:
        LookupError: If the feed has never told its state.
        QuarantineTaken: If somebody else takes entries out.
        BrokerError: If the bus cannot be reached.
    """
    note = Discard(at=datetime.now(UTC), who=who, why=why, what=str(choice))
    count = waiting = 0
    async with Removal(bus, agency, feed, who) as removal:
        async for lot in _lots(bus, agency, feed, choice):
            told = [entry for entry in lot if (entry.sequence or 0) <= removal.upto]
            waiting += len(lot) - len(told)
            count += len(told)
            if told:
                await removal.discard(told, note)
    return Discarded(count, waiting)


async def _lots(
    bus: Bus, agency: str, feed: str, choice: Choice
) -> AsyncGenerator[list[QuarantineEntry], None]:
    """Read the entries that are meant, some at a time, without their bytes."""
    lot: list[QuarantineEntry] = []
    async with aclosing(chosen(bus, agency, feed, choice, headers_only=True)) as found:
        async for entry in found:
            lot.append(entry)
            if len(lot) == _LOT:
                yield lot
                lot = []
    if lot:
        yield lot
