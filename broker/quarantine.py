"""The quarantine: what could not be translated, with its raw bytes and the reason.

The raw bytes are the message; what is known of them is in its headers. The order is that
of arrival.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import msgspec

from broker.connection import Bus
from broker.outgoing import Outgoing, header_lines
from broker.subjects import feed_of, quarantine_subject
from broker.subscriber import scan
from broker.users import quarantine_stream

_PREFIX = "Liandong-"
_KEPT = " :;,.()'/=+-_<>#&!?"
_MAX_REASON = 2000


class QuarantineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be translated.

    Attributes:
        agency: Whose feed it came from.
        feed: The feed.
        raw: Its bytes, exactly as they came.
        cause: A short word for programs, for example ``crc``.
        reason: A sentence for people: which field, what was wrong, what was expected.
        received_at: When it came, UTC.
        source: Who sent it: a peer's address, a file.
        adapter: The adapter, with its version.
        sequence: Its number in the quarantine; None before it is stored.
    """

    agency: str
    feed: str
    raw: bytes
    cause: str
    reason: str
    received_at: datetime
    source: str = ""
    adapter: str = ""
    sequence: int | None = None


def outgoing(entry: QuarantineEntry, message_id: str) -> Outgoing:
    """Return an entry as the message that stores it."""
    values = {
        "Feed": entry.feed,
        "Cause": entry.cause,
        "Reason": entry.reason[:_MAX_REASON],
        "Received": entry.received_at.astimezone(UTC).isoformat(),
        "Source": entry.source,
        "Adapter": entry.adapter,
    }
    headers = {f"{_PREFIX}{name}": quote(value, safe=_KEPT) for name, value in values.items()}
    return Outgoing(
        quarantine_subject(entry.agency, entry.feed), entry.raw, message_id, header_lines(headers)
    )


async def entries(bus: Bus, agency: str, feed: str | None = None) -> AsyncIterator[QuarantineEntry]:
    """Read an agency's quarantine in order of arrival, of one feed or all.

    Args:
        bus: An open connection whose user may read it.
        agency: The agency.
        feed: One feed; None: all.
    """
    subject = quarantine_subject(agency, feed) if feed else f"quarantine.{agency}.>"
    async for delivery in scan(bus, quarantine_stream(agency), subject):
        held = {name: unquote(value) for name, value in delivery.headers.items()}
        owner, named = feed_of(delivery.subject)
        yield QuarantineEntry(
            agency=owner,
            feed=named,
            raw=delivery.payload,
            cause=held.get(f"{_PREFIX}Cause", ""),
            reason=held.get(f"{_PREFIX}Reason", ""),
            received_at=datetime.fromisoformat(held[f"{_PREFIX}Received"]),
            source=held.get(f"{_PREFIX}Source", ""),
            adapter=held.get(f"{_PREFIX}Adapter", ""),
            sequence=delivery.sequence,
        )
