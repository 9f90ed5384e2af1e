"""Groups that the kept library does not read, or reads past: runways, the sea, Australia's rain."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from adapters.weather.doubts import remark
from liandong.quantity.v1.quantity_pb2 import UNIT_BASIS_STANDARD, Measurement

# ICAO annex 3, appendix 3, 4.8.1.5 and 4.8.1.6; the eight digits are their older form.
_RUNWAY: Final = re.compile(
    r"R\d\d[LCR]?/(?:CLRD[\d/]{2}|[\d/]{6})|\d\d[\d/]{6}|(?:R/)?SNOCLO", re.ASCII
)
_SEA: Final = re.compile(r"W(?:(M?\d\d)|//)/(?:S(\d|/)|H(?:(\d{1,3})|///))", re.ASCII)
# Of the last ten minutes, and since 09:00 local time (Bureau of Meteorology).
_RAIN: Final = re.compile(r"RF(?:(\d\d\.\d)|//\./)/(?:(\d{3}\.\d)|///\./)", re.ASCII)
# Of military aerodromes in Europe.
_COLOUR: Final = re.compile(r"(?:BLACK)?(?:BLU|WHT|GRN|YLO[12]?|AMB|RED)\+?")
_DECIMETRE_M: Final = 0.1


def is_extra(group: str) -> bool:
    """Tell whether a group is one of these."""
    return any(one.fullmatch(group) for one in (_RUNWAY, _SEA, _RAIN, _COLOUR))


def extras(groups: Iterable[str]) -> Iterator[Measurement]:
    """Yield what these groups say, in degrees Celsius, metres and millimetres."""
    for group in groups:
        if _RUNWAY.fullmatch(group):
            yield remark("runway_state", group)
        elif _COLOUR.fullmatch(group):
            yield remark("colour_state", group)
        elif sea := _SEA.fullmatch(group):
            yield from _number("sea_temperature", "Cel", sea[1] and sea[1].replace("M", "-"))
            yield from _number("sea_state", "1", sea[2] and sea[2].strip("/"))
            yield from _number("wave_height", "m", sea[3], _DECIMETRE_M)
        elif rain := _RAIN.fullmatch(group):
            yield from _number("rain_10min", "mm", rain[1])
            yield from _number("rain_since_0900", "mm", rain[2])


def _number(
    code: str, unit: str, written: str | None, factor: float = 1.0
) -> Iterator[Measurement]:
    """Yield a number, if there is one; minus nothing is nothing."""
    if written:
        value = round(float(written) * factor, 3) + 0.0
        yield Measurement(code=code, unit=unit, unit_basis=UNIT_BASIS_STANDARD, value=value)
