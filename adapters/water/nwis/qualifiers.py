"""Judge values by their qualifiers (https://help.waterdata.usgs.gov/codes-and-parameters)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from adapters.sdk.adapter import VALID
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.quantity.v1.quantity_pb2 import Quality

_FLAG: Final = 64
# Review and revision say nothing against a value; grades of agreement stand in brackets.
_GOOD: Final = re.compile(r"[APR]|\[\d+\]|\d+")
_ESTIMATED: Final = frozenset({"e", "E", "&"})
_MEANINGS: Final[dict[str, str]] = {
    "Ice": "the sensor was affected by ice",
    "Bkw": "the level was affected by backwater",
    "Fld": "the level was affected by flood",
    "Ssn": "the site is operated in season only",
    "Rat": "the rating is being developed or changed",
    "Pr": "only part of the record is there",
    "Dry": "the site was dry",
    "<": "the true value is less than this",
    ">": "the true value is greater than this",
}
_NO_MEASUREMENT: Final[dict[str, str]] = {
    "Eqp": "the equipment failed",
    "Mnt": "the station was under maintenance",
    "Tst": "the station was under test",
    "Dis": "the measurement was discontinued",
    "Disc": "the measurement was discontinued",
    "Zfl": "there was no flow to measure",
    "ZFl": "there was no flow to measure",
    "***": "the value is not available",
    "--": "the parameter was not determined",
}
# From bad to good, as a record shows that holds several.
_ORDER: Final = (
    quantity.QUALITY_LEVEL_INVALID,
    quantity.QUALITY_LEVEL_SUSPECT,
    quantity.QUALITY_LEVEL_ESTIMATED,
    quantity.QUALITY_LEVEL_VALID,
    quantity.QUALITY_LEVEL_MISSING,
)


@lru_cache(maxsize=4096)
def quality_of(qualifiers: tuple[str, ...], text: str, *, has_value: bool) -> Quality:
    """Return how far a value may be trusted; it is shared, and must not be changed.

    Args:
        qualifiers: Its codes; RDB joins them by colons, as ``A:e``.
        text: What stands in the value's place, for example ``Ice``; empty: a number.
        has_value: Whether it is a number.
    """
    joined = [*qualifiers] if has_value or not text else [*qualifiers, text]
    flag = " ".join(joined)[:_FLAG]
    codes = [code for one in joined for code in one.split(":") if code]
    if not has_value:
        known = (_NO_MEASUREMENT.get(code) or _MEANINGS.get(code) for code in codes)
        note = next(filter(None, known), "there is no value")
        return Quality(level=quantity.QUALITY_LEVEL_MISSING, source_flag=flag, note=note)
    for code in codes:
        if code in _NO_MEASUREMENT:
            note = _NO_MEASUREMENT[code]
            return Quality(level=quantity.QUALITY_LEVEL_INVALID, source_flag=flag, note=note)
    doubtful = [code for code in codes if not _GOOD.fullmatch(code) and code not in _ESTIMATED]
    if doubtful:
        note = "; ".join(
            _MEANINGS.get(one, f"the qualifier {one} is not known") for one in doubtful
        )
        return Quality(level=quantity.QUALITY_LEVEL_SUSPECT, source_flag=flag, note=note[:512])
    if _ESTIMATED.intersection(codes):
        note = "the value is estimated"
        return Quality(level=quantity.QUALITY_LEVEL_ESTIMATED, source_flag=flag, note=note)
    return Quality(level=quantity.QUALITY_LEVEL_VALID, source_flag=flag)


def gravest(qualities: Iterable[Quality]) -> Quality:
    """Return the quality of a record of several values: the worst of those that it has."""
    return min(qualities, key=lambda one: _ORDER.index(one.level), default=VALID)
