"""Blank whatever may say who the patient is, before bytes go into quarantine.

What may stay is listed, by segment, field and shape; all else becomes ``***``: an unknown
segment, a free text, a number. Where a field stood stays to be seen, so that a person can
find the fault. A last segment, ``ZLD``, holds a keyed digest of the whole: two messages
that differ in what was blanked stay different, and who has the original and the key can
prove that they belong together.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.health.hl7v2.charset import CharsetRefused, decode
from adapters.health.hl7v2.message import USUAL, Delimiters, delimiters_of, lines_of, name_of
from adapters.health.hl7v2.naming import names_patient
from adapters.health.hl7v2.pseudonyms import Pseudonyms
from adapters.health.hl7v2.segments import SEGMENTS

MASK: Final = "***"
DIGEST: Final = "ZLD"
_MSH_10: Final = 10

_TIME: Final = re.compile(r"[0-9.+-]{4,26}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.+/-]{1,40}")
_TYPE: Final = re.compile(r"[A-Z0-9]{2,3}(\W[A-Z0-9]{2,3}(\W[A-Z0-9_]{3,7})?)?")
_CHARSETS: Final = re.compile(r"[A-Z0-9 ~/-]{1,64}", re.IGNORECASE)
_WORDS: Final = re.compile(r"[^\r\n]{0,227}")
_PLACE: Final = (1, 4)
"""Point of care and facility of a location; room and bed lead to who lies there."""
_CODED: Final = (1, 3)
"""A code and its system, without the text between them."""
_WHOLE: Final = ()
_Rule = tuple[re.Pattern[str], tuple[int, ...]]

_KEPT: Final[Mapping[str, Mapping[int, _Rule]]] = {
    "MSH": {
        **dict.fromkeys((3, 4, 5, 6), (_WORDS, _WHOLE)),
        7: (_TIME, _WHOLE),
        9: (_TYPE, _WHOLE),
        10: (_WORDS, _WHOLE),
        **dict.fromkeys((11, 12, 15, 16), (_CODE, (1,))),
        18: (_CHARSETS, _WHOLE),
    },
    "EVN": {1: (_CODE, (1,)), 2: (_TIME, _WHOLE), 6: (_TIME, _WHOLE)},
    "PV1": {2: (_CODE, (1,)), 3: (_WORDS, _PLACE), 6: (_WORDS, _PLACE)},
    "OBR": {
        4: (_CODE, _CODED),
        7: (_TIME, _WHOLE),
        22: (_TIME, _WHOLE),
        25: (_CODE, (1,)),
    },
    "OBX": {2: (_CODE, (1,)), 3: (_CODE, _CODED), 11: (_CODE, (1,)), 14: (_TIME, _WHOLE)},
    "MSA": {1: (_CODE, (1,)), 2: (_WORDS, _WHOLE)},
}


def conceal(raw: bytes, pseudonyms: Pseudonyms) -> bytes:
    """Return a message's bytes without its patient; what cannot be read, without anything."""
    digest = pseudonyms.of("message", raw)
    try:
        text, encoding = decode(raw)
    except CharsetRefused:
        return _opaque(raw, digest)
    lines = lines_of(text)
    delimiters = delimiters_of(lines[0]) if lines else None
    if delimiters is None:
        return _opaque(raw, digest)
    segments = [line.split(delimiters.field) for line in lines]
    shown = [_line(line, delimiters, segments) for line in lines]
    shown.append(delimiters.field.join((DIGEST, digest)))
    return "\r".join((*shown, "")).encode(encoding, "replace")


def mark(digest: str) -> bytes:
    """Return what stands for a message whose bytes are not kept, not even concealed."""
    return f"{DIGEST}{USUAL.field}{digest}".encode()


def _opaque(raw: bytes, digest: str) -> bytes:
    """Return what may be told of bytes that cannot be read as a message."""
    begins = raw[:3].decode("ascii", "replace")
    known = begins if begins in SEGMENTS else "unknown"
    note = f"{len(raw)} bytes that cannot be read as HL7, first segment {known}, not kept"
    return f"{DIGEST}{USUAL.field}{digest}{USUAL.field}{note}\r".encode()


def _line(line: str, delimiters: Delimiters, segments: Sequence[Sequence[str]]) -> str:
    """Return a segment with its known harmless fields, and masks for the others.

    Args:
        line: The segment.
        delimiters: What parts it.
        segments: All of the message's, cut into fields: the control id may name the patient.
    """
    name = name_of(line, delimiters.field)
    if not name:
        return MASK
    fields = line.split(delimiters.field)
    kept = _KEPT.get(name, {})
    # MSH counts its own separator as its first field.
    first, number = (2, 3) if name == "MSH" else (1, 1)
    shown = fields[:first]
    for value in fields[first:]:
        is_id = name == "MSH" and number == _MSH_10
        rule = None if is_id and names_patient(value, segments, delimiters) else kept.get(number)
        shown.append(_field(value, rule, delimiters) if value else "")
        number += 1
    return delimiters.field.join(shown)


def _field(value: str, rule: _Rule | None, delimiters: Delimiters) -> str:
    """Return a field as it may be shown."""
    if rule is None:
        return MASK
    shape, components = rule
    if not components:
        return value if shape.fullmatch(value) else MASK
    parts = value.split(delimiters.component)
    shown = [
        _part(part, shape) if number in components else MASK * bool(part)
        for number, part in enumerate(parts, 1)
    ]
    return delimiters.component.join(shown)


def _part(part: str, shape: re.Pattern[str]) -> str:
    """Return a component that may stay, if it looks as it should."""
    return part if not part or shape.fullmatch(part) else MASK
