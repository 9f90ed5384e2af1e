"""Read a column's text as what a field takes."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from adapters.mapping.fields import Shape
from adapters.mapping.problems import listed
from adapters.mapping.unfit import Unfit
from adapters.sdk.privacy import masked
from adapters.sdk.units import Conversion

Read = Callable[[str], Any]
"""Returns what a field takes.

Raises:
    Unfit: The text is no such thing.
"""

_FLAGS: Final = {
    **dict.fromkeys(("1", "true", "yes", "y", "是", "有", "开"), True),
    **dict.fromkeys(("0", "false", "no", "n", "否", "无", "关"), False),
}
_RANGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, (1 << 64) - 1),
}
_COMMAS: Final = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d{1,20})(,\d{1,20})?", re.ASCII)
_ABSENT: Final = object()
_LONGEST: Final = 20
_ROUNDING: Final = 1e-9


def reader(
    field: FieldDescriptor, shape: Shape, conversion: Conversion | None, *, mask: bool
) -> Read:
    """Return what reads a text for a field.

    Args:
        field: The field.
        shape: What it takes; no time and no point.
        conversion: What turns a number into the field's unit; None: it is in it.
        mask: Whether numbers of people are taken out of a text.
    """
    if shape is Shape.REAL:
        return _real(conversion)
    if shape is Shape.WHOLE:
        return _whole(*_RANGES[field.cpp_type], conversion)
    if shape is Shape.FLAG:
        return _flag
    if shape in {Shape.WORD, Shape.QUALITY}:
        return _word(words_of(field))
    return masked if mask else str


def with_commas(read: Read) -> Read:
    """Return what reads numbers whose fraction begins with a comma: ``1.234,5``."""

    def read_commas(text: str) -> Any:
        if not _COMMAS.fullmatch(text):
            raise Unfit("a number with a comma before its fraction")
        return read(text.replace(".", "").replace(",", "."))

    return read_commas


def words_of(field: FieldDescriptor) -> dict[str, int]:
    """Return an enumeration's words without their common beginning, and their numbers.

    Of a field that is no enumeration there are none.
    """
    kind = field.enum_type
    if kind is None:
        return {}
    beginning = kind.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(beginning): value.number for value in kind.values}


def translated(
    table: Mapping[str, Any], fallback: Read | None, otherwise: Any, column: str
) -> Callable[[str, list[str]], Any]:
    """Return what reads a column whose words have a meaning of their own.

    Args:
        table: What each word means, as the field takes it.
        fallback: Reads a word that is not in the table; None: ``otherwise`` stands for it,
            and the record is suspect.
        otherwise: What stands for it.
        column: The column, for the note.
    """

    def read(text: str, doubts: list[str]) -> Any:
        found = table.get(text, _ABSENT)
        if found is not _ABSENT:
            return found
        if fallback is not None:
            return fallback(text)
        doubts.append(f"{column} {text[:40]!r} is not known")
        return otherwise

    return read


def refusal(words: Iterable[str]) -> Read:
    """Return what refuses every word, and names those that there are."""
    expected = listed(words)

    def refuse(_: str) -> Any:
        raise Unfit(expected, remedy="add the word to `values`, or set `otherwise`")

    return refuse


def _number(text: str) -> float:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # Python would take an underscore for a digit's company.
    if not math.isfinite(value) or "_" in text:
        raise Unfit("a number")
    return value


def _real(conversion: Conversion | None) -> Read:
    """Return a reader of numbers."""
    if conversion is None:
        return _number
    return lambda text: conversion(_number(text))


def _whole(least: int, most: int, conversion: Conversion | None) -> Read:
    """Return a reader of whole numbers; ``12.0`` is one."""

    def read(text: str) -> int:
        if conversion is None and len(text) <= _LONGEST and text.isascii() and text.isdecimal():
            whole = int(text)
        else:
            number = _number(text)
            number = conversion(number) if conversion is not None else number
            whole = round(number)
            if abs(whole - number) > _ROUNDING:
                raise Unfit("a whole number")
        if not least <= whole <= most:
            raise Unfit(f"a whole number from {least} to {most}")
        return whole

    return read


def _flag(text: str) -> bool:
    """Read yes or no."""
    found = _FLAGS.get(text.lower())
    if found is None:
        raise Unfit(listed(_FLAGS))
    return found


def _word(words: Mapping[str, int]) -> Read:
    """Return a reader of an enumeration's own words."""
    expected = listed(words)

    def read(text: str) -> int:
        found = words.get(text)
        if found is None:
            raise Unfit(expected)
        return found

    return read
