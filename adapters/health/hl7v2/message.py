"""One message, cut into the fields that may be looked at.

A segment that records are made of is split into its fields, and a field further only when
it is asked for; all other segments, those that say who the patient is among them, are never
split at all. The delimiters are those that MSH names (HL7 2.5.1, 2.5.4). The tests hold
every value to what the library ``hl7`` (python-hl7) reads.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from adapters.health.hl7v2.charset import CharsetRefused, decode
from adapters.health.hl7v2.segments import SEGMENTS
from adapters.sdk.message import Undecodable

READ: Final = frozenset({"MSH", "EVN", "PID", "PV1", "OBR", "OBX", "MSA"})
LINE_END: Final = re.compile(r"\r\n|\r|\n")
_HEADER: Final = re.compile(r"MSH([^A-Za-z0-9\s])([^A-Za-z0-9\s]{1,5})\1")
_HEADER_SIZE: Final = len("MSH") + 7
_DEFAULTS: Final = "^~\\&"
_NULL: Final = '""'
"""What deletes a value at the receiver (HL7 2.5.1, 2.5.3.2)."""
Segment = tuple[str, ...]
"""A segment's name and its fields, by the numbers that HL7 gives them."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that part a message (HL7 2.5.1, 2.5.4)."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    @property
    def encoding_characters(self) -> str:
        """Return MSH-2."""
        return f"{self.component}{self.repetition}{self.escape}{self.subcomponent}"


USUAL: Final = Delimiters("|", *_DEFAULTS)


@dataclass(slots=True)
class Hl7Message:
    """A message.

    Attributes:
        raw: Its exact bytes, without MLLP's.
        segments: Those of its segments that are read, in order; the first is MSH.
        names: The names of all its segments that the standard knows, in order.
        delimiters: What parts it.
        encoding: The encoding of its text.
        framed: Whether it came in an MLLP frame that is still around it on the wire, so
            that its answer needs one.
        fault: Why it could not be translated, for the answer.
    """

    raw: bytes
    segments: tuple[Segment, ...]
    names: tuple[str, ...]
    delimiters: Delimiters
    encoding: str
    framed: bool = False
    fault: str = field(default="", compare=False)

    def header(self, number: int, component: int = 1) -> str:
        """Return a component of a field of MSH."""
        return self.value(self.segments[0], number, component)

    def every(self, name: str) -> list[Segment]:
        """Return the segments of a name that is read."""
        return [segment for segment in self.segments if segment[0] == name]

    def value(self, segment: Segment | None, number: int, component: int = 1) -> str:
        """Return a value: the first subcomponent of a field's first repetition; or nothing.

        Args:
            segment: One of the message's segments, or None.
            number: The field, as HL7 counts.
            component: The component, from 1.
        """
        if segment is None or number >= len(segment):
            return ""
        text = segment[number]
        if text.isascii() and text.isalnum():
            # Delimiters are no letters of ASCII and no digits.
            return text if component == 1 else ""
        delimiters = self.delimiters
        text = text.partition(delimiters.repetition)[0]
        if delimiters.component in text:
            parts = text.split(delimiters.component, component)
            text = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        text = text.partition(delimiters.subcomponent)[0]
        if delimiters.escape in text:
            text = self._unescape(text)
        text = text.strip()
        return "" if text == _NULL else text

    def patients(self) -> list[tuple[Segment | None, Segment | None]]:
        """Return PID and PV1 of each patient that it speaks of, one at least; None: not there."""
        pairs: list[tuple[Segment | None, Segment | None]] = []
        for segment in self.segments:
            name = segment[0]
            if name == "PID" and pairs and pairs[-1][0] is None:
                # Some senders put the visit before the patient.
                pairs[-1] = (segment, pairs[-1][1])
            elif name == "PID":
                pairs.append((segment, None))
            elif name == "PV1" and pairs and pairs[-1][1] is None:
                pairs[-1] = (pairs[-1][0], segment)
            elif name == "PV1":
                pairs.append((None, segment))
        return pairs or [(None, None)]

    def _unescape(self, text: str) -> str:
        """Return a value with what the sequences in it stand for: delimiters, or bytes in hex.

        Bytes that are no text, or control something, stay as they are written.
        """
        mark = self.delimiters.escape
        meanings = {
            "F": self.delimiters.field,
            "S": self.delimiters.component,
            "R": self.delimiters.repetition,
            "T": self.delimiters.subcomponent,
            "E": mark,
        }

        def meaning(found: re.Match[str]) -> str:
            if found[1] in meanings:
                return meanings[found[1]]
            try:
                written = bytes.fromhex(found[1][1:]).decode(self.encoding)
            except UnicodeDecodeError:
                return found[0]
            return written if written.isprintable() else found[0]

        sequence = f"{re.escape(mark)}([FSRTE]|X(?:[0-9A-Fa-f]{{2}})+){re.escape(mark)}"
        return re.sub(sequence, meaning, text)


def lines_of(text: str) -> list[str]:
    """Return a message's lines that are not blank, whatever ends them."""
    lines = text.split("\r") if "\n" not in text else LINE_END.split(text)
    return [line for line in lines if line and not line.isspace()]


def read(raw: bytes, *, framed: bool = False) -> "Hl7Message | Undecodable":
    """Read a message's bytes; ``answer`` of what cannot be read is left to the caller."""
    try:
        text, encoding = decode(raw)
    except CharsetRefused as refusal:
        return Undecodable(raw, "encoding", str(refusal))
    lines = lines_of(text)
    delimiters = delimiters_of(lines[0]) if lines else None
    if delimiters is None:
        reason = (
            "the message does not begin with MSH, a field separator and encoding characters that "
            "differ from each other; expected a segment such as MSH|^~\\&|"
        )
        return Undecodable(raw, "not_hl7", reason)
    separator = delimiters.field
    segments, names = [], []
    for line in lines:
        name = name_of(line, separator)
        if name:
            names.append(name)
        if name in READ:
            # MSH counts its own separator as its first field.
            head = (name, separator) if name == "MSH" else (name,)
            segments.append((*head, *line.split(separator)[1:]))
    return Hl7Message(raw, tuple(segments), tuple(names), delimiters, encoding, framed)


def name_of(line: str, separator: str) -> str:
    """Return the name of the segment that a line is; empty: it is none that is known."""
    name = line[:3]
    return name if name in SEGMENTS and line[3:4] in {"", separator} else ""


def delimiters_of(line: str) -> Delimiters | None:
    """Return the delimiters that an MSH segment names; None: it names none that would do."""
    return _delimiters(line[:_HEADER_SIZE])


@lru_cache(maxsize=256)
def _delimiters(opening: str) -> Delimiters | None:
    """Return the delimiters of an MSH segment that begins so."""
    found = _HEADER.match(opening)
    if found is None:
        return None
    given = found[2][: len(_DEFAULTS)]
    delimiters = Delimiters(found[1], *(given + _DEFAULTS[len(given) :]))
    # The three-character MSH-2 of old interfaces leaves the subcomponent to the default.
    parts = {delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent}
    return delimiters if len(parts) == len(_DEFAULTS) else None
