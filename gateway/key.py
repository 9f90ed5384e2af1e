"""What many records have in common, and decisions are made by."""

from dataclasses import dataclass
from typing import Final

from broker.ownership import kind_of
from liandong.record.v1.record_pb2 import Record


@dataclass(slots=True, eq=False)
class Key:
    """All that agreements and most of a selection look at; one object for equal ones.

    A decision is remembered by the object itself, which costs a twentieth of deciding.

    Attributes:
        agency: Who owns the records.
        kind: What they are about.
        classification: How far they may travel.
        district: Their district code.
        status: ACTUAL, EXERCISE or TEST.
        feed: The feed that brings them; empty: it is not told.
        stands_for: Where some of this is hidden: the key whose records are shown under this one.
    """

    agency: str
    kind: str
    classification: int
    district: str
    status: int
    feed: str = ""
    stands_for: "Key | None" = None


Values = tuple[str, str, int, str, int, str]


def key_of(values: Values) -> Key:
    """Return the one key of these values, in the order of its attributes."""
    key = _KNOWN.get(values)
    if key is None:
        key = _KNOWN[values] = Key(*values)
    return key


def known_keys() -> tuple[Key, ...]:
    """Return every key that any record has had."""
    return tuple(_KNOWN.values())


_KNOWN: Final[dict[Values, Key]] = {}


BODIES: Final = {
    kind_of(field.name): field.name for field in Record.DESCRIPTOR.oneofs_by_name["body"].fields
}
"""The record's field that is the body, by kind."""
