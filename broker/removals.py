"""The account of what left a feed's quarantine: how much, which entries next, who and why.

It is one key of its agency's bucket of checkpoints, and is written before entries are
deleted, together with their numbers: whoever finds it knows what is to be deleted, also
when whoever wrote it has died. It is written only over the account that was read, so of
two who would take entries out at the same time one is refused.
"""

import contextlib
import uuid
from collections.abc import AsyncGenerator
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import msgspec

from broker.connection import Bus
from broker.errors import PublishRefused, QuarantineTaken
from broker.outgoing import Outgoing, header_lines
from broker.publisher import Publisher
from broker.subjects import removals_subject
from broker.subscriber import scan
from broker.users import CHECKPOINTS

_BUDGET_S = 10.0
_WRONG_LAST = 10071


class Discard(msgspec.Struct, frozen=True, kw_only=True):
    """That entries were discarded.

    Attributes:
        at: When, UTC.
        who: By whom.
        why: The reason that was given.
        what: Which were meant: numbers, or what they had in common.
        example: What was wrong with the first of them: its cause and reason.
        count: How many they were.
        first: The number of the first.
        last: The number of the last.
    """

    at: datetime
    who: str
    why: str
    what: str
    example: str = ""
    count: int = 0
    first: int = 0
    last: int = 0


class Removals(msgspec.Struct, frozen=True, kw_only=True):
    """What left a feed's quarantine.

    Attributes:
        since: When the feed's books began, of which these entries are, seconds since 1970 UTC.
        healed: How many entries became records.
        discarded: How many were discarded.
        hours: How many left, by the hour in which they came, counted since 1970 UTC.
        leaving: The numbers of those that are counted here already, and are being deleted.
        discards: The latest discards.
        discards_forgotten: Of how many older ones only the count is left.
        holder: Who takes entries out now; empty: nobody.
        held_until: When that claim ends, UTC.
    """

    since: int = 0
    healed: int = 0
    discarded: int = 0
    hours: dict[int, int] = {}
    leaving: tuple[int, ...] = ()
    discards: tuple[Discard, ...] = ()
    discards_forgotten: int = 0
    holder: str = ""
    held_until: datetime | None = None

    @property
    def total(self) -> int:
        """Return how many left."""
        return self.healed + self.discarded


async def read_removals(bus: Bus, feed: str) -> tuple[Removals, int]:
    """Return a feed's account and its revision; 0: there is none yet.

    Raises:
        StreamUnavailable: If the bucket cannot be read.
    """
    found, revision = Removals(), 0
    async for delivery in scan(bus, CHECKPOINTS, removals_subject(feed)):
        found = msgspec.json.decode(delivery.payload, type=Removals)
        revision = delivery.sequence
    return found, revision


async def all_removals(bus: Bus) -> AsyncGenerator[tuple[str, Removals], None]:
    """Read the account of each feed of an agency that has one.

    Raises:
        StreamUnavailable: If the bucket cannot be read.
    """
    async for delivery in scan(bus, CHECKPOINTS, removals_subject("*")):
        feed = unquote(delivery.subject.rpartition(".")[2])
        yield feed, msgspec.json.decode(delivery.payload, type=Removals)


class RemovalsAccount:
    """One feed's account, as whoever takes entries out reads and writes it.

    Use it as ``async with RemovalsAccount(bus, feed) as account``.

    Args:
        bus: The agency's connection.
        feed: The feed.

    Attributes:
        stands: The account as it stands.
    """

    def __init__(self, bus: Bus, feed: str) -> None:
        self.stands = Removals()
        self._bus = bus
        self._feed = feed
        self._revision = 0
        self._publisher = Publisher(bus, CHECKPOINTS, budget_s=_BUDGET_S)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._publisher)
            self.stands, self._revision = await read_removals(self._bus, self._feed)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def write(self, removals: Removals) -> None:
        """Put the account as it is from now on over the one that was read.

        Raises:
            QuarantineTaken: If somebody else has written meanwhile.
            PublishError: If the bus did not take it; what stood before stands.
        """
        payload = msgspec.json.encode(removals)
        expected = {"Nats-Expected-Last-Subject-Sequence": str(self._revision)}
        message = Outgoing(
            removals_subject(self._feed), payload, uuid.uuid4().hex, header_lines(expected)
        )
        try:
            stored = await self._publisher.publish(message)
        except PublishRefused as error:
            if error.err_code != _WRONG_LAST:
                raise
            other, revision = await read_removals(self._bus, self._feed)
            # An attempt of our own whose answer was lost is refused when it is made again.
            if other != removals:
                until = other.held_until.isoformat() if other.held_until else "at once"
                raise QuarantineTaken(self._feed, other.holder, until) from error
            self._revision = revision
        else:
            assert stored.sequence is not None, "its id is new"
            self._revision = stored.sequence
        self.stands = removals
