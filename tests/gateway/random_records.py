"""Records of every kind with anything in them, and every field that can be hidden."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from gateway.hidden import FieldWrong, Step, steps_of
from gateway.key import BODIES
from liandong.record.v1.record_pb2 import CLASSIFICATION_INTERNAL, STATUS_ACTUAL, Record

_DEPTH = 4
_DISTRICTS = ("320100", "320102", "320104", "320106", "110101")


def record(seed: int) -> Record:
    """Make a record: a kind, and each of its fields set or not."""
    dice = random.Random(seed)
    kind, body = dice.choice(sorted(BODIES.items()))
    made = Record(
        name=f"water/{kind}/{dice.randrange(9)}",
        classification=CLASSIFICATION_INTERNAL,
        status=STATUS_ACTUAL,
    )
    made.observed_at.seconds = 1_780_000_000
    made.received_at.seconds = 1_780_000_001
    _fill(made.location, dice, 0)
    made.location.district = dice.choice(_DISTRICTS)
    _fill(made.quality, dice, 0)
    _fill(made.provenance, dice, 0)
    getattr(made, body).SetInParent()
    _fill(getattr(made, body), dice, 0)
    return made


def _fill(message: Message, dice: random.Random, depth: int) -> None:
    """Set some of a message's fields."""
    for field in message.DESCRIPTOR.fields:
        if dice.random() < 0.4:
            continue
        if field.message_type is not None:
            if depth < _DEPTH:
                _fill_inner(message, field, dice, depth)
        elif field.is_repeated:
            getattr(message, field.name).extend(_value(field, dice) for _ in range(2))
        else:
            setattr(message, field.name, _value(field, dice))


def _fill_inner(message: Message, field: Any, dice: random.Random, depth: int) -> None:
    """Set a field that is a message, or two of them."""
    inner = getattr(message, field.name)
    if field.is_repeated:
        for _ in range(2):
            _fill(inner.add(), dice, depth + 1)
    else:
        inner.SetInParent()
        _fill(inner, dice, depth + 1)


def _value(field: Any, dice: random.Random) -> Any:
    """Return a value that nothing else has, as far as its type has room for one."""
    if field.cpp_type == field.CPPTYPE_STRING:
        text = f"{dice.getrandbits(64):016x}"
        return text.encode() if field.type == field.TYPE_BYTES else text
    if field.enum_type is not None:
        return dice.choice(field.enum_type.values).number
    if field.cpp_type == field.CPPTYPE_BOOL:
        return dice.random() < 0.5
    if field.cpp_type in {field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT}:
        return dice.uniform(-90, 90)
    return dice.randrange(1 << 20, 1 << 29)


def hideable() -> list[str]:
    """Return every path that agreements may hide."""
    return sorted(_paths(Record.DESCRIPTOR, "", 0))


def _paths(message: Descriptor, prefix: str, depth: int) -> Iterator[str]:
    """Yield the paths below a message."""
    for field in message.fields:
        path = f"{prefix}{field.name}"
        try:
            steps_of(path)
        except FieldWrong:
            pass
        else:
            yield path
        if field.message_type is not None and depth < _DEPTH:
            yield from _paths(field.message_type, f"{path}.", depth + 1)


def values(message: Message, path: str) -> Iterator[bytes | float]:
    """Yield what a message states at a path, messages opened: strings, bytes and fractions."""
    name, _, rest = path.partition(".")
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.has_presence and not message.HasField(name):
        return
    value = getattr(message, name)
    for one in value if field.is_repeated else (value,):
        if isinstance(one, Message):
            inner = [rest] if rest else [known.name for known in one.DESCRIPTOR.fields]
            for each in inner:
                yield from values(one, each)
        elif isinstance(one, str | bytes):
            yield one.encode() if isinstance(one, str) else one
        elif isinstance(one, float):
            yield one


def graft(target: Message, source: Message, steps: Sequence[Step]) -> None:
    """Put into a message what another states at a path, or nothing where it states nothing."""
    (name, repeated, needed), *rest = steps
    if not rest:
        target.ClearField(name)
        only = type(target)()
        only.CopyFrom(source)
        for other, _ in source.ListFields():
            if other.name != name:
                only.ClearField(other.name)
        target.MergeFrom(only)
        return
    ours, theirs = getattr(target, name), getattr(source, name)
    if repeated:
        for number, element in enumerate(ours):
            graft(element, theirs[number] if number < len(theirs) else type(element)(), rest)
    elif target.HasField(name) or (source.HasField(name) and not needed):
        # What a message must have is there, or else it was no record before either.
        graft(ours, theirs, rest)
