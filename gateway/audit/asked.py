"""What a request asked for, as bounded text without the content of any record."""

import functools
from typing import NamedTuple

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_NAMES = 20
_NAME_CHARACTERS = 300
_ASKED_CHARACTERS = 1000
_OUR_WORDS = "liandong.gateway.v1."
_PLAIN = frozenset(
    {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
)
_TEXTS = 1024
_TEXT_BYTES = 4096
_texts: dict[tuple[str, bytes], str] = {}


class Asked(NamedTuple):
    """What was asked for.

    Attributes:
        names: Names of records, the first ones.
        more: How many more names.
        text: All else, in Protobuf's text format.
    """

    names: tuple[str, ...]
    more: int
    text: str


NOTHING = Asked((), 0, "")


class _Form(NamedTuple):
    """What of a request's fields is told: the one with names, and which are left out."""

    name: str
    is_list: bool
    left_out: tuple[str, ...]


def asked(request: Message | None) -> Asked:
    """Return what a request asked for.

    Names are told as they are. Of the rest all that is in the gateway's own words is told;
    records, questions of others, bytes and tokens are not.
    """
    if request is None:
        return NOTHING
    form = _form(request.DESCRIPTOR)
    fields = request.ListFields()
    if len(fields) == 1 and fields[0][0].name == form.name and not form.is_list:
        return Asked((fields[0][1][:_NAME_CHARACTERS],), 0, "")
    names: tuple[str, ...] = ()
    more = 0
    if form.name:
        found = getattr(request, form.name)
        given = found if form.is_list else [found] if found else []
        names = tuple(name[:_NAME_CHARACTERS] for name in given[:_NAMES])
        more = max(len(given) - _NAMES, 0)
    if not any(field.name != form.name for field, _ in fields):
        return Asked(names, more, "")
    return Asked(names, more, _text(request, form.name))


def _text(request: Message, name: str) -> str:
    """Return what a request has besides names, as text; the same few are asked again and again."""
    encoded = request.SerializeToString()
    known = (request.DESCRIPTOR.full_name, encoded)
    text = _texts.get(known)
    if text is None:
        # A request that is being served may still be read.
        told = type(request)()
        told.CopyFrom(request)
        if name:
            told.ClearField(name)
        _strip(told)
        text = _bounded(told)
        if len(_texts) >= _TEXTS:
            _texts.clear()
        if len(encoded) <= _TEXT_BYTES:
            _texts[known] = text
    return text


def _bounded(message: Message) -> str:
    """Return a message as text of bounded length."""
    text = text_format.MessageToString(message, as_one_line=True, as_utf8=True)
    return text if len(text) <= _ASKED_CHARACTERS else f"{text[: _ASKED_CHARACTERS - 1]}…"


@functools.cache
def _form(descriptor: Descriptor) -> _Form:
    """Return what is told of a kind of message."""
    fields = descriptor.fields_by_name
    name = next(
        (
            name
            for name in ("name", "names")
            if name in fields and fields[name].type == FieldDescriptor.TYPE_STRING
        ),
        "",
    )
    left_out = tuple(field.name for field in descriptor.fields if not _is_told(field))
    return _Form(name, name == "names", left_out)


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
