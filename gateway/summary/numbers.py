"""The number of a record that is summed: a path through the schema, checked against it."""

import functools
import math
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.errors import InvalidRequest
from gateway.key import BODIES
from gateway.mask import near_fields
from liandong.record.v1.record_pb2 import Record

FIELD: Final = "value"
ABSENT: Final = math.nan
"""What stands for a value that a record does not state."""
_NUMBERS: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_DOUBLE,
        FieldDescriptor.CPPTYPE_FLOAT,
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
_BODIES: Final = {field: kind for kind, field in BODIES.items()}


class Number:
    """One number of records.

    Args:
        path: Such as ``traffic_crowd.present``.

    Raises:
        InvalidRequest: If it leads to no number; the sentence says which names come near.

    Attributes:
        path: The path.
        kind: The only kind whose records have it; None: others may have it too.
    """

    __slots__ = ("_has_presence", "_leaf", "_way", "kind", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        *self._way, self._leaf = path.split(".")
        self._has_presence = _required(path).has_presence
        self.kind = _BODIES.get(self._way[0]) if self._way else None

    def of(self, payload: bytes) -> float:
        """Return what a record states, ABSENT if it states none, or one that is not finite."""
        message: Any = Record.FromString(payload)
        for name in self._way:
            if not message.HasField(name):
                return ABSENT
            message = getattr(message, name)
        if self._has_presence and not message.HasField(self._leaf):
            return ABSENT
        value = float(getattr(message, self._leaf))
        return value if math.isfinite(value) else ABSENT


number_of = functools.lru_cache(maxsize=1024)(Number)


def _required(path: str) -> FieldDescriptor:
    """Return the number to which a path leads.

    Raises:
        InvalidRequest: If it leads to none.
    """
    schema: Descriptor | None = Record.DESCRIPTOR
    before, found = "", None
    for part in path.split("."):
        if schema is None:
            raise _refused(path, f"{before} has no fields of its own")
        field = schema.fields_by_name.get(part)
        if field is None:
            raise _refused(path, near_fields(schema, part, before))
        before = f"{before}.{part}" if before else part
        if field.is_repeated:
            raise _refused(path, f"{before} is a list, expected one number of a record")
        schema, found = field.message_type, field
    if schema is not None:
        numbers = [f"{before}.{one.name}" for one in schema.fields if _is_number(one)]
        there = f": there are {', '.join(numbers)}" if numbers else ""
        raise _refused(path, f"it is a message, expected a number{there}")
    assert found is not None, "there is a part at least"
    if not _is_number(found):
        raise _refused(path, "it is no number: what is summed is a whole number or a fraction")
    return found


def _is_number(field: FieldDescriptor) -> bool:
    """Tell whether a field is one number."""
    return field.cpp_type in _NUMBERS and not field.is_repeated


def _refused(path: str, sentence: str) -> InvalidRequest:
    """Return what is said of a path that leads to no number."""
    return InvalidRequest([(FIELD, f"names {path!r}: {sentence}")])
