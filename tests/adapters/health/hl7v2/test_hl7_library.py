"""Fields are read as the library `hl7` (python-hl7) reads them."""

import codecs
from pathlib import Path
from typing import Any

import hl7
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.health.hl7v2.message import LINE_END, READ, Hl7Message, read

COMPONENTS = (1, 2, 3, 4)
FIELDS = 60
TEXT = st.text("AZ09 欧|^~\\&\"'.#$*", max_size=40)


def told(message: Hl7Message) -> list[list[list[str]]]:
    """Return components of the fields of every segment that is read."""
    return [
        [
            [message.value(segment, number, part) for part in COMPONENTS]
            for number in range(first_field(segment[0]), FIELDS)
        ]
        for segment in message.segments
    ]


def told_by_library(message: Hl7Message, text: str) -> list[list[list[str]]]:
    """Return the same of what the library makes of the text."""
    separator = message.delimiters.field
    wanted = [line for line in text.split("\r") if line.split(separator)[0] in READ]
    return [
        [
            [library_value(message, segment, number, part) for part in COMPONENTS]
            for number in range(first_field(str(segment[0])), FIELDS)
        ]
        for segment in hl7.parse("\r".join(wanted))
    ]


def first_field(name: str) -> int:
    """Return the first field that has parts: MSH-1 and MSH-2 are delimiters."""
    return 3 if name == "MSH" else 1


def library_value(message: Hl7Message, segment: Any, number: int, component: int) -> str:
    """Go down to a component's first subcomponent in the library's containers."""
    node = segment[number] if number < len(segment) else ""
    for index in (0, component - 1, 0):
        if isinstance(node, str):
            if index:
                return ""
        else:
            node = node[index] if index < len(node) else ""
    while not isinstance(node, str):
        node = node[0] if node else ""
    delimiters, mark = message.delimiters, message.delimiters.escape
    pairs = {
        "F": delimiters.field,
        "S": delimiters.component,
        "R": delimiters.repetition,
        "T": delimiters.subcomponent,
    }
    pairs |= {"X41": "A"}
    pieces = node.split(mark)
    text = pieces[0]
    place = 1
    while place < len(pieces):
        if place + 1 < len(pieces) and pieces[place] in {*pairs, "E"}:
            text += pairs.get(pieces[place], mark) + pieces[place + 1]
            place += 2
        else:
            text += mark + pieces[place]
            place += 1
    return "" if text.strip() == hl7.NULL else text.strip()


@settings(deadline=None)
@given(
    st.sampled_from(["MSH|^~\\&|", "MSH|^~\\&#|", "MSH|^~\\|", "MSH|^|", "MSH$*.'#$"]),
    TEXT,
    st.lists(st.tuples(st.sampled_from(["PV1", "PID", "EVN", "NK1", "OBX", "ZZZ"]), TEXT)),
)
@example("MSH|^~\\&|", "A^B&C~D", [("PV1", '1|I|ICU^12^3^NJ1~X|\\F\\\\X41\\|""|A&B^C')])
def test_every_value_is_what_the_library_reads(
    opening: str, rest: str, others: list[tuple[str, str]]
) -> None:
    """Whatever MSH's delimiters are, and wherever they stand."""
    separator = opening[3]
    lines = [opening + rest, *(f"{name}{separator}{text}" for name, text in others)]
    text = "\r".join(lines)

    message = read(text.encode())

    if isinstance(message, Hl7Message):
        assert told(message) == told_by_library(message, text)


def test_every_recorded_value_is_what_the_library_reads(feeds_folder: Path) -> None:
    """The same of what real senders wrote."""
    compared = 0
    for file in sorted((feeds_folder / "hl7v2").glob("*.hl7")):
        message = read(file.read_bytes().strip())
        if isinstance(message, Hl7Message):
            raw = message.raw.removeprefix(codecs.BOM_UTF8)
            text = "\r".join(LINE_END.split(raw.decode(message.encoding)))
            assert told(message) == told_by_library(message, text)
            compared += 1

    assert compared > 0
