"""One message, cut into the fields that may be looked at.

The library is ``hl7`` (python-hl7). It splits by whatever delimiters MSH names and takes
what real senders write; ``hl7apy``, which builds each message along the tables of its
version, needs 115 ms where this one needs 4 for the longest sample, and the tables add
nothing to what is read here. Only the segments that records are made of are given to it:
those that say who the patient is are never parsed at all. Its ``unescape`` is not used,
because it writes a field that it cannot read into the log, name and all.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import hl7

from adapters.health.hl7v2.charset import CharsetRefused, decode
from adapters.health.hl7v2.segments import SEGMENTS
from adapters.sdk.message import Undecodable

READ: Final = frozenset({"MSH", "EVN", "PID", "PV1", "OBR", "OBX", "MSA"})
LINE_END: Final = re.compile(r"\r\n|\r|\n")
_HEADER: Final = re.compile(r"MSH([^A-Za-z0-9\s])([^A-Za-z0-9\s]{1,5})\1")
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_DEFAULTS: Final = "^~\\&"


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
    segments: tuple[Any, ...]
    names: tuple[str, ...]
    delimiters: Delimiters
    encoding: str
    framed: bool = False
    fault: str = field(default="", compare=False)

    def header(self, number: int, component: int = 1) -> str:
        """Return a component of a field of MSH."""
        return self.value(self.segments[0], number, component)

    def every(self, name: str) -> list[Any]:
        """Return the segments of a name that is read."""
        return [segment for segment in self.segments if str(segment[0]) == name]

    def value(self, segment: Any, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """Return a value of a field's first repetition; empty if there is none.

        Args:
            segment: One of the message's segments, or None.
            number: The field, as HL7 counts.
            component: The component, from 1.
            subcomponent: The subcomponent, from 1.
        """
        if segment is None or number >= len(segment):
            return ""
        node = segment[number]
        for index in (0, component - 1, subcomponent - 1):
            if isinstance(node, str):
                if index:
                    return ""
            else:
                node = node[index] if index < len(node) else ""
        while not isinstance(node, str):
            node = node[0] if node else ""
        text = self._unescape(node).strip()
        return "" if text == hl7.NULL else text

    def patients(self) -> list[tuple[Any, Any]]:
        """Return PID and PV1 of each patient that it speaks of, one at least; None: not there."""
        pairs: list[tuple[Any, Any]] = []
        for segment in self.segments:
            name = str(segment[0])
            if name == "PID":
                pairs.append((segment, None))
            elif name == "PV1" and pairs and pairs[-1][1] is None:
                pairs[-1] = (pairs[-1][0], segment)
            elif name == "PV1":
                pairs.append((None, segment))
        return pairs or [(None, None)]

    def _unescape(self, text: str) -> str:
        """Return a value with delimiters and bytes for the sequences that stand for them."""
        mark = self.delimiters.escape
        if mark not in text:
            return text
        meanings = {
            "F": self.delimiters.field,
            "S": self.delimiters.component,
            "R": self.delimiters.repetition,
            "T": self.delimiters.subcomponent,
            "E": mark,
        }
        sequence = re.compile(f"{re.escape(mark)}([FSRTE]){re.escape(mark)}")
        return sequence.sub(lambda found: meanings[found[1]], text)


def read(raw: bytes, *, framed: bool = False) -> "Hl7Message | Undecodable":
    """Read a message's bytes; ``answer`` of what cannot be read is left to the caller."""
    try:
        text, encoding = decode(raw)
    except CharsetRefused as refusal:
        return Undecodable(raw, "encoding", str(refusal))
    lines = [line for line in LINE_END.split(text) if line.strip()]
    delimiters = delimiters_of(lines[0]) if lines else None
    if delimiters is None:
        reason = (
            "the message does not begin with MSH, a field separator and encoding characters that "
            "differ from each other; expected a segment such as MSH|^~\\&|"
        )
        return Undecodable(raw, "not_hl7", reason)
    wanted = [line for line in lines if name_of(line, delimiters.field) in READ]
    parsed = hl7.parse("\r".join(wanted))
    names = tuple(name for line in lines if (name := name_of(line, delimiters.field)) in SEGMENTS)
    return Hl7Message(raw, tuple(parsed), names, delimiters, encoding, framed)


def name_of(line: str, separator: str) -> str:
    """Return the name of the segment that a line is; empty: it goes on with the one before."""
    named = _NAME.match(line)
    ends = len(line) == len("MSH") or line[3:4] == separator
    return named[0] if named and ends else ""


def delimiters_of(line: str) -> Delimiters | None:
    """Return the delimiters that an MSH segment names; None: it names none that would do."""
    found = _HEADER.match(line)
    if found is None:
        return None
    given = found[2][: len(_DEFAULTS)]
    delimiters = Delimiters(found[1], *(given + _DEFAULTS[len(given) :]))
    # The three-character MSH-2 of old interfaces leaves the subcomponent to the default.
    parts = {delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent}
    return delimiters if len(parts) == len(_DEFAULTS) else None
