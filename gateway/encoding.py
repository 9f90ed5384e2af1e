"""Protobuf's wire format, as far as responses are put together from stored bytes."""

from broker.varint import varint
from liandong.gateway.v1.shared_state_pb2 import EventType


def tag(field: int) -> bytes:
    """Return the tag of a length-delimited field."""
    return varint(field << 3 | 2)


def framed(field: int, content: bytes) -> bytes:
    """Return content as a length-delimited field: tag, length, content."""
    return b"%b%b%b" % (tag(field), varint(len(content)), content)


def counted(field: int, count: int) -> bytes:
    """Return a count as a field; 0: nothing, as Protobuf writes it."""
    return varint(field << 3) + varint(count) if count else b""


def elements(field: int, sized: list[bytes], tail: bytes = b"") -> bytes:
    """Return contents that carry their length already as the elements of a repeated field.

    Args:
        field: The field.
        sized: The contents.
        tail: What comes after them. Put together at once, a page is copied once.
    """
    if not sized:
        return tail
    return tag(field).join([b"", *sized[:-1], sized[-1] + tail])


def record_event(kind: "EventType.ValueType", sized: bytes, token: str = "") -> bytes:
    """Return an event with a record: type (1), record (2), resume_token (4).

    Args:
        kind: What happened.
        sized: The record's bytes after their length.
        token: Where to go on after it.
    """
    tail = framed(4, token.encode()) if token else b""
    return b"\x0a%b\x08%c\x12%b%b" % (varint(len(sized) + len(tail) + 3), kind, sized, tail)


def named_event(
    kind: "EventType.ValueType", name: str, token: str, *, reason: int = 0, feeds: bytes = b""
) -> bytes:
    """Return an event without a record: type (1), name (3), resume_token (4).

    Args:
        kind: What happened.
        name: Of which record; empty: of none.
        token: Where to go on after it.
        reason: The removal_reason (6).
        feeds: The elements of feeds (5), as they are sent.
    """
    named = framed(3, name.encode()) if name else b""
    why = b"\x30%c" % reason if reason else b""
    return framed(1, b"\x08%c%b%b%b%b" % (kind, named, framed(4, token.encode()), feeds, why))
