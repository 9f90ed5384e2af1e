"""The part of a station's records that stays the same from message to message.

Name, place, classification, feed and version change only with the configuration, so
they are written once per station and kept as bytes. A record is then one parse of those
bytes and its body's, and five fields; the SDK's ``record`` remains what writes them.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from adapters.environment.hj212.clock import Moment
from adapters.environment.hj212.codes import AIR, DISCHARGE, WATER
from liandong.quantity.v1.quantity_pb2 import Quality
from liandong.record.v1.record_pb2 import Record

_REMEMBERED: Final = 8192
_FIELDS: Final = {
    kind: Record.DESCRIPTOR.fields_by_name[field].number
    for kind, field in (
        (AIR, "environment_air"),
        (DISCHARGE, "environment_discharge"),
        (WATER, "water_quality"),
    )
}
_LENGTH_DELIMITED: Final = 2
_CONTINUED: Final = 0x80


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= _CONTINUED:
        out.append(value & (_CONTINUED - 1) | _CONTINUED)
        value >>= 7
    out.append(value)
    return bytes(out)


_TAGS: Final = {kind: _varint(number << 3 | _LENGTH_DELIMITED) for kind, number in _FIELDS.items()}
_LENGTHS: Final = tuple(map(_varint, range(4096)))


Address = tuple[str, str, str]
"""What decides about an envelope: kind, MN, version of the standard."""


class Envelopes:
    """Records by address; the oldest knowledge is dropped when there is too much."""

    def __init__(self, blank: Callable[[Address], Record]) -> None:
        """Take what makes a record without body, quality and times of its own."""
        self._blank = blank
        self._known: dict[Address, bytes] = {}

    def record(
        self,
        address: Address,
        body: bytes,
        quality: Quality,
        *,
        observed: Moment,
        received: Moment,
        sent: Moment | None,
        message: bytes,
        number: str,
    ) -> Record:
        """Return a record with this body, which is encoded already."""
        constant = self._known.get(address)
        if constant is None:
            constant = self._write(address)
        size = len(body)
        length = _LENGTHS[size] if size < len(_LENGTHS) else _varint(size)
        record = Record.FromString(b"".join((constant, _TAGS[address[0]], length, body)))
        observed.write(record.observed_at)
        received.write(record.received_at)
        record.quality.CopyFrom(quality)
        origin = record.provenance
        origin.source_message_id = number
        origin.raw_sha256 = hashlib.sha256(message).digest()
        if sent is not None:
            sent.write(origin.sent_at)
        return record

    def _write(self, address: Address) -> bytes:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        blank = self._blank(address)
        for field in ("observed_at", "received_at", "quality"):
            blank.ClearField(field)
        blank.provenance.ClearField("raw_sha256")
        constant = self._known[address] = blank.SerializeToString()
        return constant
