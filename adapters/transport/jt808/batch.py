"""Positions sent late or together, 0704 (JT/T 808-2013 and 2019, 定位数据批量上传)."""

from typing import Final, NamedTuple

from adapters.sdk.errors import Untranslatable
from adapters.transport.jt808.location import SIZE

_HEAD: Final = 3
_LENGTH: Final = 2


class Batch(NamedTuple):
    """A batch."""

    type: int
    """0: a usual batch; 1: back-fill from where there was no network."""
    items: list[bytes]
    """Bodies of position reports."""
    trailing: bytes
    """What follows the last of them."""


def items_of(body: bytes) -> Batch:
    """Return a batch.

    Raises:
        Untranslatable: It ends within an item, or an item is shorter than a position.
    """
    if len(body) < _HEAD:
        raise Untranslatable("batch", body.hex(), expected="count and type, 3 bytes", cause="body")
    count, at = int.from_bytes(body[:2], "big"), _HEAD
    items = []
    for number in range(1, count + 1):
        size = int.from_bytes(body[at : at + _LENGTH], "big")
        item = body[at + _LENGTH : at + _LENGTH + size]
        if len(item) < max(size, SIZE):
            raise Untranslatable(
                "position",
                body[at:].hex(),
                expected=f"position {number} of {count} with its length of {size} bytes, "
                f"{SIZE} at least",
                cause="body",
            )
        items.append(item)
        at += _LENGTH + size
    return Batch(body[2], items, body[at:])
