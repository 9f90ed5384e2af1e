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
    announced: int
    """How many positions it says that it holds."""
    items: list[bytes]
    """Bodies of position reports; some may be too short for one."""
    trailing: bytes
    """What follows the last whole one of them."""


def items_of(body: bytes) -> Batch:
    """Return a batch: all that stand in it whole, whatever it says that they are.

    Terminals miscount, and each item has its own length; none may cost the others.

    Raises:
        Untranslatable: It has no head, or not one of the positions that it announces.
    """
    if len(body) < _HEAD:
        raise Untranslatable("batch", body.hex(), expected="count and type, 3 bytes", cause="body")
    count, at = int.from_bytes(body[:2], "big"), _HEAD
    items = []
    while at + _LENGTH < len(body):
        size = int.from_bytes(body[at : at + _LENGTH], "big")
        item = body[at + _LENGTH : at + _LENGTH + size]
        if not size or len(item) < size:
            break
        items.append(item)
        at += _LENGTH + size
    if count and not any(len(item) >= SIZE for item in items):
        raise Untranslatable(
            "batch",
            body[_HEAD:].hex(),
            expected=f"{count} positions, each of {SIZE} bytes at least, after its length",
            cause="body",
        )
    return Batch(body[2], count, items, body[at:])
