"""Which of a schema's fields an adapter ever fills."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from liandong.record.v1.record_pb2 import Record

# Written as one value by people, though they are messages.
_SCALAR: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration"})
_DEEPEST: Final = 4


class Coverage:
    """Counts, kind by kind, in how many records each field of the body was filled."""

    def __init__(self) -> None:
        self._records: Counter[str] = Counter()
        self._filled: dict[str, Counter[str]] = {}

    def add(self, records: Iterable[Record]) -> None:
        """Count records that have a body."""
        for record in records:
            body = record.WhichOneof("body")
            if body is None:
                continue
            kind = kind_of(record)
            self._records[kind] += 1
            counts = self._filled.setdefault(
                kind, Counter(dict.fromkeys(_paths(getattr(record, body).DESCRIPTOR), 0))
            )
            counts.update(set(_filled(getattr(record, body))))

    def kinds(self) -> list[tuple[str, int]]:
        """Return the kinds that were seen, and how many records of each."""
        return sorted(self._records.items())

    def of(self, kind: str) -> dict[str, int]:
        """Return in how many of a kind's records each field was filled, in the schema's order.

        Fields of messages within the body have dotted paths; those of repeated ones
        ``measurements[].code``.
        """
        return dict(self._filled[kind])


def kind_of(record: Record) -> str:
    """Return a record's kind, as its name says it."""
    return record.name.split("/")[1] if record.name.count("/") > 1 else record.name


def _paths(schema: Descriptor, prefix: str = "", depth: int = 1) -> Iterator[str]:
    """Yield the paths of a message's leaves."""
    for field in schema.fields:
        path = _path(prefix, field)
        nested = _nested(field)
        if nested is None or depth >= _DEEPEST:
            yield path
        else:
            yield from _paths(nested, f"{path}.", depth + 1)


def _filled(message: Message, prefix: str = "", depth: int = 1) -> Iterator[str]:
    """Yield the paths of the leaves that a message fills."""
    for field, value in message.ListFields():
        path = _path(prefix, field)
        if _nested(field) is None or depth >= _DEEPEST:
            yield path
            continue
        for one in value if field.is_repeated else (value,):
            yield from _filled(one, f"{path}.", depth + 1)


def _path(prefix: str, field: FieldDescriptor) -> str:
    return f"{prefix}{field.name}[]" if field.is_repeated else f"{prefix}{field.name}"


def _nested(field: FieldDescriptor) -> Descriptor | None:
    """Return the schema of a field's value if its fields are to be counted themselves."""
    schema = field.message_type
    return None if schema is None or schema.full_name in _SCALAR else schema
