"""What turns a value into liandong's unit: its code, unless the message says another unit."""

from functools import lru_cache
from typing import Final

from adapters.sdk.units import UnknownUnit, conversion, ucum
from adapters.water.nwis.parameters import Parameter

Linear = tuple[float, float]
"""A factor, and what is added."""

_FOOT_M: Final = 0.3048
# As USGS and programs that copy it write units that liandong's configurations do not have.
_CUSTOMARY: Final = {
    **dict.fromkeys(("ft", "feet", "foot"), ("m", _FOOT_M)),
    **dict.fromkeys(("in", "inch", "inches"), ("mm", 25.4)),
    **dict.fromkeys(("ft/s", "ft/sec"), ("m/s", _FOOT_M)),
    **dict.fromkeys(("ft3/s", "cfs", "ft3/sec", "cubicfeetpersecond"), ("m3/s", _FOOT_M**3)),
}
_SPELLINGS: Final = {"degc": "Cel", "degf": "[degF]", "cms": "m3/s", "cubicmeterspersecond": "m3/s"}


@lru_cache(maxsize=1024)
def linear(parameter: Parameter, stated: str) -> Linear:
    """Return by what a value is multiplied, and what is added, to be in a parameter's unit.

    Whoever says a unit means it, whatever unit USGS has for the code; one that is not
    known, or measures something else, is taken for the code's own in other words.

    Args:
        parameter: The parameter.
        stated: The unit that the message says; empty: it says none.
    """
    usual = parameter.factor, parameter.offset
    plain = _plain(stated)
    if not plain or plain == _plain(parameter.source_unit):
        return usual
    unit, size = _CUSTOMARY.get(plain) or (_known(plain, stated), 1.0)
    if unit == parameter.unit:
        return size, 0.0
    found = conversion(unit, parameter.unit)
    if found is None:
        return usual
    return size * found.factor / found.divisor, found.offset


def _plain(unit: str) -> str:
    """Return a unit without what programs write differently."""
    return "".join(unit.split()).replace("^", "").replace("³", "3").casefold()


def _known(plain: str, stated: str) -> str:
    """Return a unit in UCUM; empty: it is not known."""
    try:
        return _SPELLINGS.get(plain) or ucum(stated, where="WaterML")
    except UnknownUnit:
        return ""
