"""Elements of a body (clause 6.6): identifiers, definitions, values."""

from dataclasses import dataclass, field
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.water.sl651.codes import ALARMS, STATUS, STEP, UNIFORM

_OBSERVED: Final = 0xF0
_STATION: Final = 0xF1
_TEXT: Final = 0xF2
_PICTURE: Final = 0xF3
_RAIN_SERIES: Final = 0xF4
_LEVEL_SERIES: Final = range(0xF5, 0xFD)
_VENDOR: Final = 0xFF
_TIME: Final = 5
_SEPARATORS: Final = b" \x00"


@dataclass(frozen=True, slots=True)
class Value:
    """One element's value.

    Attributes:
        code: Its identifier; with FF before it for a vendor's.
        number: The value; None: missing.
        text: Digits that are no decimal number, verbatim.
    """

    code: int
    number: float | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class SeriesValue:
    """A series of values at even steps, 5 minutes unless a step was given."""

    code: int
    step_min: int
    numbers: tuple[float | None, ...]


@dataclass(slots=True)
class Group:
    """What was observed at one time.

    Attributes:
        observed: The time, as 10 digits YYMMDDhhmm; empty: none was given.
        values: Values in their order.
        series: Series in their order.
        alarms: Conditions raised by the status word; None: no status word.
    """

    observed: str = ""
    values: list[Value] = field(default_factory=list)
    series: list[SeriesValue] = field(default_factory=list)
    alarms: list[str] | None = None


@dataclass(slots=True)
class Elements:
    """A body's elements: groups by time of observation, text and picture."""

    groups: list[Group] = field(default_factory=list)
    text: bytes = b""
    picture: bytes = b""


def read_elements(body: bytes, function: int) -> Elements:  # noqa: C901 - a table of cases
    """Read a body's elements, from the first observation on.

    Args:
        body: What follows station and class.
        function: The function code; uniform intervals (31H) repeat one element.

    Raises:
        Untranslatable: If an element's bytes run past the end.
    """
    elements = Elements()
    group = Group()
    step_min = 0
    at = 0
    while at < len(body):
        code = body[at]
        if body[at : at + 2] == bytes((_OBSERVED, _OBSERVED)):
            group = Group(observed=_slice(body, at + 2, _TIME, "F0").hex())
            elements.groups.append(group)
            at += 2 + _TIME
            continue
        if code == _TEXT:
            elements.text = body[at + 2 :]
            break
        if code == _PICTURE:
            elements.picture = body[at + 2 :]
            break
        if not elements.groups:
            elements.groups.append(group)
        if code == _VENDOR:
            at += 1
            code = _VENDOR << 8 | _slice(body, at, 1, "FF")[0]
        definition = _slice(body, at + 1, 1, f"{code:02X}")[0]
        size, decimals = definition >> 3, definition & 7
        content = _slice(body, at + 2, size, f"{code:02X}")
        at += 2 + size
        if code == _RAIN_SERIES:
            group.series.append(SeriesValue(code, 5, _rain(content)))
        elif code in _LEVEL_SERIES:
            group.series.append(SeriesValue(code, 5, _levels(content)))
        elif code == STATUS:
            group.alarms = _alarms(content)
        elif code == STEP:
            step_min = _step(content)
        elif function == UNIFORM and step_min and size:
            rest = content + body[at:]
            group.series.append(SeriesValue(code, step_min, _repeated(rest, size, decimals)))
            break
        else:
            group.values.append(_value(code, content, decimals))
    return elements


def _slice(body: bytes, at: int, size: int, code: str) -> bytes:
    """Return bytes of a body.

    Raises:
        Untranslatable: If they are not all there.
    """
    piece = body[at : at + size]
    if len(piece) < size:
        raise Untranslatable(
            f"element {code}",
            body[at:].hex(),
            expected=f"{size} bytes, the body ends after {len(piece)}",
            cause="element",
        )
    return piece


def number_of(content: bytes, decimals: int) -> tuple[float | None, str]:
    """Return a BCD value and, when it is no number, its digits.

    All F is missing; a leading FF is the sign (clause 6.6.2); all 9 says that there is
    no sensor.
    """
    digits = content.hex()
    if not digits.strip("f") or not digits.strip("9"):
        return None, ""
    sign = 1
    if digits.startswith("ff"):
        sign, digits = -1, digits[2:]
    if not digits.isdecimal():
        return None, content.hex()
    return sign * int(digits) / 10**decimals, ""


def _value(code: int, content: bytes, decimals: int) -> Value:
    """Return an element's value."""
    number, text = number_of(content, decimals)
    return Value(code, number, text)


def _rain(content: bytes) -> tuple[float | None, ...]:
    """Return five-minute rain in millimetres: a byte each, 0.1 mm, FF missing."""
    return tuple(None if byte == 0xFF else byte / 10 for byte in content)  # noqa: PLR2004


def _levels(content: bytes) -> tuple[float | None, ...]:
    """Return five-minute levels in metres: two bytes each, 0.01 m, FFFF missing."""
    pairs = (content[at : at + 2] for at in range(0, len(content) - 1, 2))
    return tuple(
        None if pair == b"\xff\xff" else int.from_bytes(pair, "big") / 100 for pair in pairs
    )


def _repeated(content: bytes, size: int, decimals: int) -> tuple[float | None, ...]:
    """Return the values of one element that follow one another."""
    ends = range(size, len(content) + 1, size)
    return tuple(number_of(content[end - size : end], decimals)[0] for end in ends)


def _step(content: bytes) -> int:
    """Return a time step, digits DDHHmm, in minutes; 0: none."""
    digits = content.hex()
    if len(digits) < 6 or not digits.isdecimal():  # noqa: PLR2004
        return 0
    days, hours, minutes = int(digits[-6:-4]), int(digits[-4:-2]), int(digits[-2:])
    return (days * 24 + hours) * 60 + minutes


def _alarms(content: bytes) -> list[str]:
    """Return the conditions that the status word raises."""
    word = int.from_bytes(content, "big")
    return [name for bit, name in enumerate(ALARMS) if word >> bit & 1]
