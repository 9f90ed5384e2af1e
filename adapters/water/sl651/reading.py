"""What was read of a frame, ready to be put into records."""

from typing import NamedTuple

from adapters.sdk.adapter import VALID
from adapters.sdk.clock import Moment
from liandong.quantity.v1.quantity_pb2 import Quality


class Statement(NamedTuple):
    """What becomes one record.

    Attributes:
        kind: The record's kind.
        station: Whose it is, 10 digits.
        body: The kind's message, encoded.
        observed: When the world was so.
        quality: How far it may be trusted.
        shape: What it has in common with others, see ``Translated.shape``.
    """

    kind: str
    station: str
    body: bytes
    observed: Moment
    quality: Quality = VALID
    shape: tuple[bytes, str] | None = None


class Reading(NamedTuple):
    """A frame that was read.

    Attributes:
        serial: Its serial number.
        sent: When the station says that it sent it.
        statements: What it states, one at least.
    """

    serial: int
    sent: Moment
    statements: list[Statement]
