"""Units as configurations write them, and what lies between two of them."""

from fractions import Fraction
from typing import Final

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
        "speed": {"m/s": "1", "km/h": "5/18"},
        "conductivity": {"uS/cm": "1", "mS/cm": "1000", "mS/m": "10", "S/m": "10000"},
        "temperature": {"Cel": "1"},
        "ratio": {"%": "1", "1": "100"},
        "angle": {"deg": "1"},
        "acidity": {"[pH]": "1"},
        "turbidity": {"{NTU}": "1"},
        "sound": {"dB[SPL]": "1"},
        "colour": {"{PCU}": "1"},
        "count": {"/L": "1", "/mL": "1000"},
        "radioactivity": {"Bq/L": "1"},
        "area": {"m2": "1"},
        "fraction": {"[ppb]": "1", "[ppm]": "1000"},
    }.items()
    for unit, size in sizes.items()
}

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


def scale(unit: str, target: str) -> float | None:
    """Return by what a value in ``unit`` is multiplied to be in ``target``; None: by nothing."""
    if unit not in _UNITS or target not in _UNITS:
        return None
    dimension, size = _UNITS[unit]
    target_dimension, target_size = _UNITS[target]
    return float(size / target_size) if dimension == target_dimension else None
