"""The fields of a record that a column can fill, by path.

``body`` stands for the body of the mapping's kind: ``body.level_m`` of a ``water.level`` is
``water_level.level_m``. Of a repeated message, such as an incident's units, a column fills
one entry, or one for each of its words.
"""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from liandong.record.v1.record_pb2 import Record

_FIELDS: Final = Record.DESCRIPTOR.fields_by_name
_BODIES: Final = Record.DESCRIPTOR.oneofs_by_name["body"].fields
_OUTSIDE: Final = (
    "observed_at",
    "expires_at",
    "location",
    "classification",
    "status",
    "quality",
    "provenance",
)
# What liandong writes itself.
_OURS: Final = frozenset(
    f"provenance.{name}"
    for name in ("feed", "adapter", "adapter_version", "trace_id", "format_version")
)
_DEEPEST: Final = 6
# Neither has fields of its own: a span is no column, and columns that are kept have a key.
_CLOSED: Final = frozenset({"google.protobuf.Duration", "liandong.quantity.v1.Attribute"})


class Shape(enum.Enum):
    """What can be written into a field."""

    TEXT = "a text"
    REAL = "a number"
    WHOLE = "a whole number"
    FLAG = "yes or no"
    WORD = "a word of an enumeration"
    TIME = "a time"
    POINT = "a point"
    QUALITY = "a level of quality"


_SHAPES: Final = {
    FieldDescriptor.CPPTYPE_STRING: Shape.TEXT,
    FieldDescriptor.CPPTYPE_DOUBLE: Shape.REAL,
    FieldDescriptor.CPPTYPE_FLOAT: Shape.REAL,
    FieldDescriptor.CPPTYPE_INT32: Shape.WHOLE,
    FieldDescriptor.CPPTYPE_INT64: Shape.WHOLE,
    FieldDescriptor.CPPTYPE_UINT32: Shape.WHOLE,
    FieldDescriptor.CPPTYPE_UINT64: Shape.WHOLE,
    FieldDescriptor.CPPTYPE_BOOL: Shape.FLAG,
    FieldDescriptor.CPPTYPE_ENUM: Shape.WORD,
}
_MESSAGES: Final = {
    "google.protobuf.Timestamp": Shape.TIME,
    "liandong.place.v1.Point": Shape.POINT,
}
Holder = Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A field that a column can fill.

    Attributes:
        path: As mappings write it.
        field: Its descriptor.
        shape: What can be written into it.
        parents: The attributes that lead from a record to the message that holds it.
        repeated: Which of the parents is repeated; None: none is.
    """

    path: str
    field: FieldDescriptor
    shape: Shape
    parents: tuple[str, ...]
    repeated: int | None = None

    @property
    def is_list(self) -> bool:
        """Tell whether a column's words become several entries."""
        through = self.repeated is not None and self.shape is Shape.TEXT
        return self.field.is_repeated or through

    def holder(self) -> Holder:
        """Return what finds the message that holds the field in a record; it may be new."""
        if self.repeated is None:
            return _attributes(self.parents)
        entry = self.entry()
        return lambda record: entry(record, 0)

    def entry(self) -> Callable[[Record, int], Any]:
        """Return what finds the holder in an entry of the repeated message, added if new."""
        assert self.repeated is not None
        entries = _attributes(self.parents[: self.repeated + 1])
        inner = _attributes(self.parents[self.repeated + 1 :])

        def found(record: Record, number: int) -> Any:
            present = entries(record)
            while len(present) <= number:
                present.add()
            return inner(present[number])

        return found


def _attributes(names: tuple[str, ...]) -> Holder:
    """Return what follows attributes; without any, it returns what it is given."""
    return attrgetter(".".join(names)) if names else lambda record: record


def kinds() -> list[str]:
    """Return every kind of record."""
    return sorted(map(_kind, _BODIES))


def body_of(kind: str) -> FieldDescriptor | None:
    """Return the record's field in which a kind has its body; None: there is no such kind."""
    return next((field for field in _BODIES if _kind(field) == kind), None)


@cache
def targets(kind: str) -> dict[str, Target]:
    """Return everything that a mapping of a kind can fill, by path."""
    body = body_of(kind)
    assert body is not None, f"{kind!r} is no kind"
    found = {one.path: one for one in _walk(body.message_type, "body", (body.name,))}
    outside = (one for name in _OUTSIDE for one in _targets(_FIELDS[name], name, ()))
    found |= {one.path: one for one in outside if one.path not in _OURS}
    level = found["quality.level"]
    return found | {"quality": Target("quality", level.field, Shape.QUALITY, level.parents)}


def _kind(body: FieldDescriptor) -> str:
    """Return a body's kind: its field's name, but for the one that has a shorter one."""
    return "incident.report" if body.name == "incident" else body.name.replace("_", ".", 1)


def _walk(
    message: Descriptor | None, path: str, parents: tuple[str, ...], repeated: int | None = None
) -> Iterator[Target]:
    """Yield what can be filled in a message."""
    if message is not None and len(parents) < _DEEPEST and message.full_name not in _CLOSED:
        for field in message.fields:
            yield from _targets(field, f"{path}.{field.name}", parents, repeated)


def _targets(
    field: FieldDescriptor, path: str, parents: tuple[str, ...], repeated: int | None = None
) -> Iterator[Target]:
    """Yield what can be filled at a field: itself, or what is in it."""
    shape = _SHAPES.get(field.cpp_type)
    if field.message_type is not None:
        shape = _MESSAGES.get(field.message_type.full_name)
    listed = shape is Shape.TEXT and repeated is None
    if shape is not None and (not field.is_repeated or listed):
        if field.type != FieldDescriptor.TYPE_BYTES:
            yield Target(path, field, shape, parents, repeated)
    elif field.message_type is not None and not (field.is_repeated and repeated is not None):
        within = len(parents) if field.is_repeated else repeated
        yield from _walk(field.message_type, path, (*parents, field.name), within)
