"""What a request asked for, as bounded text without the content of any record."""

import functools
from typing import NamedTuple

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from liandong.gateway.v1.audit_pb2 import AccessEntry
from liandong.gateway.v1.shared_state_pb2 import GetRecordRequest

_NAMES = 20
_NAME_CHARACTERS = 300
_ASKED_CHARACTERS = 1000
_OUR_WORDS = "liandong.gateway.v1."
_PLAIN = frozenset(
    {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
)
_NAME_TAG, _HEAD, _SHORT = 0x0A, 2, 127
_KNOWN = 1024
_KNOWN_BYTES = 4096
_known: dict[tuple[type[Message], bytes], bytes] = {}


class _Form(NamedTuple):
    """What of a message's fields is told: the one with names, and which are left out."""

    name: str
    left_out: tuple[str, ...]


def asked(kind: type[Message], data: bytes) -> bytes:
    """Return what a request asked for, as the fields names, more_names and asked of an entry.

    Names are told as they are. Of the rest all that is in the gateway's own words is told;
    records, questions of others, bytes and tokens are not. The same few requests come again
    and again.
    """
    fields = _known.get((kind, data))
    if fields is None:
        fields = _fields(kind, data)
        if len(_known) >= _KNOWN:
            _known.clear()
        if len(data) <= _KNOWN_BYTES:
            _known[kind, data] = fields
    return fields


def _fields(kind: type[Message], data: bytes) -> bytes:
    """Return the fields of an entry for a request; none for bytes that are no request."""
    if _is_name(kind, data):
        return b"\x5a" + data[1:]
    try:
        request = kind.FromString(data)
    except DecodeError:
        return b""
    name = _form(request.DESCRIPTOR).name
    found = getattr(request, name) if name else []
    given = [found] if isinstance(found, str) else list(found)
    if name:
        request.ClearField(name)
    _strip(request)
    text = text_format.MessageToString(request, as_one_line=True, as_utf8=True)
    return AccessEntry(
        names=[one[:_NAME_CHARACTERS] for one in given[:_NAMES] if one],
        more_names=max(len(given) - _NAMES, 0),
        asked=text if len(text) <= _ASKED_CHARACTERS else f"{text[: _ASKED_CHARACTERS - 1]}…",
    ).SerializeToString()


def _is_name(kind: type[Message], data: bytes) -> bool:
    """Tell whether a request is a name of usual length in its first field, and nothing else."""
    if kind is not GetRecordRequest or len(data) < _HEAD or data[0] != _NAME_TAG:
        return False
    return data[1] == len(data) - _HEAD <= _SHORT and data[_HEAD:].isascii()


@functools.cache
def _form(descriptor: Descriptor) -> _Form:
    """Return what is told of a kind of message."""
    fields = descriptor.fields_by_name
    names = (
        name
        for name in ("name", "names")
        if name in fields and fields[name].type == FieldDescriptor.TYPE_STRING
    )
    left_out = tuple(field.name for field in descriptor.fields if not _is_told(field))
    return _Form(next(names, ""), left_out)


def _is_told(field: FieldDescriptor) -> bool:
    """Tell whether a field is in the gateway's own words."""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        kind = _kind(field)
        return kind.startswith(_OUR_WORDS) or kind in _PLAIN
    return field.type != FieldDescriptor.TYPE_BYTES and not field.name.endswith("_token")


def _strip(message: Message) -> None:
    """Take out of a message, however deep, what is not told, and what the schema does not know."""
    message.DiscardUnknownFields()
    for name in _form(message.DESCRIPTOR).left_out:
        message.ClearField(name)
    for field, value in message.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE or _kind(field) in _PLAIN:
            continue
        for one in value if field.is_repeated else (value,):
            _strip(one)


def _kind(field: FieldDescriptor) -> str:
    """Return the full name of a field's message."""
    assert field.message_type is not None, "only fields that hold messages are asked"
    return field.message_type.full_name
