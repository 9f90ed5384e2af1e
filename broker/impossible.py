"""Times that Protobuf carries but no one can read: whoever turns them into a date, or JSON, fails.

Source: google/protobuf/timestamp.proto and duration.proto, the ranges of their fields.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from liandong.record.v1.record_pb2 import Record

DAY_S: Final = 86_400
_EARLIEST_S: Final = -62_135_596_800
_LATEST_S: Final = 253_402_300_799
_LONGEST_S: Final = 315_576_000_000
_SECOND_NS: Final = 1_000_000_000

Wrong = tuple[str, str]
"""A field, such as ``records[0].observed_at``, and what is wrong with it."""
_Check = Callable[[Any], str]
_Step = tuple[FieldDescriptor, _Check | None]


def impossible(message: Message) -> list[Wrong]:
    """Return the times and spans at any depth of a message that cannot be."""
    return list(_wrong(message, ""))


def impossible_record(record: Record, now_s: int) -> list[Wrong]:
    """Return the times of a record that cannot be, or lie too far ahead to be observed.

    Args:
        record: The record.
        now_s: When it came, seconds since 1970 UTC.
    """
    wrong = impossible(record)
    return wrong or [
        (field, "lies more than a day ahead: set the source's clock")
        for field, moment in (
            ("observed_at", record.observed_at),
            ("received_at", record.received_at),
        )
        if moment.seconds > now_s + DAY_S
    ]


def told(wrong: list[Wrong]) -> str:
    """Return what is wrong as one sentence, of the first three at most."""
    parts = [f"{field}: {sentence}" for field, sentence in wrong[:3]]
    return "; ".join([*parts, f"and {len(wrong) - 3} more"] if len(wrong) > len(parts) else parts)


def _wrong(message: Message, path: str) -> Iterator[Wrong]:
    """Yield what is wrong in a message that stands at a path."""
    schema: Any = message.DESCRIPTOR
    plan = _plans.get(schema)
    if plan is None:
        plan = _plans[schema] = tuple(_steps(schema))
    for field, check in plan:
        for place, value in _values(message, field):
            at = f"{path}{place}"
            if check is None:
                yield from _wrong(value, f"{at}.")
            elif sentence := check(value):
                yield at, sentence


def _values(message: Message, field: FieldDescriptor) -> Iterator[tuple[str, Any]]:
    """Yield what a field holds, and where each of it stands."""
    name = field.name
    if not field.is_repeated:
        if message.HasField(name):
            yield name, getattr(message, name)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        for key, value in getattr(message, name).items():
            yield f"{name}[{key!r}]", value
    else:
        for number, value in enumerate(getattr(message, name)):
            yield f"{name}[{number}]", value


def _steps(schema: Descriptor) -> Iterator[_Step]:
    """Yield the fields in which times may stand, and what checks each; None: look into it."""
    for field in schema.fields:
        below = _below(field)
        if below is None:
            continue
        check = _CHECKS.get(below.full_name)
        if check is not None or _has_times(below, set()):
            yield field, check


def _below(field: FieldDescriptor) -> Descriptor | None:
    """Return the schema of the messages that a field holds; None: it holds none."""
    below: Descriptor | None = field.message_type
    if below is not None and below.GetOptions().map_entry:
        below = below.fields_by_name["value"].message_type
    return below


def _has_times(schema: Descriptor, seen: set[str]) -> bool:
    """Tell whether times may stand in a message at any depth."""
    if schema.full_name in _CHECKS:
        return True
    if schema.full_name in seen:
        return False
    seen.add(schema.full_name)
    return any(
        below is not None and _has_times(below, seen) for below in map(_below, schema.fields)
    )


def _moment(value: Timestamp) -> str:
    """Return what is wrong with a time; empty: nothing."""
    if not _EARLIEST_S <= value.seconds <= _LATEST_S:
        return f"has {value.seconds} seconds since 1970, expected a time in the years 1 to 9999"
    if not 0 <= value.nanos < _SECOND_NS:
        return f"has {value.nanos} nanos, expected 0 to 999999999"
    return ""


def _span(value: Duration) -> str:
    """Return what is wrong with a span of time; empty: nothing."""
    seconds, nanos = value.seconds, value.nanos
    if abs(seconds) > _LONGEST_S:
        return f"has {seconds} seconds, expected {_LONGEST_S} at most either way"
    if abs(nanos) >= _SECOND_NS:
        return f"has {nanos} nanos, expected less than a second"
    if seconds * nanos < 0:
        return f"has {seconds} seconds and {nanos} nanos, expected both of the same sign"
    return ""


_CHECKS: Final[dict[str, _Check]] = {
    Timestamp.DESCRIPTOR.full_name: _moment,
    Duration.DESCRIPTOR.full_name: _span,
}
_plans: Final[dict[Descriptor, tuple[_Step, ...]]] = {}
