"""A record as a person checks it: each field that is filled, under the schema's own name."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, Record
from ops.raw_bytes import visible
from ops.screen import INVALID_TIME

_MOST_ITEMS: Final = 8
_MOST_SIGNS: Final = 120
_TIME: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
# Said in the head line, the same in all records, or known without being told.
_HEAD: Final = frozenset(
    {"name", "observed_at", "received_at", "classification", "status", "quality", "provenance"}
)


def record_lines(record: Record, zone: tzinfo) -> Iterator[str]:
    """Yield a record's lines: its name, when and how good it is, then what it says.

    Args:
        record: The record.
        zone: The zone in which to show times.
    """
    yield visible(record.name)
    head = [f"observed {_time(record.observed_at, zone)}"]
    for field in ("classification", "status"):
        if field == "classification" or record.status != STATUS_ACTUAL:
            descriptor = Record.DESCRIPTOR.fields_by_name[field]
            head.append(_value(descriptor, getattr(record, field), zone))
    if record.quality.level != QUALITY_LEVEL_VALID:
        head.append(" ".join(_node("", record.quality, zone)))
    yield ", ".join(head)
    for descriptor, value in record.ListFields():
        if descriptor.name not in _HEAD:
            label = "" if descriptor.containing_oneof is not None else descriptor.name
            yield from _item(descriptor, value, label, zone)


def _node(label: str, message: Message, zone: tzinfo) -> Iterator[str]:
    """Yield a line of a message's own values, then the lines of the messages in it."""
    fields = message.ListFields()
    own = [
        f"{field.name} {_values(field, value, zone)}"
        for field, value in fields
        if not _has_fields(field)
    ]
    if own:
        yield f"{label}: {', '.join(own)}" if label else ", ".join(own)
    for field, value in fields:
        if _has_fields(field):
            yield from _item(field, value, f"{label}.{field.name}".lstrip("."), zone)


def _item(field: FieldDescriptor, value: Any, label: str, zone: tzinfo) -> Iterator[str]:
    """Yield the lines of one field of a message."""
    if not _has_fields(field):
        yield f"{label} {_values(field, value, zone)}"
    elif field.is_repeated:
        for number, one in enumerate(value[:_MOST_ITEMS]):
            yield from _node(f"{label}[{number}]", one, zone)
        if len(value) > _MOST_ITEMS:
            yield f"{label}: {len(value) - _MOST_ITEMS} more"
    else:
        yield from _node(label, value, zone)


def _values(field: FieldDescriptor, value: Any, zone: tzinfo) -> str:
    """Return a field's value, or its values if it is repeated."""
    values: Iterable[Any] = value if field.is_repeated else (value,)
    return _cut(" | ".join(_value(field, one, zone) for one in values))


def _value(field: FieldDescriptor, value: Any, zone: tzinfo) -> str:
    """Return one value."""
    if field.enum_type is not None:
        known = field.enum_type.values_by_number
        prefix = known[0].name.removesuffix("UNSPECIFIED")
        return known[value].name.removeprefix(prefix).lower() if value in known else str(value)
    if field.message_type is not None and field.message_type.full_name == _TIME:
        return _time(value, zone)
    if field.message_type is not None:
        return f"{value.ToTimedelta().total_seconds():g} s"
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return visible(str(value))


def _time(value: Timestamp, zone: tzinfo) -> str:
    """Return a time, also where no such time can be."""
    try:
        return f"{value.ToDatetime(zone):%Y-%m-%d %H:%M:%S%z}"
    except (ValueError, OverflowError):
        return INVALID_TIME


def _has_fields(field: FieldDescriptor) -> bool:
    """Tell whether a field holds messages whose fields are shown one by one."""
    schema = field.message_type
    return schema is not None and schema.full_name not in {_TIME, _DURATION}


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]}…"
