"""What cannot become a record on its way to the quarantine."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.ledger import Ledger
from adapters.sdk.message import Undecodable
from adapters.sdk.stamp import HOUR_HEADER, hour_of_lines
from broker.aside import Result
from broker.errors import RecordTooLarge
from broker.outbox import Way
from broker.outgoing import Outgoing, header_lines
from broker.quarantine import Kept, QuarantineEntry, outgoing

_ID_BYTES: Final = 16
_HEAD_BYTES: Final = 1 << 16
_log = structlog.get_logger()


class Refusals:
    """Writes one feed's entries of the quarantine.

    Args:
        adapter: Whose feed it is.
        ledger: The feed's books, which note each reason.
    """

    def __init__(self, adapter: Adapter[Any, Any], ledger: Ledger) -> None:
        self._adapter = adapter
        self._ledger = ledger
        self._salt = adapter.feed.id.encode()
        self._label = f"{adapter.name} {adapter.version}"

    def open(self, way: Way) -> None:
        """Take the way to the agency's quarantine."""
        self._way = way

    def message(
        self, refused: Undecodable, source: str, at: datetime, trace_id: str
    ) -> QuarantineEntry:
        """Return the entry of a message, without what may not be held of it.

        Args:
            refused: The message, and why it is refused.
            source: Who sent it.
            at: When it came.
            trace_id: The trace to which it belongs.
        """
        raw = self._adapter.conceal(refused.raw)
        is_whole = raw == refused.raw
        return self._entry(
            raw,
            refused.cause,
            refused.reason,
            self._adapter.conceal_source(source),
            at,
            kept=Kept.WHOLE if is_whole else Kept.CONCEALED,
            opening=refused.opening if is_whole else b"",
            trace_id=trace_id,
        )

    def record(self, payload: bytes, reason: str, at: datetime) -> QuarantineEntry:
        """Return the entry of a record that was spooled, and that the stream will never take."""
        return self._entry(payload, "refused", reason, "the spool", at, kept=Kept.RECORD)

    def outgoing(self, entry: QuarantineEntry, hour: int) -> Outgoing:
        """Return an entry as the message that stores it; the same bytes again are a duplicate.

        Args:
            entry: The entry.
            hour: The hour in which it came, counted since 1970 UTC.
        """
        digest = hashlib.blake2b(entry.raw, digest_size=_ID_BYTES, salt=b"quarantine")
        digest.update(self._salt)
        message = outgoing(entry, digest.hexdigest())
        message.headers += _hour_line(hour)
        return message

    async def hold(
        self, entries: Sequence[QuarantineEntry], messages: Sequence[Outgoing]
    ) -> list[Result]:
        """Quarantine; of what is larger than the bus takes, the head alone, and say so.

        Args:
            entries: The entries.
            messages: The same as messages, in the same order.
        """
        held = [*await self._way.publish_all(messages)]
        for position, result in enumerate(held):
            if isinstance(result, RecordTooLarge):
                whole = entries[position]
                size = min(result.limit, _HEAD_BYTES)
                reason = (
                    f"{whole.reason} Of its {result.size} bytes the first {size} are kept here, "
                    "for the bus takes no more: keep the original."
                )
                kept = whole.kept or Kept.CUT
                head = msgspec.structs.replace(
                    whole, raw=whole.raw[:size], reason=reason, kept=kept
                )
                message = messages[position]
                cut = outgoing(head, message.message_id)
                cut.headers += _hour_line(hour_of_lines(message.headers))
                (held[position],) = await self._way.publish_all([cut])
        return held

    def _entry(
        self,
        raw: bytes,
        cause: str,
        reason: str,
        source: str,
        at: datetime,
        *,
        kept: Kept,
        opening: bytes = b"",
        trace_id: str = "",
    ) -> QuarantineEntry:
        """Return an entry, and note its reason in the books."""
        self._ledger.refuse(cause, reason, at)
        # The reason quotes the message.
        _log.debug(
            "to quarantine",
            feed=self._adapter.feed.id,
            trace_id=trace_id,
            cause=cause,
            reason=reason,
        )
        return QuarantineEntry(
            agency=self._adapter.feed.agency,
            feed=self._adapter.feed.id,
            raw=raw,
            cause=cause,
            reason=reason,
            received_at=at,
            source=source,
            adapter=self._label,
            kept=kept,
            opening=opening,
        )


def _hour_line(hour: int) -> bytes:
    """Return the header line of the hour in which a message arrived."""
    return header_lines({HOUR_HEADER: str(hour)})
