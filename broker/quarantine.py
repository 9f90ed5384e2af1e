"""The quarantine: what could not be translated, with its raw bytes and the reason.

The raw bytes are the message; what is known of them is in its headers. The order is that
of arrival. An entry that somebody put there without saying why is an entry all the same.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote, unquote

import msgspec

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.outgoing import Outgoing, header_lines
from broker.subjects import feed_of, quarantine_subject
from broker.subscriber import scan
from broker.users import quarantine_stream

_PREFIX = "Liandong-"
_KEPT = " :;,.()'/=+-_<>#&!?"
_MAX_REASON = 2000
_UNTOLD = "untold"
_NO_REASON = "whoever put it here did not say why: ask who publishes on this subject by hand"
_AT_ONCE = 64
# Up to the year 3110: anybody may write anything there.
_HOUR = re.compile("[0-9]{1,7}")


class Kept(StrEnum):
    """What is kept of a message."""

    WHOLE = ""
    """Its bytes, exactly as they came."""
    CONCEALED = "concealed"
    """Its bytes without the people in them."""
    CUT = "cut"
    """Its first bytes: the whole was larger than the bus takes."""
    RECORD = "record"
    """The record that it had become, which the bus refused."""


class QuarantineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be translated.

    Attributes:
        agency: Whose feed it came from.
        feed: The feed.
        raw: Its bytes, exactly as they came, or what was kept of them.
        cause: A short word for programs, for example ``crc``.
        reason: A sentence for people: which field, what was wrong, what was expected.
        received_at: When it came, UTC.
        source: Who sent it: a peer's address, a file.
        adapter: The adapter, with its version.
        kept: What ``raw`` is of the message.
        opening: What a decoder must have read before, to read ``raw`` alone: a table's header.
        sequence: Its number in the quarantine; None before it is stored.
        hour: The hour under which the books have it, counted since 1970 UTC, where it says one;
            None: that of ``received_at``.
        counted: Whether it says itself which feed it is of, and so is in that feed's books.
    """

    agency: str
    feed: str
    raw: bytes
    cause: str
    reason: str
    received_at: datetime
    source: str = ""
    adapter: str = ""
    kept: Kept = Kept.WHOLE
    opening: bytes = b""
    sequence: int | None = None
    hour: int | None = None
    counted: bool = True


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
    if entry.kept:
        values["Kept"] = entry.kept.value
    if entry.opening:
        values["Opening"] = base64.b64encode(entry.opening).decode()
    headers = {
        f"{_PREFIX}{name}": quote(_text(value), safe=_KEPT) for name, value in values.items()
    }
    return Outgoing(
        quarantine_subject(entry.agency, entry.feed), entry.raw, message_id, header_lines(headers)
    )


def _text(value: str) -> str:
    """Return text that can be encoded: names of files need not be."""
    return value.encode(errors="backslashreplace").decode()


async def entries(
    bus: Bus,
    agency: str,
    feed: str | None = None,
    *,
    start: int = 1,
    upto: int | None = None,
    headers_only: bool = False,
) -> AsyncGenerator[QuarantineEntry, None]:
    """Read an agency's quarantine in order of arrival, of one feed or all.

    Args:
        bus: An open connection whose user may read it.
        agency: The agency.
        feed: One feed; None: all.
        start: The number at which to begin.
        upto: The last number to read; None: to the end.
        headers_only: Leave the raw bytes out.

    Raises:
        StreamUnavailable: If it cannot be read to its end.
    """
    subject = quarantine_subject(agency, feed) if feed else f"quarantine.{agency}.>"
    stream = quarantine_stream(agency)
    found = scan(bus, stream, subject, headers_only=headers_only, start_sequence=start)
    async with aclosing(found) as deliveries:
        async for delivery in deliveries:
            if upto is not None and delivery.sequence > upto:
                return
            yield _entry(delivery)


async def feeds_held(bus: Bus, agency: str) -> dict[str, int]:
    """Return of which feeds an agency's quarantine holds entries, and how many of each.

    Raises:
        StreamUnavailable: If it cannot be asked.
    """
    stream = quarantine_stream(agency)
    found: dict[str, int] = {}
    # The server names some thousands of subjects at a time; an agency has tens of feeds.
    info = await call(bus, stream, f"STREAM.INFO.{stream}", {"subjects_filter": ">"})
    for subject, count in (info["state"].get("subjects") or {}).items():
        found[feed_of(subject)[1]] = count
    return dict(sorted(found.items()))


async def remove(bus: Bus, agency: str, sequences: Sequence[int]) -> None:
    """Delete entries for good; those that are gone already stay so.

    Args:
        bus: An open connection of the agency itself.
        agency: The agency.
        sequences: Their numbers.

    Raises:
        StreamUnavailable: If one could not be deleted.
    """
    stream = quarantine_stream(agency)

    async def delete(sequence: int) -> None:
        # Overwriting the bytes as well would flush the disk for each, ten times as slow.
        request = {"seq": sequence, "no_erase": True}
        try:
            await call(bus, stream, f"STREAM.MSG.DELETE.{stream}", request)
        except StreamUnavailable:
            # For what is gone already the server has several words, one of them for faults too.
            if await _holds(bus, agency, sequence):
                raise

    for first in range(0, len(sequences), _AT_ONCE):
        await asyncio.gather(*map(delete, sequences[first : first + _AT_ONCE]))


async def _holds(bus: Bus, agency: str, sequence: int) -> bool:
    """Tell whether an entry is there."""
    found = entries(bus, agency, start=sequence, upto=sequence, headers_only=True)
    return bool([entry async for entry in found])


def _entry(delivery: Delivery) -> QuarantineEntry:
    """Return what a quarantine holds as an entry; what its headers do not say is left open."""
    held = {
        name.removeprefix(_PREFIX): unquote(value)
        for name, value in delivery.headers.items()
        if name.startswith(_PREFIX)
    }
    agency, feed = feed_of(delivery.subject)
    kept = held.get("Kept", "")
    return QuarantineEntry(
        agency=agency,
        feed=feed,
        raw=delivery.payload,
        cause=held.get("Cause") or _UNTOLD,
        reason=held.get("Reason") or _NO_REASON,
        received_at=_received(held.get("Received", ""), delivery.timestamp_ns),
        source=held.get("Source", ""),
        adapter=held.get("Adapter", ""),
        kept=Kept(kept) if kept in {*Kept} else Kept.CUT,
        opening=_opening(held.get("Opening", "")),
        sequence=delivery.sequence,
        hour=int(held["Hour"]) if _HOUR.fullmatch(held.get("Hour", "")) else None,
        counted=held.get("Feed") == feed,
    )


def _opening(told: str) -> bytes:
    """Return what must be read before an entry; nothing if that is not readable."""
    try:
        return base64.b64decode(told)
    except (binascii.Error, ValueError):
        return b""


def _received(told: str, stored_ns: int) -> datetime:
    """Return when an entry came: as it tells, else when it was stored; UTC."""
    try:
        return datetime.fromisoformat(told).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(stored_ns / 1e9, UTC)
