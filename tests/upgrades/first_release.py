"""The messages of the first release, from schemas that were frozen then, and any message filled."""

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_FROZEN = descriptor_pb2.FileDescriptorSet.FromString(
    Path(__file__).with_suffix(".binpb").read_bytes()
)
_POOL = descriptor_pool.DescriptorPool()
for _file in _FROZEN.file:
    _POOL.Add(_file)
_DEPTH = 6
_WHOLE = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32}
_WHOLE |= {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}


def names() -> list[str]:
    """Return the full names of the messages that there were."""
    return [
        f"{file.package}.{message.name}"
        for file in _FROZEN.file
        if file.package.startswith("liandong.")
        for message in file.message_type
    ]


def first(name: str) -> type[Message]:
    """Return a message's class as it was, by its full name."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


def filled(kind: type[Message], *, body: str = "") -> Message:
    """Return a message with something in every field, of a choice the last, or the one named."""
    message = kind()
    _fill(message, body, _DEPTH)
    return message


def bodies() -> list[str]:
    """Return the names of the bodies that a record could have."""
    record = first("liandong.record.v1.Record").DESCRIPTOR
    return [field.name for field in record.oneofs_by_name["body"].fields]


def _fill(message: Message, body: str, depth: int) -> None:
    """Fill a message to a depth."""
    for field in message.DESCRIPTOR.fields:
        choice = field.containing_oneof
        if body and choice is not None and choice.name == "body" and field.name != body:
            continue
        repeated = field.is_repeated
        if field.message_type is None:
            value = _value(field)
            if repeated:
                getattr(message, field.name).extend([value, value])
            else:
                setattr(message, field.name, value)
        elif depth:
            held = getattr(message, field.name)
            held = held.add() if repeated else held
            held.SetInParent()
            _fill(held, body, depth - 1)


def _value(field: Any) -> object:
    """Return what is not a field's default."""
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if field.cpp_type in _WHOLE:
        return field.number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return b"\x01" if field.type == FieldDescriptor.TYPE_BYTES else f"text_{field.number}"
    return field.number + 0.5
