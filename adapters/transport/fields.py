"""Message bodies that are fields one after another, read by tables.

JT/T 808 and JT/T 809 share these types: numbers big endian, STRING in GBK and padded or
ended with zeros, BCD and other bytes, which are given as hexadecimal digits.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from adapters.sdk.errors import Untranslatable
from adapters.sdk.text import GB18030, UTF8, is_valid
from liandong.quantity.v1.quantity_pb2 import Attribute

Pair = tuple[str, str]

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
LONGEST_VALUE: Final = 8192
"""As long as the schema lets an attribute's value be; what is longer is cut in pieces."""


class Field(NamedTuple):
    """A field of a body."""

    key: str
    kind: Literal["number", "hex", "text", "counted", "hex_to_end", "text_to_end"]
    size: int = 0
    """Bytes; of ``counted``, of the length that stands before the text."""


def number(key: str, size: int) -> Field:
    """Describe an unsigned number."""
    return Field(key, "number", size)


def hexed(key: str, size: int) -> Field:
    """Describe bytes, BCD among them."""
    return Field(key, "hex", size)


def text(key: str, size: int) -> Field:
    """Describe text padded to a size."""
    return Field(key, "text", size)


def counted(key: str) -> Field:
    """Describe text with its length in a byte before it."""
    return Field(key, "counted", 1)


def hex_to_end(key: str = "content") -> Field:
    """Describe bytes that reach to the end."""
    return Field(key, "hex_to_end")


def text_to_end(key: str) -> Field:
    """Describe text that reaches to the end."""
    return Field(key, "text_to_end")


def read(body: bytes, layout: Sequence[Field], *, required: int | None = None) -> list[Pair]:
    """Return a body's fields as keys and values; bytes after the last are ``trailing``.

    Args:
        body: The body.
        layout: Its fields.
        required: How many of them must be there; None: all.

    Raises:
        Untranslatable: The body ends within a field, or before one that must be there.
    """
    least = len(layout) if required is None else required
    pairs: list[Pair] = []
    at = 0
    for position, field in enumerate(layout):
        if at == len(body) and position >= least:
            return pairs
        start, end = _span(body, at, field)
        if end > len(body):
            raise Untranslatable(
                field.key,
                body[at:].hex(),
                expected=f"{end - at} bytes from byte {at} of a body of {len(body)}",
                cause="body",
            )
        pairs.extend(_pairs(field, body[start:end]))
        at = end
    if at < len(body):
        pairs.append(("trailing", body[at:].hex().upper()))
    return pairs


def _span(body: bytes, at: int, field: Field) -> tuple[int, int]:
    """Return where a field's value begins and ends."""
    if field.kind == "counted":
        length = body[at] if at < len(body) else 0
        return at + 1, at + 1 + length
    if field.kind in {"hex_to_end", "text_to_end"}:
        return at, len(body)
    return at, at + field.size


def _pairs(field: Field, value: bytes) -> Iterator[Pair]:
    if field.kind == "number":
        yield field.key, str(int.from_bytes(value, "big"))
    elif field.kind in {"hex", "hex_to_end"}:
        yield field.key, value.hex().upper()
    else:
        yield text_pair(field.key, value)


def text_pair(key: str, value: bytes) -> Pair:
    """Return text, or the bytes under ``<key>_hex`` when they are no GBK."""
    found = text_of(value)
    return (f"{key}_hex", value.hex().upper()) if found is None else (key, found)


def text_of(value: bytes) -> str | None:
    """Return what a STRING says, less what pads it; None: it is no text.

    Some terminals and platforms write UTF-8 in place of GBK. Three of its bytes make a
    Chinese character, and two of GBK: what holds Chinese as UTF-8 is hardly ever GBK.
    """
    # Behind its first zero there may be whatever stood in the sender's memory.
    stripped = value.lstrip(b"\x00 ").partition(b"\x00")[0].rstrip(b" ")
    if is_valid(stripped, UTF8) and _CHINESE.search(stripped.decode()):
        return stripped.decode()
    return stripped.decode(GB18030) if is_valid(stripped, GB18030) else None


def attributes(pairs: Iterable[Pair]) -> Iterator[Attribute]:
    """Yield pairs as attributes; a value that is too long becomes ``key.1``, ``key.2`` ..."""
    for key, value in pairs:
        if len(value) <= LONGEST_VALUE:
            yield Attribute(key=key, value=value)
            continue
        for part, start in enumerate(range(0, len(value), LONGEST_VALUE), 1):
            yield Attribute(key=f"{key}.{part}", value=value[start : start + LONGEST_VALUE])
