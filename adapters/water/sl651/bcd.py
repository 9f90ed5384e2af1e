"""Values as the HEX/BCD encoding writes them (clause 6.6.3.3)."""

from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.water.sl651.content import Value, value_of

_BYTE_MISSING: Final = 0xFF
_PAIR_MISSING: Final = 0xFFFF
_SENSORLESS_BYTES: Final = 2
SENSORLESS_LEVEL: Final = "09999999"
_STEP_DIGITS: Final = 6


def number_of(content: bytes, decimals: int) -> tuple[float | None, str]:
    """Return a BCD value and, when it is no number, its digits.

    All F is missing; a leading FF is the sign. All 9 says that there is no sensor, by
    custom of the vendors, unless it is one byte, where 99 is a value; so do the seven 9 of
    a level (table C.1 gives it seven digits).
    """
    digits = content.hex()
    if not digits.strip("f") or digits == SENSORLESS_LEVEL:
        return None, ""
    if len(content) >= _SENSORLESS_BYTES and not digits.strip("9"):
        return None, ""
    sign = 1
    if digits.startswith("ff"):
        sign, digits = -1, digits[2:]
    if not digits.isdecimal():
        return None, content.hex()
    return sign * int(digits) / 10**decimals, ""


def read_value(code: int, content: bytes, decimals: int) -> Value:
    """Return an element's value."""
    number, text = number_of(content, decimals)
    if number is None:
        return Value(code, None, text, is_bad=bool(text))
    return value_of(code, number)


def five_minute_rain(content: bytes) -> tuple[float | None, ...]:
    """Return rain in millimetres: a byte each, 0.1 mm, FF missing (F4H, table C.1)."""
    return tuple(None if byte == _BYTE_MISSING else byte / 10 for byte in content)


def five_minute_levels(content: bytes) -> tuple[float | None, ...]:
    """Return levels in metres: two bytes each, 0.01 m, FFFF missing (F5H to FCH, table C.1).

    Raises:
        Untranslatable: If half a value is left.
    """
    if len(content) % 2:
        raise Untranslatable(
            "levels within the hour", content.hex(), expected="two bytes each", cause="element"
        )
    words = [int.from_bytes(content[at : at + 2], "big") for at in range(0, len(content), 2)]
    return tuple(None if word == _PAIR_MISSING else word / 100 for word in words)


def repeated(code: int, content: bytes, size: int, decimals: int) -> tuple[float | None, ...]:
    """Return the values of one element that follow one another (table 30).

    Raises:
        Untranslatable: If one is no number, or half a value is left.
    """
    numbers: list[float | None] = []
    for at in range(0, len(content), size):
        piece = content[at : at + size]
        number, text = number_of(piece, decimals)
        if text or len(piece) < size:
            raise Untranslatable(
                f"value {len(numbers) + 1} of element {code:02X}",
                piece.hex(),
                expected=f"{size} bytes of decimal digits, or of F where there is no value",
                cause="element",
            )
        numbers.append(number)
    return tuple(numbers)


def step_minutes(content: bytes) -> int:
    """Return a time step in minutes: days, hours and minutes, a byte each (table C.3).

    0 stands before the series within the hour.

    Raises:
        Untranslatable: If it is no step.
    """
    digits = content.hex()
    if len(digits) != _STEP_DIGITS or not digits.isdecimal():
        raise Untranslatable(
            "time step", digits, expected="days, hours and minutes, 3 bytes", cause="element"
        )
    return (int(digits[:2]) * 24 + int(digits[2:4])) * 60 + int(digits[4:])
