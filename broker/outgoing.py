"""What is published, what becomes of it, and how both look on the wire."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

_VERSION = b"NATS/1.0\r\n"
MESSAGE_ID: Final = "Nats-Msg-Id"
"""The header by which the server knows a message again."""
_HEADERS: Final = b"%%b%b: %%b\r\n%%b%%b\r\n" % MESSAGE_ID.encode()
_HEADER_ROOM = 256
"""What a batch adds to a message's headers, and some."""
_IF_FIRST: Final = b"Nats-Expected-Last-Subject-Sequence: 0\r\n"


@dataclass(slots=True)
class Outgoing:
    """A message to be stored.

    Attributes:
        subject: Where it goes.
        payload: Its bytes.
        message_id: What makes it unique; the same id is stored once.
        headers: Further header lines, as `header_lines` makes them.
        observed_ns: When what a record says was so, nanoseconds since 1970 UTC; None: it is
            no record, or the payload has to be asked.
    """

    subject: str
    payload: bytes
    message_id: str
    headers: bytes = b""
    observed_ns: int | None = None


@dataclass(slots=True)
class Stored:
    """A message that is on disk.

    Attributes:
        stream: The stream that holds it.
        sequence: Its sequence there; None for a duplicate that was known here already.
        duplicate: Whether it was there before.
    """

    stream: str
    sequence: int | None
    duplicate: bool


@dataclass(slots=True)
class Spooled:
    """A message that is on this machine's disk, and will be on the bus when that is back."""


def size_of(message: Outgoing) -> int:
    """Return how many bytes of the largest payload that a server takes a message may need."""
    return len(message.payload) + len(message.headers) + len(message.message_id) + _HEADER_ROOM


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Return headers as lines of the protocol.

    Raises:
        ValueError: If a name or value has a line break, or a name a colon.
    """
    for name, value in headers.items():
        if any(sign in name + value for sign in "\r\n") or ":" in name or not name:
            raise ValueError(f"header {name!r} cannot be sent: a line break, or a bad name")
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())


def hpub(message: Outgoing, reply: str = "", extra: bytes = b"") -> bytes:
    """Return the HPUB of a message with its id, its headers and further header lines."""
    identity = message.message_id
    header = _HEADERS % (
        _VERSION,
        identity.encode(),
        extra,
        message.headers,
    )
    payload = message.payload
    size = len(header)
    target = f"{message.subject} {reply}" if reply else message.subject
    return b"HPUB %b %d %d\r\n%b%b\r\n" % (
        target.encode(),
        size,
        size + len(payload),
        header,
        payload,
    )


def batch_bytes(
    batch_id: str, messages: list[Outgoing], reply: str, firsts: AbstractSet[int] = frozenset()
) -> bytes:
    """Return an atomic batch as one write; the last message commits it and asks for the answer.

    Args:
        batch_id: What tells it from others.
        messages: Its messages.
        reply: Where the answer goes.
        firsts: The indexes of those whose subject must hold nothing yet: if one holds
            something the server refuses the whole batch.

    Source: NATS ADR-50, atomic batch publishing.
    """
    start = f"Nats-Batch-Id: {batch_id}\r\nNats-Batch-Sequence: ".encode()
    extras = [b"%b%d\r\n" % (start, number) for number in range(1, len(messages) + 1)]
    for index in firsts:
        extras[index] += _IF_FIRST
    last, commit = messages[-1], extras.pop() + b"Nats-Batch-Commit: 1\r\n"
    parts = [
        hpub(message, extra=extra) for message, extra in zip(messages[:-1], extras, strict=True)
    ]
    parts.append(hpub(last, reply, commit))
    return b"".join(parts)
