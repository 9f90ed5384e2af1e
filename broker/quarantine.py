"""The quarantine: what could not be translated, with its raw bytes and the reason.

The raw bytes are the message; what is known of them is in its headers. The order is that
of arrival. An entry that somebody put there without saying why is an entry all the same.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import msgspec

from broker.connection import Bus
from broker.outgoing import Outgoing, header_lines
from broker.subjects import feed_of, quarantine_subject
from broker.subscriber import Delivery, scan
from broker.users import quarantine_stream

_PREFIX = "Liandong-"
_KEPT = " :;,.()'/=+-_<>#&!?"
_MAX_REASON = 2000
_UNTOLD = "untold"
_NO_REASON = "whoever put it here did not say why: ask who publishes on this subject by hand"


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
    headers = {
        f"{_PREFIX}{name}": quote(_text(value), safe=_KEPT) for name, value in values.items()
    }
    return Outgoing(
        quarantine_subject(entry.agency, entry.feed), entry.raw, message_id, header_lines(headers)
    )


def _text(value: str) -> str:
    """Return text that can be encoded: names of files need not be."""
    return value.encode(errors="backslashreplace").decode()


async def entries(bus: Bus, agency: str, feed: str | None = None) -> AsyncIterator[QuarantineEntry]:
    """Read an agency's quarantine in order of arrival, of one feed or all.

    Args:
        bus: An open connection whose user may read it.
        agency: The agency.
        feed: One feed; None: all.

    Raises:
        StreamUnavailable: If it cannot be read to its end.
    """
    subject = quarantine_subject(agency, feed) if feed else f"quarantine.{agency}.>"
    async for delivery in scan(bus, quarantine_stream(agency), subject):
        yield _entry(delivery)


def _entry(delivery: Delivery) -> QuarantineEntry:
    """Return what a quarantine holds as an entry; what its headers do not say is left open."""
    held = {
        name.removeprefix(_PREFIX): unquote(value)
        for name, value in delivery.headers.items()
        if name.startswith(_PREFIX)
    }
    agency, feed = feed_of(delivery.subject)
    return QuarantineEntry(
        agency=agency,
        feed=feed,
        raw=delivery.payload,
        cause=held.get("Cause") or _UNTOLD,
        reason=held.get("Reason") or _NO_REASON,
        received_at=_received(held.get("Received", ""), delivery.timestamp_ns),
        source=held.get("Source", ""),
        adapter=held.get("Adapter", ""),
        sequence=delivery.sequence,
    )


def _received(told: str, stored_ns: int) -> datetime:
    """Return when an entry came: as it tells, else when it was stored; UTC."""
    try:
        return datetime.fromisoformat(told).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(stored_ns / 1e9, UTC)
