"""Numbers as legacy formats write them: in ASCII digits, and finite; Python takes more."""

import math

from adapters.sdk.errors import Untranslatable


def finite(text: str) -> float | None:
    """Return a finite number in ASCII digits; None: it is none.

    ``float`` takes more: an underscore between digits, the digits of any script, ``nan``.
    """
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def number(field: str, text: str, expected: str = "a number") -> float:
    """Return a finite number.

    Args:
        field: The field it stands in, for the error.
        text: The number, in ASCII digits; ``1e3`` is one, blanks may stand about it.
        expected: What is expected, for the error: ``a number of metres``.

    Raises:
        Untranslatable: It is none.
    """
    value = finite(text)
    if value is None:
        raise Untranslatable(field, text, expected=expected)
    return value


def whole_number(field: str, text: str, *, least: int = 0, most: int = (1 << 32) - 1) -> int:
    """Return a whole number.

    Args:
        field: The field it stands in, for the error.
        text: The number, in ASCII digits with or without a sign.
        least: The least that it may be.
        most: The most; without a word, what a field of 32 bits holds.

    Raises:
        Untranslatable: It is none, or lies outside.
    """
    digits = text[1:] if text[:1] in {"-", "+"} else text
    # A text of thousands of digits is no number that anybody sends; to read it takes long.
    if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS:
        value = int(text)
        if least <= value <= most:
            return value
    raise Untranslatable(field, text, expected=f"a whole number from {least} to {most}")


_DIGITS = 20
