"""From messages to what became of them: translate, validate, store, or quarantine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.claims import Claim, Claims
from adapters.sdk.hours import HOUR_S
from adapters.sdk.ledger import Ledger, Settling
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.outward import Outward
from adapters.sdk.pace import Pace
from adapters.sdk.refusals import Refusals
from adapters.sdk.stamp import Stamp, hour_of_lines, new_trace_id
from adapters.sdk.traces import Span, Traces, new_span_id
from adapters.sdk.translation import Translation
from broker.aside import Result
from broker.doubt import doubt, doubt_ahead
from broker.errors import PublishDenied, PublishRefused, RecordTooLarge
from broker.outbox import Way
from broker.outgoing import Outgoing, Spooled, Stored
from broker.quarantine import QuarantineEntry
from broker.subjects import apart
from liandong.record.v1.record_pb2 import Record

_NEVER = (RecordTooLarge, PublishDenied, PublishRefused)
"""Refusals that will not change."""
_CONTESTED = "Another connection claims this station's number."
_TELL_S = 60.0
_log = structlog.get_logger()


@dataclass(slots=True)
class _Sorted:
    """A lot on its way: what goes where, and which message it came from."""

    at: datetime
    second: int
    hour: int
    trace_id: str
    span_id: str
    headers: bytes
    heard: float
    speaker: str
    is_repeat: bool
    records: list[Outgoing] = field(default_factory=list)
    record_owners: list[int] = field(default_factory=list)
    entries: list[QuarantineEntry] = field(default_factory=list)
    rejects: list[Outgoing] = field(default_factory=list)
    reject_owners: list[int] = field(default_factory=list)


class Pipeline:
    """Takes a feed's messages and settles each.

    Args:
        adapter: Translates.
        ledger: The feed's books.
        traces: Where spans go; None: nowhere.
    """

    def __init__(
        self, adapter: Adapter[Any, Any], ledger: Ledger, traces: Traces | None = None
    ) -> None:
        self._traces = traces
        self._adapter = adapter
        self._ledger = ledger
        self._translation = Translation(adapter)
        self._pace = Pace(adapter.feed.limit_per_s)
        self._stamp = Stamp(adapter.feed.id)
        self._refusals = Refusals(adapter, ledger)
        self._outward = Outward(adapter.feed.id)
        self._clock_tolerance_s = adapter.feed.clock_tolerance_s
        self._claims = Claims() if adapter.one_connection_per_entity else None
        self._told_of_contest = -_TELL_S

    def open(self, records: Way, quarantine: Way) -> None:
        """Take the ways to the bus: to the agency's stream, and to its quarantine."""
        self._records = records
        self._refusals.open(quarantine)

    async def submit(
        self,
        messages: Sequence[Message | Undecodable],
        source: str,
        *,
        speaker: str = "",
        is_repeat: bool = False,
        reasons: list[str] | None = None,
    ) -> list[Outcome | None]:
        """Settle messages; return what became of each, in their order.

        None means that a message could not be settled: it must not be acknowledged, and
        its sender will send it again.

        Args:
            messages: What a decoder cut, in order.
            source: Who sent them, for the quarantine: a peer's address, a file.
            speaker: The connection that speaks, ``host:port``, which claims the stations that
                it names until it is released; empty: none, as for a file.
            is_repeat: These were submitted before, and not settled.
            reasons: Takes up why messages go to quarantine, for their sender; None: nobody asks.
        """
        await self._pace.keep(len(messages))
        lot = self._sort(messages, source, speaker, is_repeat=is_repeat)
        sorted_ns = time.time_ns() if lot.span_id else 0
        self._ledger.receive(len(lot.records) + len(lot.rejects), lot.at, lot.hour)
        results = await self._records.publish_all(lot.records) if lot.records else []
        self._reject_refused(messages, lot, results, source)
        held = await self._refusals.hold(lot.entries, lot.rejects) if lot.rejects else []
        self._settle(lot.hour, results, held)
        if reasons is not None:
            reasons += (entry.reason for entry in lot.entries)
        stored = sum(isinstance(one, Stored) for one in results)
        self._ledger.storing.note(time.monotonic() - lot.heard, stored)
        if lot.span_id:
            self._trace(lot, len(messages), sorted_ns)
        return _outcomes(len(messages), lot, results, held)

    def release(self, speaker: str) -> None:
        """Free what a connection claimed, now that it has ended."""
        if self._claims is not None:
            self._claims.release(speaker)

    @property
    def at_once(self) -> int:
        """Return how many messages to submit at once, so that none waits for long."""
        return self._pace.at_once

    def hurry(self) -> None:
        """Take what has been read as fast as can be: the feed ends."""
        self._pace.release()

    def report(self, reason: str) -> None:
        """Enter what keeps messages from coming, as the feed's last error."""
        self._ledger.fault(reason, datetime.now(UTC))

    def hinder(self, reason: str) -> None:
        """Enter what keeps the source from being read, until it is read again."""
        self._ledger.hinder(reason, datetime.now(UTC))

    def recover(self) -> None:
        """Enter that the source can be read."""
        self._ledger.recover()

    def concealed(self, source: str) -> str:
        """Return the name of a sender or a file as logs may hold it."""
        return self._adapter.conceal_source(source)

    async def settle_records(
        self, messages: Sequence[Outgoing], results: Sequence[Result]
    ) -> list[bool]:
        """Enter what became of records that were spooled; return for each whether it is safe.

        A record that the stream will never take goes to quarantine as the bytes that it is.
        """
        safe = []
        for message, result in zip(messages, results, strict=True):
            hour = hour_of_lines(message.headers)
            held: list[Result] = []
            if isinstance(result, _NEVER):
                entry = self._refusals.record(message.payload, str(result), datetime.now(UTC))
                held = await self._refusals.hold([entry], [self._refusals.outgoing(entry, hour)])
            is_safe = isinstance((held or [result])[0], Stored | Spooled)
            if is_safe:
                self._settle(hour, [result], held)
            safe.append(is_safe)
        return safe

    async def settle_entries(
        self, messages: Sequence[Outgoing], results: Sequence[Result]
    ) -> list[bool]:
        """Enter what became of entries of the quarantine that were spooled, as of records."""
        safe = []
        for message, result in zip(messages, results, strict=True):
            if is_safe := isinstance(result, Stored):
                self._settle(hour_of_lines(message.headers), [], [result])
            else:
                _log.error(
                    "the quarantine does not take what is spooled",
                    feed=self._adapter.feed.id,
                    error=str(result),
                )
            safe.append(is_safe)
        return safe

    def _sort(
        self,
        messages: Sequence[Message | Undecodable],
        source: str,
        speaker: str = "",
        *,
        is_repeat: bool = False,
    ) -> _Sorted:
        """Translate messages; what cannot be goes to the quarantine's side."""
        now = datetime.now(UTC)
        second, trace_id = int(now.timestamp()), new_trace_id()
        hour = second // HOUR_S
        is_traced = self._traces is not None and self._traces.samples(trace_id)
        span_id = new_span_id() if is_traced else ""
        headers = self._stamp.lines(hour, trace_id, span_id)
        lot = _Sorted(
            now, second, hour, trace_id, span_id, headers, time.monotonic(), speaker, is_repeat
        )
        if speaker and self._claims is not None:
            self._claims.hear(speaker)
        for index, message in enumerate(messages):
            translated, refused = self._translation.of(message)
            for one in translated:
                self._accept(lot, index, one)
            if refused is not None:
                self._reject(lot, index, refused, source)
        return lot

    def _trace(self, lot: _Sorted, messages: int, sorted_ns: int) -> None:
        """Tell the lot's way, from its receipt until it was on the bus."""
        assert self._traces is not None
        began_ns, ended_ns = int(lot.at.timestamp() * 1e6) * 1000, time.time_ns()
        facts: dict[str, str | int] = {
            "liandong.feed": self._adapter.feed.id,
            "liandong.agency": self._adapter.feed.agency,
            "liandong.messages": messages,
            "liandong.records": len(lot.records),
            "liandong.quarantined": len(lot.rejects),
        }
        for name, span_id, parent_id, start_ns, end_ns in (
            ("receive", lot.span_id, "", began_ns, ended_ns),
            ("translate", new_span_id(), lot.span_id, began_ns, sorted_ns),
            ("publish", new_span_id(), lot.span_id, sorted_ns, ended_ns),
        ):
            self._traces.take(Span(name, lot.trace_id, span_id, parent_id, start_ns, end_ns, facts))

    def _accept(self, lot: _Sorted, index: int, one: Translated) -> None:
        """Take a record that holds what its schema says."""
        record = one.record
        name = said = record.name
        if lot.speaker and self._claims is not None:
            claim = self._claims.claim(name, lot.speaker, is_repeat=lot.is_repeat)
            if claim is not Claim.SOLE:
                name = self._contested(record, claim, lot)
        observed = record.observed_at.seconds
        if observed > lot.second:
            doubt_ahead(record, lot.second, self._clock_tolerance_s)
            # A clock that is ahead must not make the feed look fresh for as long.
            observed = lot.second
        self._ledger.hear(name, observed, lot.heard, lot.second)
        # By the name that the message gave: sent again, it may be kept under another.
        lot.records.append(self._outward.message(one, lot.trace_id, lot.headers, said=said))
        lot.record_owners.append(index)

    def _contested(self, record: Record, claim: Claim, lot: _Sorted) -> str:
        """Flag a record of a station for which two speak, and return its name from here on."""
        name = record.name
        doubt(record, _CONTESTED)
        if claim is Claim.OTHER:
            record.name = apart(name, lot.speaker.rpartition(":")[0].strip("[]"))
        if lot.heard - self._told_of_contest >= _TELL_S:
            self._told_of_contest = lot.heard
            reason = (
                f"{lot.speaker} and another open connection both send as {name}; what the second "
                f"says is kept apart as {apart(name, 'its-address')}: give one another number"
            )
            self._ledger.fault(reason, lot.at)
            _log.warning(
                "a station's number is claimed twice",
                feed=self._adapter.feed.id,
                record=name,
                trace_id=lot.trace_id,
                speaker=lot.speaker,
            )
        return record.name

    def _reject(self, lot: _Sorted, index: int, refused: Undecodable, source: str) -> None:
        """Put a message on the quarantine's side."""
        entry = self._refusals.message(refused, source, lot.at, lot.trace_id)
        lot.entries.append(entry)
        lot.rejects.append(self._refusals.outgoing(entry, lot.hour))
        lot.reject_owners.append(index)

    def _reject_refused(
        self,
        messages: Sequence[Message | Undecodable],
        lot: _Sorted,
        results: Sequence[Result],
        source: str,
    ) -> None:
        """Quarantine records that the stream will never take."""
        for position, result in enumerate(results):
            if isinstance(result, _NEVER):
                index = lot.record_owners[position]
                message = messages[index]
                assert not isinstance(message, Undecodable), "it became a record"
                opening = self._adapter.opening(message)
                refused = Undecodable(message.raw, "refused", str(result), opening=opening)
                self._reject(lot, index, refused, source)

    def _settle(self, hour: int, results: Sequence[Result], held: Sequence[Result]) -> None:
        """Enter results into the books; what is spooled stays in flight."""
        everything = [*results, *held]
        kept = [item for item in everything if isinstance(item, Stored)]
        spooled = sum(isinstance(item, Spooled) for item in everything)
        moved = sum(isinstance(item, _NEVER) for item in results)
        self._ledger.settle(
            Settling(
                hour,
                stored=_new(results),
                duplicates=sum(item.duplicate for item in kept),
                quarantined=_new(held),
                withdrawn=len(everything) - len(kept) - moved - spooled,
            )
        )


def _new(results: Sequence[Result]) -> tuple[int, ...]:
    """Return the sequences of what was stored now."""
    return tuple(
        result.sequence or 0
        for result in results
        if isinstance(result, Stored) and not result.duplicate
    )


def _outcomes(
    count: int, lot: _Sorted, results: Sequence[Result], held: Sequence[Result]
) -> list[Outcome | None]:
    """Return what became of each message: the gravest of what became of its records."""
    outcomes: list[Outcome | None] = [Outcome.DUPLICATE] * count
    for index, result in zip(lot.record_owners, results, strict=True):
        if not isinstance(result, Stored | Spooled):
            outcomes[index] = None
        elif isinstance(result, Spooled) or not result.duplicate:
            outcomes[index] = outcomes[index] and Outcome.STORED
    for index, result in zip(lot.reject_owners, held, strict=True):
        is_safe = isinstance(result, Stored | Spooled)
        outcomes[index] = Outcome.QUARANTINED if is_safe else None
    return outcomes
