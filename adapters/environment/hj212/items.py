"""The command parameters as factors with their sub-fields, and what else they hold."""

import re
from typing import NamedTuple

from adapters.environment.hj212.segment import pairs

_SUBFIELDS = {
    name.lower(): name
    for name in (
        *("Rtd", "Min", "Avg", "Max", "Cou", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax"),
        *("Data", "DayData", "NightData"),
        *("Flag", "EFlag", "SampleTime", "RS", "RT", "Info"),
    )
}
_NO_FACTORS = frozenset({"datatime", "qn", "begintime", "endtime"})
"""Times of the message, and of what was asked for."""
_CODE = re.compile(r"[aw][0-9]{5}", re.IGNORECASE)
_TIME = re.compile(r"(?:^|(?<=[;,]))\s*(?=DataTime\s*=)")


class Factor(NamedTuple):
    """One factor's sub-fields."""

    code: str
    """As written, ``w01018``."""
    values: dict[str, str]
    """Sub-field (the standard's spelling where it has one) to its text."""


class Items(NamedTuple):
    """What stood between the ``&&``."""

    factors: list[Factor]
    plain: list[tuple[str, str]]
    """Items without a sub-field, ``DataTime``; names as written."""

    def bare(self) -> list[Factor]:
        """Return what a data message says without a sub-field, other than its time.

        A factor's code with nothing but a number is its reading.
        """
        return [
            Factor(key, {"Rtd" if _CODE.fullmatch(key) else "value": value})
            for key, value in self.plain
            if _is_bare(key)
        ]

    def plain_value(self, name: str) -> str:
        """Return a plain item's value by its name in any case, or an empty text."""
        wanted = name.lower()
        return next((value for key, value in self.plain if key.lower() == wanted), "")


def _is_bare(key: str) -> bool:
    return bool(key) and key.lower() not in _NO_FACTORS


def by_time(parameters: str) -> list[str]:
    """Return the parameters of each DataTime; loggers put several times into one message."""
    if parameters.find("DataTime", 1) < 0:
        return [parameters]
    head, *parts = _TIME.split(parameters)
    return [head + parts[0], *parts[1:]] if parts else [parameters]


def split_key(key: str) -> tuple[str, str]:
    """Return code and sub-field; no sub-field: ``("", key)``."""
    code, _, name = key.rpartition("-")
    return code.strip(), _SUBFIELDS.get(name.lower(), name.strip())


def items_of(parameters: str) -> Items:
    """Group the parameters by factor, in the order of the factors' first mention.

    A sub-field that a factor already has begins the factor anew, so that nothing
    said twice is lost.
    """
    items = Items([], [])
    open_factors: dict[str, Factor] = {}
    for key, value in pairs(parameters):
        code, name = split_key(key)
        if not code:
            items.plain.append((key, value))
            continue
        factor = open_factors.get(code)
        if factor is None or name in factor.values:
            factor = open_factors[code] = Factor(code, {})
            items.factors.append(factor)
        factor.values[name] = value
    return items
