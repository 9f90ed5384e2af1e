"""A record as the view keeps it: its bytes, and what selections ask of it."""

import operator
from dataclasses import dataclass

import structlog
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from broker.delivery import Delivery
from broker.subjects import is_past, past_subject, share_subject
from broker.varint import varint
from gateway.boxes import Box, box_of
from gateway.key import Key, key_of
from liandong.record.v1.record_pb2 import Record

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Entry:
    """A record, ready to be selected and sent.

    Attributes:
        name: The record's name.
        observed: When it was observed, nanoseconds since 1970 UTC.
        counted: When it counts as observed beside others of its name: not after it was stored,
            for a clock that is ahead must not hold the place of what is true until then.
        expires: When it ends, nanoseconds since 1970 UTC; 0: open.
        key: What it has in common with others: agency, kind, classification, district,
            status, feed.
        box: What its point and areas span; None: no place.
        sequence: Its sequence in the city's stream.
        sized: Its bytes exactly as published, after their length: with a tag before them they
            are a field of a response.
        payload_at: Where in them the record begins.
        stored: When the city's stream stored it, nanoseconds since 1970 UTC.
        slot: Its place in its cell of space.
        row: Its place in the columns of its key, if there are any.
    """

    name: str
    observed: int
    counted: int
    expires: int
    key: Key
    box: Box | None
    sequence: int
    sized: bytes
    payload_at: int
    stored: int
    slot: int = 0
    row: int = -1

    @property
    def payload(self) -> bytes:
        """Return its bytes, exactly as published."""
        return self.sized[self.payload_at :]


KEY = operator.attrgetter("key")


def entry_of(payload: bytes, sequence: int, stored_ns: int) -> Entry:
    """Read what selections need out of a record's bytes.

    Args:
        payload: The bytes.
        sequence: Their sequence in the city's stream.
        stored_ns: When the stream stored them, nanoseconds since 1970 UTC.

    Raises:
        google.protobuf.message.DecodeError: If they are no record.
    """
    record = Record.FromString(payload)
    name, location, length = record.name, record.location, varint(len(payload))
    agency, kind, _ = name.split("/", 2)
    observed = _nanoseconds(record.observed_at)
    return Entry(
        name,
        observed,
        min(observed, stored_ns),
        _nanoseconds(record.expires_at) if record.HasField("expires_at") else 0,
        key_of(
            (
                agency,
                kind,
                record.classification,
                location.district,
                record.status,
                record.provenance.feed,
            )
        ),
        box_of(location),
        sequence,
        length + payload,
        len(length),
        stored_ns,
    )


def stored_entry(delivery: Delivery) -> Entry:
    """Read an entry out of a message of the city's stream.

    The bus holds each department to subjects of its own, not to what it writes in a record:
    one that calls itself otherwise than its subject says is none.

    Raises:
        google.protobuf.message.DecodeError: If it is no record.
        ValueError: If it is one of another name than its subject's.
    """
    entry = entry_of(delivery.payload, delivery.sequence, delivery.timestamp_ns)
    subject = share_subject(entry.name)
    if subject != delivery.subject and not (
        is_past(delivery.subject) and past_subject(subject) == delivery.subject
    ):
        raise ValueError(f"it calls itself {entry.name!r}, which its subject does not")
    return entry


def stored_record(delivery: Delivery) -> Entry | None:
    """Do the same; None: it is no record, and the log says so."""
    try:
        return stored_entry(delivery)
    except (DecodeError, ValueError) as error:
        _log.error("not a record", subject=delivery.subject, error=str(error))
        return None


def _nanoseconds(time: Timestamp) -> int:
    """Return a time in nanoseconds since 1970 UTC; half of what its own method costs."""
    return time.seconds * 1_000_000_000 + time.nanos
