"""From messages to what became of them: translate, validate, store, or quarantine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.journal import feed_header
from adapters.sdk.ledger import Ledger
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.translation import Translation
from broker.errors import PublishDenied, PublishError, PublishRefused, RecordTooLarge
from broker.outgoing import Outgoing, Stored
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, outgoing
from broker.subjects import share_subject

_ID_BYTES = 16
_HEAD_BYTES = 1 << 16
_log = structlog.get_logger()


@dataclass(slots=True)
class _Sorted:
    """A lot on its way: what goes where, and which message it came from."""

    records: list[Outgoing] = field(default_factory=list)
    record_owners: list[int] = field(default_factory=list)
    entries: list[QuarantineEntry] = field(default_factory=list)
    rejects: list[Outgoing] = field(default_factory=list)
    reject_owners: list[int] = field(default_factory=list)


class Pipeline:
    """Takes a feed's messages and settles each.

    Args:
        adapter: Translates.
        records: Publishes on the agency's stream.
        quarantine: Publishes on its quarantine.
        ledger: The feed's books.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        records: Publisher,
        quarantine: Publisher,
        ledger: Ledger,
    ) -> None:
        self._adapter = adapter
        self._records = records
        self._quarantine = quarantine
        self._ledger = ledger
        self._translation = Translation(adapter)
        self._header = feed_header(adapter.feed.id)
        self._salt = adapter.feed.id.encode()
        self._label = f"{adapter.name} {adapter.version}"

    async def submit(
        self, messages: Sequence[Message | Undecodable], source: str
    ) -> list[Outcome | None]:
        """Settle messages; return what became of each, in their order.

        None means that a message could not be settled: it must not be acknowledged, and
        its sender will send it again.

        Args:
            messages: What a decoder cut, in order.
            source: Who sent them, for the quarantine: a peer's address, a file.
        """
        lot = self._sort(messages, source)
        self._ledger.receive(len(lot.records) + len(lot.rejects), datetime.now(UTC))
        results = await self._records.publish_all(lot.records) if lot.records else []
        self._reject_refused(messages, lot, results, source)
        held = await self._hold(lot) if lot.rejects else []
        self._settle(results, held)
        return _outcomes(len(messages), lot, results, held)

    def report(self, reason: str) -> None:
        """Enter what keeps messages from coming, as the feed's last error."""
        self._ledger.fault(reason, datetime.now(UTC))

    async def _hold(self, lot: _Sorted) -> list[Stored | PublishError]:
        """Quarantine; of what is larger than the bus takes, the head alone, and say so."""
        held = await self._quarantine.publish_all(lot.rejects)
        for position, result in enumerate(held):
            if isinstance(result, RecordTooLarge):
                whole = lot.entries[position]
                size = min(result.limit, _HEAD_BYTES)
                reason = (
                    f"{whole.reason} Of its {result.size} bytes the first {size} are kept here, "
                    "for the bus takes no more: keep the original."
                )
                head = msgspec.structs.replace(whole, raw=whole.raw[:size], reason=reason)
                message_id = lot.rejects[position].message_id
                (held[position],) = await self._quarantine.publish_all([outgoing(head, message_id)])
        return held

    def _sort(self, messages: Sequence[Message | Undecodable], source: str) -> _Sorted:
        """Translate messages; what cannot be goes to the quarantine's side."""
        lot = _Sorted()
        for index, message in enumerate(messages):
            translated, refused = self._translation.of(message)
            for one in translated:
                self._accept(lot, index, one)
            if refused is not None:
                self._reject(lot, index, refused, source)
        return lot

    def _accept(self, lot: _Sorted, index: int, one: Translated) -> None:
        """Take a record that holds what its schema says."""
        record = one.record
        self._ledger.observed(record.observed_at.seconds)
        digest = hashlib.blake2b(one.message_id.encode(), digest_size=_ID_BYTES, salt=b"record")
        digest.update(self._salt)
        digest.update(record.name.encode())
        lot.records.append(
            Outgoing(
                share_subject(record.name),
                record.SerializeToString(),
                digest.hexdigest(),
                self._header,
            )
        )
        lot.record_owners.append(index)

    def _reject(self, lot: _Sorted, index: int, refused: Undecodable, source: str) -> None:
        """Put a message on the quarantine's side; the same bytes again are a duplicate."""
        now = datetime.now(UTC)
        raw = self._adapter.conceal(refused.raw)
        digest = hashlib.blake2b(raw, digest_size=_ID_BYTES, salt=b"quarantine")
        digest.update(self._salt)
        entry = QuarantineEntry(
            agency=self._adapter.feed.agency,
            feed=self._adapter.feed.id,
            raw=raw,
            cause=refused.cause,
            reason=refused.reason,
            received_at=now,
            source=self._adapter.conceal_source(source),
            adapter=self._label,
        )
        lot.entries.append(entry)
        lot.rejects.append(outgoing(entry, digest.hexdigest()))
        lot.reject_owners.append(index)
        self._ledger.fault(refused.reason, now)
        _log.debug("to quarantine", feed=entry.feed, cause=entry.cause, reason=entry.reason)

    def _reject_refused(
        self,
        messages: Sequence[Message | Undecodable],
        lot: _Sorted,
        results: Sequence[Stored | PublishError],
        source: str,
    ) -> None:
        """Quarantine records that the stream will never take."""
        for position, result in enumerate(results):
            if isinstance(result, RecordTooLarge | PublishDenied | PublishRefused):
                index = lot.record_owners[position]
                refused = Undecodable(messages[index].raw, "refused", str(result))
                self._reject(lot, index, refused, source)

    def _settle(
        self, results: Sequence[Stored | PublishError], held: Sequence[Stored | PublishError]
    ) -> None:
        """Enter a lot's results into the books."""
        everything = [*results, *held]
        kept = [item for item in everything if isinstance(item, Stored)]
        moved = sum(
            isinstance(item, RecordTooLarge | PublishDenied | PublishRefused) for item in results
        )
        self._ledger.settle(
            stored=_new(results),
            duplicates=sum(item.duplicate for item in kept),
            quarantined=_new(held),
            withdrawn=len(everything) - len(kept) - moved,
        )


def _new(results: Sequence[Stored | PublishError]) -> list[int]:
    """Return the sequences of what was stored now."""
    return [
        result.sequence or 0
        for result in results
        if isinstance(result, Stored) and not result.duplicate
    ]


def _outcomes(
    count: int,
    lot: _Sorted,
    results: Sequence[Stored | PublishError],
    held: Sequence[Stored | PublishError],
) -> list[Outcome | None]:
    """Return what became of each message: the gravest of what became of its records."""
    outcomes: list[Outcome | None] = [Outcome.DUPLICATE] * count
    for index, result in zip(lot.record_owners, results, strict=True):
        if not isinstance(result, Stored):
            outcomes[index] = None
        elif not result.duplicate and outcomes[index] is not None:
            outcomes[index] = Outcome.STORED
    for index, result in zip(lot.reject_owners, held, strict=True):
        outcomes[index] = Outcome.QUARANTINED if isinstance(result, Stored) else None
    return outcomes
