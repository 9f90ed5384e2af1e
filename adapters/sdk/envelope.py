"""The part of an entity's records that stays the same from message to message.

Name, place, classification, feed and version change only with the configuration, so
they are written once per entity and kept as bytes. A record is then one parse of those
bytes and its body's, and five fields; the adapter's ``record`` remains what writes them.
"""

import hashlib
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from adapters.sdk.clock import Moment
from broker.varint import varint
from liandong.quantity.v1.quantity_pb2 import Quality
from liandong.record.v1.record_pb2 import Record

A = TypeVar("A", bound=tuple[object, ...])

_REMEMBERED: Final = 8192
_LENGTH_DELIMITED: Final = 2


_TAGS: Final = {
    field.name: varint(field.number << 3 | _LENGTH_DELIMITED)
    for field in Record.DESCRIPTOR.oneofs_by_name["body"].fields
}


class Envelopes(Generic[A]):
    """Records by address; all is forgotten when there is too much.

    Args:
        blank: Makes the record of an address: all that its messages have in common. An
            address is a tuple, whatever decides about that: kind, entity, version.
    """

    def __init__(self, blank: Callable[[A], Record]) -> None:
        self._blank = blank
        self._known: dict[A, bytes] = {}

    def record(
        self,
        address: A,
        field: str,
        body: bytes,
        quality: Quality,
        *,
        observed: Moment,
        received: Moment,
        sent: Moment | None,
        message: bytes,
        number: str,
    ) -> Record:
        """Return a record.

        Args:
            address: Whose it is.
            field: The body's field in the record, for example ``water_level``.
            body: The body, encoded.
            quality: How far it may be trusted.
            observed: When the world was so.
            received: When it came.
            sent: When the source says it sent it.
            message: The exact bytes of the message.
            number: The source's own id of the message.
        """
        constant = self._known.get(address)
        if constant is None:
            constant = self._write(address)
        length = varint(len(body))
        record = Record.FromString(b"".join((constant, _TAGS[field], length, body)))
        observed.write(record.observed_at)
        received.write(record.received_at)
        record.quality.CopyFrom(quality)
        origin = record.provenance
        origin.source_message_id = number
        origin.raw_sha256 = hashlib.sha256(message).digest()
        if sent is not None:
            sent.write(origin.sent_at)
        return record

    def _write(self, address: A) -> bytes:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        blank = self._blank(address)
        for field in ("observed_at", "received_at", "quality", "body"):
            blank.ClearField(field)
        blank.provenance.ClearField("raw_sha256")
        constant = self._known[address] = blank.SerializeToString()
        return constant
