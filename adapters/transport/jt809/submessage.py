"""What stands in the body of 1200 and its like: whose it is, its subtype, its data."""

import re
from typing import Final, NamedTuple

from adapters.sdk.errors import Untranslatable
from adapters.sdk.text import undecodable_text
from adapters.transport.fields import text_of

PLATE: Final = 21
"""Bytes of a registration plate: GBK, filled up with zeros."""

_DECORATION: Final = re.compile(r"(?<=.)[\s·•・.-]+(?=.)")
_HEAD: Final = 6
_OWNER: Final = PLATE + 1
EXCHANGES: Final = frozenset({0x1200, 0x1300, 0x1400, 0x1500, 0x1600, 0x1700})
"""Types whose body is a sub-message."""


class Submessage(NamedTuple):
    """A sub-message."""

    owner: bytes
    """Plate and colour, 22 bytes; none where it is about no single vehicle."""
    type: int
    data: bytes


def submessage_of(message_type: int, body: bytes) -> Submessage | None:
    """Return the sub-message of a body; None where a type has none and nothing looks like one.

    A plate and its colour stand before the subtype or not, by subtype and edition; the
    length before the data tells. A subtype begins as its type does.

    Raises:
        Untranslatable: The type has sub-messages, and no length fits.
    """
    for at in (_OWNER, 0):
        subtype = int.from_bytes(body[at : at + 2], "big")
        size = int.from_bytes(body[at + 2 : at + _HEAD], "big")
        if subtype >> 8 == message_type >> 8 and len(body) == at + _HEAD + size:
            return Submessage(body[:at], subtype, body[at + _HEAD :])
    if message_type not in EXCHANGES:
        return None
    raise Untranslatable(
        "body",
        body.hex(),
        expected=f"a sub-message of {message_type:04X} with its length before its data",
        cause="body",
        remedy="if its platform encrypts, check ciphers.<access code> in the feed's options",
    )


def vehicle_of(owner: bytes) -> tuple[str, int]:
    """Return plate and colour of 22 bytes.

    Raises:
        Untranslatable: There is no plate, or it is not GBK.
    """
    plate = owner[:PLATE].strip(b"\x00 ")
    if not plate:
        raise Untranslatable("plate", "", expected="a registration plate", cause="plate")
    text = text_of(plate)
    if text is None:
        raise undecodable_text(plate, "plate", expected="GBK")
    return text, owner[PLATE]


def entity_of(plate: str, colour: int) -> str:
    """Return a vehicle's entity: plates of one number and different colours exist.

    However a platform writes a plate, ``苏a·12345``, it is the same.
    """
    return f"{_DECORATION.sub('', plate).upper()}-{colour}"
