"""Have the kept library `pymetdecoder` decode a report, and no group of it stop it."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pymetdecoder
from pymetdecoder import synop

from adapters.sdk.errors import Untranslatable
from adapters.weather.synop.report import Head

MAX_GROUPS: Final = 128
_NOTHING: Final = "/////"
_FIXED: Final = 2
_INDICATOR: Final = re.compile(r"\d{4}[\d/]")
_SECTION: Final = re.compile(r"222[\d/]{2}|333|444|555|666")
_HEADED: Final = re.compile(r"[1-9]\S{4}")
# A speed of 99 and the group that says which one of three digits it is.
_THREE_DIGITS: Final = re.compile(r"\S{3}99 00\d{3}$")
_HIDDEN_RAIN: Final = "Unexpected precipitation group"
_I_R: Final = "precipitation_indicator"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the library made of a report.

    Attributes:
        data: By its own names.
        not_understood: Groups that it failed on, or does not know.
        warnings: What it complained of.
    """

    data: dict[str, Any]
    not_understood: tuple[str, ...]
    warnings: tuple[str, ...]


def decode(head: Head) -> Decoded:
    """Decode a report; a group that the library fails on is set aside, not the report.

    Raises:
        Untranslatable: It has more groups than any report, or section 0 cannot be decoded.
    """
    if len(head.groups) > MAX_GROUPS:
        raise Untranslatable(
            "report", " ".join(head.groups), expected=f"at most {MAX_GROUPS} groups"
        )
    groups, repeated = _ordered(head)
    try:
        decoded = _decoded(groups, repeated)
    except pymetdecoder.DecodeError:
        return _salvage(replace(head, groups=groups), repeated)
    return _with_rain(decoded, groups, head.size, repeated)


def _ordered(head: Head) -> tuple[tuple[str, ...], list[str]]:
    """Return groups with those of section 1 in their order, and those that stood there twice.

    The library passes over a group that comes after one with a greater number.
    """
    begin = head.size + _FIXED
    if _THREE_DIGITS.match(" ".join(head.groups[begin - 1 : begin + 1])):
        begin += 1
    parted = (place for place, one in enumerate(head.groups) if _SECTION.fullmatch(one))
    end = next((place for place in parted if place >= begin), len(head.groups))
    first = head.groups[begin:end]
    if not all(map(_HEADED.fullmatch, first)):
        return head.groups, []
    known: dict[str, str] = {}
    repeated = [one for one in first if known.setdefault(one[0], one) != one]
    inside = (known[number] for number in sorted(known))
    return (*head.groups[:begin], *inside, *head.groups[end:]), repeated


def _with_rain(
    decoded: Decoded, groups: Sequence[str], size: int, repeated: Sequence[str]
) -> Decoded:
    """Return what the library made of a report, with the rain that i_R does not announce.

    The library passes over the groups 6RRRt of a section that i_R does not name.
    """
    if not any(one.startswith(_HIDDEN_RAIN) for one in decoded.warnings):
        return decoded
    both = (*groups[:size], f"0{groups[size][1:]}", *groups[size + 1 :])
    try:
        told = _decoded(both, repeated)
    except pymetdecoder.DecodeError:
        # It is garbled besides, and the warning has to do.
        return decoded
    told.data[_I_R] = decoded.data[_I_R]
    return replace(told, warnings=decoded.warnings)


def _salvage(head: Head, repeated: Sequence[str]) -> Decoded:
    """Decode the report group by group, and leave out those that cannot be."""
    kept, refused = _section_0(head)
    refused += repeated
    for place, group in enumerate(head.groups[head.size :]):
        try:
            _decoded((*kept, group), ())
        except pymetdecoder.DecodeError:
            refused.append(group)
            # The first two groups are told by their place, so that it must not be left empty.
            kept += [_NOTHING] if place < _FIXED else []
        else:
            kept.append(group)
    return _with_rain(_decoded(kept, refused), kept, head.size, refused)


def _section_0(head: Head) -> tuple[list[str], list[str]]:
    """Return section 0, if need be without the unit of the wind, and what was refused of it."""
    groups = list(head.groups[: head.size])
    try:
        _decoded(groups, ())
    except pymetdecoder.DecodeError:
        place = next(index for index, one in enumerate(groups) if _INDICATOR.fullmatch(one))
        refused = groups[place]
        groups[place] = f"{refused[:4]}/"
    else:
        return groups, []
    try:
        _decoded(groups, ())
    except pymetdecoder.DecodeError as error:
        raise Untranslatable(
            "section 0", " ".join(head.groups[: head.size]), expected=f"FM 12 ({error})"
        ) from error
    return groups, [refused]


def _decoded(groups: Sequence[str], refused: Sequence[str]) -> Decoded:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data: dict[str, Any] = synop.SYNOP().decode(" ".join(groups))
    unknown = (str(one) for one in (*data.pop("_not_implemented", ()), *data.pop("_error", ())))
    complaints = tuple(dict.fromkeys(str(one.message) for one in caught))
    doubted = (word for one in complaints for word in one.split()[:1] if word in groups)
    return Decoded(data, tuple(dict.fromkeys((*refused, *unknown, *doubted))), complaints)
