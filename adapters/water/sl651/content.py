"""What a body says, in the standard's terms, whichever way it was encoded (clause 6.6.1)."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from adapters.water.sl651.codes import ALARMS, DURATION, GATE_OPENING, GATE_STATES, RESERVED_ALARMS

UNKNOWN: Final = -1
_NAMES: Final = (*ALARMS, *(f"reserved bit {bit}" for bit in RESERVED_ALARMS))


class Value(msgspec.Struct, frozen=True, gc=False):
    """One element's value.

    Attributes:
        code: Its identifier; with FF before it for a vendor's.
        number: The value; None: missing, or no number.
        text: What is no number, verbatim.
        is_bad: Whether the text stands where a number should.
        name: Its identifier in ASCII, where table C.1 does not have it; its code is
            ``UNKNOWN`` then.
    """

    code: int
    number: float | None
    text: str = ""
    is_bad: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        """Return its identifier: in hexadecimal digits, where table C.1 has it."""
        return self.name or f"{self.code:02X}"


class SeriesValue(msgspec.Struct, frozen=True, gc=False):
    """Values of one element at even steps; None: missing."""

    code: int
    step_min: int
    numbers: tuple[float | None, ...]
    name: str = ""

    @property
    def label(self) -> str:
        """Return its identifier: in hexadecimal digits, where table C.1 has it."""
        return self.name or f"{self.code:02X}"


@dataclass(slots=True)
class Group:
    """What was observed at one time.

    Attributes:
        observed: The time, as 10 digits YYMMDDhhmm; empty: none was given.
        values: Values in their order.
        series: Series in their order.
        alarms: What the status word says.
    """

    observed: str = ""
    values: list[Value] = field(default_factory=list)
    series: list[SeriesValue] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """One station's part of a body; most bodies have one (clause 6.6.2.7).

    Attributes:
        station: Its address, 10 digits.
        station_class: Its class (annex A); 0: not given.
        groups: What it observed, by time.
    """

    station: str
    station_class: int = 0
    groups: list[Group] = field(default_factory=list)

    def group(self, observed: str = "") -> Group:
        """Return the group of a time, so that one time makes one record."""
        for group in self.groups:
            if group.observed == observed:
                return group
        group = Group(observed)
        self.groups.append(group)
        return group


@dataclass(slots=True)
class Content:
    """A body.

    Attributes:
        serial: Serial number, 1 to 65535.
        sent: When it was sent, 12 digits YYMMDDhhmmss.
        sections: What stations observed; the first is the sender's.
        text: An observer's entry (F2H).
        picture: A picture (F3H), as a JPEG file.
        rest: What a function without observations carries.
        told: The same in the ASCII encoding.
    """

    serial: int
    sent: str
    sections: list[Section]
    text: bytes = b""
    picture: bytes = b""
    rest: bytes = b""
    told: bytes = b""


def alarms(word: int) -> list[str]:
    """Return what the status word says (table 58)."""
    return [name for bit, name in enumerate(_NAMES) if word >> bit & 1]


def value_of(code: int, number: float) -> Value:
    """Return an element's value; some decimals are no quantity."""
    if code == DURATION:
        return Value(code, None, f"{number:.2f}")
    if code == GATE_OPENING and number in GATE_STATES:
        return Value(code, None, f"{number:g}")
    return Value(code, number)
