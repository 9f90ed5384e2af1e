"""Trying a feed's quarantine again, after its mapping, its options or its adapter was mended.

Entries are tried in the order of their arrival. Records go to the agency's stream with the
ids that they would have had live, marked with the number of their entry; only when they are
stored does the entry leave the quarantine. The feed may run meanwhile: nothing is shared
with its process but the bus.

A message of which only a part is valid is treated as it is live: that part is stored, and
its entry stays.
"""

import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from adapters.sdk.choice import Choice, chosen
from adapters.sdk.clusters import sender_of
from adapters.sdk.feed import FeedConfig
from adapters.sdk.hours import hour_at
from adapters.sdk.journal import last_state
from adapters.sdk.known import Wanted
from adapters.sdk.message import Undecodable
from adapters.sdk.outlook import Outlook
from adapters.sdk.outward import Outward
from adapters.sdk.registry import adapter_of
from adapters.sdk.removal import Removal
from adapters.sdk.retrial import LOGIN, Attempt, Retrial
from adapters.sdk.stamp import REDRIVEN_HEADER, Stamp, new_trace_id
from broker.connection import Bus
from broker.errors import PublishDenied, PublishError, PublishRefused, RecordTooLarge
from broker.home import Home
from broker.outgoing import Outgoing, Stored, header_lines
from broker.plan import stream_name
from broker.publisher import Publisher

_LOT_ENTRIES: Final = 500
_LOT_BYTES: Final = 4 << 20
_NEVER: Final = (PublishDenied, PublishRefused, RecordTooLarge)


class Redrive:
    """Tries one feed's quarantine again.

    Args:
        bus: An open connection of the feed's agency.
        feed: The feed as it is configured now.
        home: What its adapter keeps beside the bus.
    """

    def __init__(self, bus: Bus, feed: FeedConfig, home: Home) -> None:
        self._bus = bus
        self._feed = feed
        self._home = home
        self._outward = Outward(feed.id)
        self._stamp = Stamp(feed.id)
        self._trace_id = new_trace_id()

    async def try_out(self, choice: Choice) -> Outlook:
        """Return what would come of it; nothing is changed.

        Raises:
            FeedMisconfigured: If the feed is not right as it is configured now.
            StreamUnavailable: If the bus cannot be read.
        """
        outlook = Outlook()
        wanted, _ = await self._survey(choice, outlook)
        outlook.duplicates = len(await wanted.stored(self._bus, self._feed.agency))
        return outlook

    async def apply(self, choice: Choice, who: str) -> Outlook:
        """Store what becomes records now, and take its entries out of the quarantine.

        Whenever it ends, by itself or not, the feed's books balance and nothing is lost;
        what was stored and whose entry is still there is met as a duplicate the next time.

        Args:
            choice: Which entries.
            who: Who does it.

        Raises:
            FeedMisconfigured: If the feed is not right as it is configured now.
            LookupError: If the feed has never told its state.
            QuarantineTaken: If somebody else takes entries out.
            BrokerError: If the bus cannot be reached.
        """
        outlook, survey = Outlook(), Outlook()
        wanted, last = await self._survey(choice, survey)
        outlook.waiting = survey.waiting
        known = await wanted.stored(self._bus, self._feed.agency)
        # The same entries once more, not what has come since.
        choice = dataclasses.replace(choice, upto=last, limit=None)
        stream = stream_name(self._feed.agency)
        async with (
            Removal(self._bus, self._feed.agency, self._feed.id, who) as removal,
            Publisher(self._bus, stream) as publisher,
        ):
            async for lot in self._lots(choice, outlook):
                tried = await self._store(lot, known, publisher, outlook)
                healed = [attempt.entry for attempt in tried if attempt.refused is None]
                if healed:
                    await removal.heal(healed)
                for attempt in tried:
                    outlook.add(attempt)
        return outlook

    async def _survey(self, choice: Choice, outlook: Outlook) -> tuple[Wanted, int]:
        """Try entries; return what their records are, and the number of the last."""
        wanted, last = Wanted(), 0
        async for lot in self._lots(choice, outlook):
            for attempt in lot:
                last = attempt.entry.sequence or 0
                outlook.add(attempt)
                sender = sender_of(attempt.entry.source).strip("[]")
                for message in self._messages(attempt):
                    wanted.add(message, sender)
        return wanted, last

    async def _lots(self, choice: Choice, outlook: Outlook) -> AsyncGenerator[list[Attempt], None]:
        """Try entries in their order, some at a time."""
        feed = self._feed
        state = await last_state(self._bus, feed.agency, feed.id)
        told = state.settled.quarantine_sequence if state is not None else 0
        adapter = adapter_of(feed)
        adapter.prepare(self._home.path)
        retrial = Retrial(adapter, is_vouched_for=choice.cause == LOGIN)
        lot: list[Attempt] = []
        size = 0
        async with aclosing(chosen(self._bus, feed.agency, feed.id, choice)) as found:
            async for entry in found:
                if (entry.sequence or 0) > told:
                    outlook.waiting += 1
                    continue
                lot.append(retrial.of(entry))
                size += len(entry.raw)
                if len(lot) == _LOT_ENTRIES or size >= _LOT_BYTES:
                    yield lot
                    lot, size = [], 0
        if lot:
            yield lot

    def _messages(self, attempt: Attempt) -> list[Outgoing]:
        """Return the messages that store an attempt's records."""
        entry = attempt.entry
        mark = header_lines({REDRIVEN_HEADER: f"{entry.sequence}"})
        headers = self._stamp.lines(hour_at(entry.received_at), self._trace_id) + mark
        return [self._outward.message(one, self._trace_id, headers) for one in attempt.translated]

    async def _store(
        self, lot: Sequence[Attempt], known: set[str], publisher: Publisher, outlook: Outlook
    ) -> list[Attempt]:
        """Store the records of attempts; return the attempts as they ended.

        Raises:
            PublishError: If the bus cannot be reached.
        """
        messages: list[Outgoing] = []
        owners: list[int] = []
        for index, attempt in enumerate(lot):
            for message in self._messages(attempt):
                if message.message_id in known:
                    outlook.duplicates += 1
                else:
                    messages.append(message)
                    owners.append(index)
        ended = list(lot)
        results = await publisher.publish_all(messages) if messages else []
        for index, result in zip(owners, results, strict=True):
            if isinstance(result, Stored):
                outlook.duplicates += result.duplicate
            elif isinstance(result, _NEVER):
                ended[index] = _refused(ended[index], result)
            else:
                raise result
        return ended


def _refused(attempt: Attempt, error: PublishError) -> Attempt:
    """Return that the bus will never take a record of an attempt."""
    refused = Undecodable(attempt.entry.raw, "refused", str(error))
    return dataclasses.replace(attempt, refused=refused)
