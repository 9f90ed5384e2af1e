"""What is wrong with a message, by its schema, in words for people: field, value, expected."""

from collections.abc import Sequence
from typing import Any, Final

from google.protobuf.message import Message

# In octets of UTF-8: what was expected stands behind it, and must not be cut off.
_SHOWN: Final = 80
_EXPECTED: Final = {
    "kinds": "a kind such as water.level, or a domain such as water.*",
    "districts": "a GB/T 2260 code of 2 to 12 digits, such as 320102",
    "district": "a GB/T 2260 code of 6, 9 or 12 digits, such as 320102",
    "name": "<agency>/<kind>/<entity>, such as water/water.level/0012345678",
    "statuses": "ACTUAL, EXERCISE or TEST",
    "status": "ACTUAL, EXERCISE or TEST",
    "group_by": "H3_CELL, DISTRICT, KIND or AGENCY, each once",
    "as_of_basis": "OBSERVED or RECEIVED",
    "basis": "OBSERVED or RECEIVED",
    "outcome": "ALLOWED, REFUSED or BROKEN_OFF",
    "order": "NEWEST_FIRST or OLDEST_FIRST",
    "classification": "PUBLIC, INTERNAL, RESTRICTED or CONFIDENTIAL",
    "level": "a level that is stated",
    "observed_at": "when the world was so",
    "received_at": "when it came",
    "quality": "how far it may be trusted, at least its level",
    "provenance": "where it comes from",
    "question": "a question's message",
    "center": "a point",
    "near": "a point",
    "body": "one body, such as water_level",
}
"""By the field's name, where the schema's rule is a pattern or a list of numbers."""
_ENTITY: Final = "; an entity has letters, digits, .-_~:@,+ and all else as %XX"


def field_of(violation: Any) -> str:
    """Return a violation's field as it is written: ``selection.kinds[0]``."""
    path = violation.proto.field
    parts = []
    for element in path.elements if path is not None else ():
        subscript = element.subscript
        parts.append(
            element.field_name + (f"[{subscript.value!r}]" if subscript is not None else "")
        )
    return ".".join(parts) or "the message"


def sentence_of(violation: Any, checked: Message | None = None) -> str:
    """Return what a violation's field holds and what was expected of it.

    Args:
        violation: As protovalidate gives it.
        checked: The message that was checked; None: of a choice that was not made nobody is
            told what there is to choose from.
    """
    proto, value = violation.proto, violation.field_value
    elements = proto.field.elements if proto.field is not None else ()
    rule = proto.rule_id
    name = elements[-1].field_name if elements else ""
    if rule == "required":
        # Of a oneof the violation names no value, and the validator's words are of oneofs.
        return f"is not there, expected {_EXPECTED.get(name) or _choice(elements, checked)}"
    if value == "":
        return f"is empty, expected {_EXPECTED.get(name, 'a text')}"
    if rule == "repeated.unique" and name in _EXPECTED:
        return f"repeats a value, expected {_EXPECTED[name]}"
    if value is None or not isinstance(value, str | int | float):
        return _plural(str(proto.message))
    shown = _brief(repr(value))
    expected = _EXPECTED.get(name)
    if expected is not None and rule in {"string.pattern", "enum.not_in", "enum.defined_only"}:
        return f"is {shown}, expected {expected}{_ENTITY if name == 'name' else ''}"
    return f"is {shown}, {_plural(str(proto.message))}"


def _brief(text: str) -> str:
    """Return the beginning of a text that is long."""
    octets = text.encode(errors="replace")
    if len(octets) <= _SHOWN:
        return text
    return f"{octets[:_SHOWN].decode(errors='ignore')}…"


def _choice(path: Sequence[Any], checked: Message | None) -> str:
    """Return what there is to choose from where nothing was chosen."""
    schema: Any = checked.DESCRIPTOR if checked is not None else None
    for element in path[:-1]:
        field = schema.fields_by_name.get(element.field_name) if schema is not None else None
        schema = field.message_type if field is not None else None
    choice = schema.oneofs_by_name.get(path[-1].field_name) if schema is not None else None
    return f"one of {', '.join(one.name for one in choice.fields)}" if choice is not None else "it"


def _plural(sentence: str) -> str:
    """Return the validator's sentence with the number that its count asks for."""
    one = sentence.replace("1 characters", "1 character").replace("1 item(s)", "1 item")
    return one.replace("item(s)", "items")


def describe(violations: Sequence[Any], shown: int = 3) -> str:
    """Return violations as one sentence.

    Args:
        violations: As protovalidate gives them.
        shown: How many are told at most.
    """
    parts = [f"{field_of(one)}: {sentence_of(one)}" for one in violations[:shown]]
    more = len(violations) - shown
    if more > 0:
        parts.append(f"and {more} more")
    return "; ".join(parts)
