"""Have the kept library `pymetdecoder` decode a report, and no group of it stop it."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pymetdecoder
from pymetdecoder import synop

from adapters.sdk.errors import Untranslatable
from adapters.weather.synop.report import Head

MAX_GROUPS: Final = 128
_NOTHING: Final = "/////"
_FIXED: Final = 2
_INDICATOR: Final = re.compile(r"\d{4}[\d/]")


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
    try:
        return _decoded(head.groups, ())
    except pymetdecoder.DecodeError:
        return _salvage(head)


def _salvage(head: Head) -> Decoded:
    """Decode the report group by group, and leave out those that cannot be."""
    kept, refused = _section_0(head)
    for place, group in enumerate(head.groups[head.size :]):
        try:
            _decoded((*kept, group), ())
        except pymetdecoder.DecodeError:
            refused.append(group)
            # The first two groups are told by their place, so that it must not be left empty.
            kept += [_NOTHING] if place < _FIXED else []
        else:
            kept.append(group)
    return _decoded(kept, refused)


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
