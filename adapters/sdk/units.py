"""Units as configurations write them, and what lies between two of them."""

from fractions import Fraction
from typing import Final, NamedTuple

from adapters.sdk.errors import AdapterError

# Unit -> what it measures, and how many of that dimension's first unit it is.
_UNITS: Final[dict[str, tuple[str, Fraction]]] = {
    unit: (dimension, Fraction(size))
    for dimension, sizes in {
        "concentration": {
            "ug/m3": "1",
            "ng/m3": "1/1000",
            "mg/m3": "1000",
            "g/m3": "1000000",
            "ng/L": "1",
            "ug/L": "1000",
            "mg/L": "1000000",
            "g/L": "1000000000",
        },
        "flow": {
            "m3/s": "1",
            "m3/min": "1/60",
            "m3/h": "1/3600",
            "m3/d": "1/86400",
            "L/s": "1/1000",
            "L/min": "1/60000",
        },
        "pressure": {"hPa": "1", "Pa": "1/100", "kPa": "10", "mbar": "1", "bar": "1000"},
        "speed": {
            "m/s": "1",
            "cm/s": "1/100",
            "m/min": "1/60",
            "km/h": "5/18",
            "[kn_i]": "463/900",
        },
        "conductivity": {"uS/cm": "1", "mS/cm": "1000", "mS/m": "10", "S/m": "10000"},
        "temperature": {"Cel": "1", "K": "1", "[degF]": "5/9"},
        "ratio": {"%": "1", "1": "100"},
        "angle": {"deg": "1"},
        "acidity": {"[pH]": "1"},
        "turbidity": {"{NTU}": "1"},
        "sound": {"dB[SPL]": "1"},
        "colour": {"{PCU}": "1"},
        "count": {"/L": "1", "/mL": "1000"},
        "radioactivity": {"Bq/L": "1"},
        "area": {"m2": "1"},
        "length": {"m": "1", "mm": "1/1000", "cm": "1/100", "dm": "1/10", "km": "1000"},
        "duration": {"s": "1", "ms": "1/1000", "min": "60", "h": "3600", "d": "86400"},
        "volume": {"L": "1", "mL": "1/1000", "m3": "1000"},
        "voltage": {"V": "1", "mV": "1/1000"},
        "rate": {"/min": "1", "/s": "60", "/h": "1/60"},
        "density": {"/m2": "1", "/hm2": "1/10000", "/km2": "1/1000000"},
        "fraction": {"[ppb]": "1", "[ppm]": "1000"},
    }.items()
    for unit, size in sizes.items()
}

# Of temperatures alone: what is added once a value has the first unit's size.
_OFFSETS: Final = {"K": Fraction("-273.15"), "[degF]": Fraction(-160, 9)}

_SPELLINGS: Final = {
    "°c": "Cel",
    "℃": "Cel",
    "c": "Cel",
    "ph": "[pH]",
    "ntu": "{NTU}",
    "db": "dB[SPL]",
    "db(a)": "dB[SPL]",
    "ppb": "[ppb]",
    "ppm": "[ppm]",
    "°": "deg",
    "度": "deg",
    "摄氏度": "Cel",
    "华氏度": "[degF]",
    "°f": "[degF]",
    "kn": "[kn_i]",
    "节": "[kn_i]",
    "米": "m",
    "厘米": "cm",
    "毫米": "mm",
    "公里": "km",
    "千米": "km",
    "秒": "s",
    "分钟": "min",
    "小时": "h",
    "天": "d",
    "升": "L",
    "立方米": "m3",
    "伏": "V",
    "米/秒": "m/s",
    "公里/小时": "km/h",
    "立方米/秒": "m3/s",
    "毫克/升": "mg/L",
    "微克/升": "ug/L",
    "毫克/立方米": "mg/m3",
    "微克/立方米": "ug/m3",
    "百帕": "hPa",
    "千帕": "kPa",
    "人/平方米": "/m2",
} | {unit.lower(): unit for unit in _UNITS}


_PLAIN: Final = str.maketrans({"\u00b5": "u", "\u03bc": "u", "\u00b3": "3", "^": ""})


class UnknownUnit(AdapterError, ValueError):
    """A unit in the configuration that has no meaning here.

    Also a ValueError, by which the options' reader knows what is not a fault of its own.
    """

    def __init__(self, unit: str, *, where: str) -> None:
        super().__init__(
            f"{where} names the unit {unit!r}, which is not known; "
            f"expected one of {', '.join(_UNITS)}."
        )


def ucum(text: str, *, where: str) -> str:
    """Return a unit's UCUM spelling; ``µg/m³`` and ``ug/m^3`` are ``ug/m3``.

    Raises:
        UnknownUnit: It is none of the known ones; ``where`` says whose it was.
    """
    plain = text.strip().translate(_PLAIN)
    unit = _SPELLINGS.get(plain.lower())
    if unit is None:
        raise UnknownUnit(text, where=where)
    return unit


class Conversion(NamedTuple):
    """What turns a value of one unit into another: ``value * factor / divisor + offset``.

    Of two whole numbers, a division of one rounds once: 1,234 cm are 12.34 m.
    """

    factor: int
    divisor: int
    offset: float

    def __call__(self, value: float) -> float:
        """Return the value in the other unit."""
        return value * self.factor / self.divisor + self.offset


def conversion(unit: str, target: str) -> Conversion | None:
    """Return what turns a value in ``unit`` into one in ``target``; None: nothing does."""
    if unit not in _UNITS or target not in _UNITS:
        return None
    dimension, size = _UNITS[unit]
    target_dimension, target_size = _UNITS[target]
    if dimension != target_dimension:
        return None
    ratio = size / target_size
    offset = (_OFFSETS.get(unit, Fraction()) - _OFFSETS.get(target, Fraction())) / target_size
    return Conversion(ratio.numerator, ratio.denominator, float(offset))


def scale(unit: str, target: str) -> float | None:
    """Return by what a value in ``unit`` is multiplied to be in ``target``; None: by nothing."""
    found = conversion(unit, target)
    return found.factor / found.divisor if found is not None and not found.offset else None


def units_like(target: str) -> list[str]:
    """Return the units that a value can have to become one in ``target``."""
    dimension, _ = _UNITS[target]
    return [unit for unit, (other, _) in _UNITS.items() if other == dimension]
