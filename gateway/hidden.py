"""Hidden fields: what a path means in the schema, and which of them several agreements hide."""

import difflib
import functools
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from gateway.key import BODIES
from liandong.record.v1.record_pb2 import Record

_RECORD: Final = Record.DESCRIPTOR
# Without its end a warning would be held as true for ever.
_NEEDED_BESIDES: Final = {_RECORD.full_name: {"expires_at"}}
_VALUED: Final = {FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM}
_BODIES: Final = frozenset(BODIES.values())
_validator = protovalidate.Validator()


class FieldWrong(Exception):
    """A path cannot be hidden; the sentence goes after its name."""


class Step(NamedTuple):
    """A field on the way to a hidden one.

    Attributes:
        name: The field.
        repeated: Whether there are several.
        needed: Whether its message is none without it.
    """

    name: str
    repeated: bool
    needed: bool


@functools.lru_cache(maxsize=4096)
def steps_of(path: str) -> tuple[Step, ...]:
    """Return the fields on the way to a hidden one, the last one being it.

    Args:
        path: For example ``location.point`` or ``incident.units.arrived_at``.

    Raises:
        FieldWrong: If the record has no such field, or is no record without it.
    """
    message: Descriptor | None = _RECORD
    names = path.split(".")
    steps: list[Step] = []
    for name in names:
        if message is None:
            raise FieldWrong(f"{steps[-1].name} has no fields of its own: leave out .{name}")
        field = message.fields_by_name.get(name)
        if field is None:
            raise FieldWrong(_unknown(name, message, steps))
        steps.append(Step(name, field.is_repeated, _is_needed(field)))
        message = field.message_type
    assert field is not None
    _require_hideable(field, steps)
    return tuple(steps)


def _unknown(name: str, message: Descriptor, steps: Sequence[Step]) -> str:
    """Say that there is no such field, and which come near."""
    names = [field.name for field in message.fields]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    where = steps[-1].name if steps else "a record"
    known = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    return f"there is no field {name} in {where}; {known}"


def _require_hideable(field: FieldDescriptor, steps: Sequence[Step]) -> None:
    """Check that what is left without a field still says what it says.

    Raises:
        FieldWrong: If it would be no record, or would state a value that nobody stated.
    """
    whole = ".".join(step.name for step in steps[:-1])
    if steps[-1].needed:
        if not whole and steps[-1].name in _BODIES:
            raise FieldWrong("it is all that the record states: leave its kind out of kinds")
        instead = f": hide {whole} whole, or fields beside it" if whole else ""
        raise FieldWrong(f"{whole or 'a record'} is none without {steps[-1].name}{instead}")
    if not (field.has_presence or field.is_repeated or field.cpp_type in _VALUED):
        raise FieldWrong(f"without it {whole} would say that it is 0: hide {whole} whole")


def _is_needed(field: FieldDescriptor) -> bool:
    """Tell whether a field's message is none without it."""
    message = field.containing_type
    assert message is not None
    needed = _needed(message)
    choice = field.containing_oneof
    return field.name in needed or (choice is not None and choice.name in needed)


@functools.lru_cache(maxsize=1024)
def _needed(message: Descriptor) -> frozenset[str]:
    """Return what a message must have, by the schema's own rules."""
    violations = _validator.collect_violations(GetMessageClass(message)())
    paths = (one.proto.field.elements for one in violations if one.proto.field is not None)
    names = {elements[0].field_name for elements in paths if len(elements) == 1}
    return frozenset(names | _NEEDED_BESIDES.get(message.full_name, set()))


def of_kind(paths: Collection[str], kind: str) -> frozenset[str]:
    """Return those paths that records of a kind have."""
    body = BODIES.get(kind)
    firsts = ((path, path.partition(".")[0]) for path in paths)
    return frozenset(path for path, first in firsts if first == body or first not in _BODIES)


def hidden_by_all(sets: Collection[frozenset[str]]) -> tuple[str, ...]:
    """Return what each of several sets of paths hides, as the shortest paths, in order.

    One that hides ``location`` and one that hides ``location.point`` both hide the point.
    """
    paths = {path for one in sets for path in one if all(covers(other, path) for other in sets)}
    return tuple(sorted(path for path in paths if not covers(paths - {path}, path)))


def covers(paths: Collection[str], path: str) -> bool:
    """Tell whether a path, or what it is a part of, is among others."""
    parts = path.split(".")
    return any(".".join(parts[:count]) in paths for count in range(1, len(parts) + 1))
