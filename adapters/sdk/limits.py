"""How long texts may be by the schema, for adapters that give their records a shape.

What the schema asks of most bodies is that words be among those it knows, numbers finite, and
texts not too long. The first two hold by how an adapter makes them; the third is asked here,
for a fraction of what a check of the whole record takes.
"""

from collections.abc import Iterable
from operator import le

from buf.validate import validate_pb2
from google.protobuf.message import Message

from liandong.quantity.v1.quantity_pb2 import Attribute


def longest(message: type[Message], *fields: str) -> tuple[int, ...]:
    """Return how many characters each text field of a message may have.

    Raises:
        ValueError: The schema sets a field no such limit.
    """
    return tuple(_longest(message, field) for field in fields)


def most(message: type[Message], field: str) -> int:
    """Return how many items a repeated field of a message may have.

    Raises:
        ValueError: The schema sets it no such limit.
    """
    rules = _rules(message, field).repeated
    if not rules.HasField("max_items"):
        raise ValueError(f"{message.DESCRIPTOR.full_name}.{field} has no max_items")
    return int(rules.max_items)


def fit(texts: Iterable[str], limits: Iterable[int]) -> bool:
    """Tell whether no text is longer than its limit."""
    return all(map(le, map(len, texts), limits))


def ranges(message: type[Message]) -> tuple[tuple[str, float, float], ...]:
    """Return the numbers of a message that the schema bounds on both sides: name, least, most."""
    rules = ((name, _rules(message, name).double) for name in message.DESCRIPTOR.fields_by_name)
    return tuple(
        (name, one.gte, one.lte)
        for name, one in rules
        if one.HasField("gte") and one.HasField("lte")
    )


def within(message: Message, bounds: Iterable[tuple[str, float, float]]) -> bool:
    """Tell whether those numbers of a message that are there lie within their bounds."""
    return all(
        low <= getattr(message, name) <= high
        for name, low, high in bounds
        if message.HasField(name)
    )


def attributes_fit(pairs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether keys and values may be those of attributes."""
    return all(0 < len(key) <= _KEY and len(value) <= _VALUE for key, value in pairs)


def _longest(message: type[Message], field: str) -> int:
    """Return how many characters a text field may have."""
    rules = _rules(message, field).string
    if not rules.HasField("max_len"):
        raise ValueError(f"{message.DESCRIPTOR.full_name}.{field} has no max_len")
    return int(rules.max_len)


def _rules(message: type[Message], field: str) -> validate_pb2.FieldRules:
    """Return what the schema asks of a field."""
    options = message.DESCRIPTOR.fields_by_name[field].GetOptions()
    rules: validate_pb2.FieldRules = options.Extensions[validate_pb2.field]
    return rules


_KEY, _VALUE = longest(Attribute, "key", "value")
