"""USGS parameter codes (https://help.waterdata.usgs.gov/codes-and-parameters/parameters)."""

from typing import Final, Literal, NamedTuple

Kind = Literal["water.level", "water.rainfall", "water.quality"]
_FOOT_M: Final = 0.3048
_CUBIC_FOOT_M3: Final = _FOOT_M**3
_INCH_MM: Final = 25.4


class Parameter(NamedTuple):
    """What a parameter is, and how its values become liandong's units.

    A value times ``factor``, plus ``offset``, is in ``unit``.

    Attributes:
        kind: The kind of record that holds it.
        field: The body's field; empty: it has none, a measurement holds it.
        unit: Unit in UCUM, after the conversion.
        source_unit: The unit that the code stands for, as USGS writes it.
        factor: Multiplier.
        offset: Summand.
        datum: The datum of a level; empty: the gauge's own zero.
    """

    kind: Kind
    field: str
    unit: str
    source_unit: str
    factor: float = 1.0
    offset: float = 0.0
    datum: str = ""


def _level(field: str, datum: str = "") -> Parameter:
    return Parameter("water.level", field, "m", "ft", _FOOT_M, datum=datum)


def _quality(field: str, unit: str, source_unit: str) -> Parameter:
    return Parameter("water.quality", field, unit, source_unit)


PARAMETERS: Final[dict[str, Parameter]] = {
    "00065": _level("level_m"),
    "30207": Parameter("water.level", "level_m", "m", "m"),
    "00062": _level("level_m"),
    "62614": _level("level_m", "NGVD29"),
    "62615": _level("level_m", "NAVD88"),
    "62616": _level("level_m", "NAVD88"),
    "62610": _level("level_m", "NGVD29"),
    "62611": _level("level_m", "NAVD88"),
    "63158": _level("level_m", "NGVD29"),
    "63160": _level("level_m", "NAVD88"),
    "72019": _level("groundwater_depth_m"),
    "00060": Parameter("water.level", "flow_m3_s", "m3/s", "ft3/s", _CUBIC_FOOT_M3),
    "00061": Parameter("water.level", "flow_m3_s", "m3/s", "ft3/s", _CUBIC_FOOT_M3),
    "30208": Parameter("water.level", "flow_m3_s", "m3/s", "m3/s"),
    "00055": Parameter("water.level", "velocity_m_s", "m/s", "ft/s", _FOOT_M),
    "72255": Parameter("water.level", "velocity_m_s", "m/s", "ft/s", _FOOT_M),
    "00045": Parameter("water.rainfall", "", "mm", "in", _INCH_MM),
    "00010": _quality("temperature_c", "Cel", "deg C"),
    "00011": Parameter("water.quality", "temperature_c", "Cel", "deg F", 5 / 9, -160 / 9),
    "00095": _quality("conductivity_us_cm", "uS/cm", "uS/cm @25C"),
    "00300": _quality("dissolved_oxygen_mg_l", "mg/L", "mg/l"),
    "00301": _quality("", "%", "% saturation"),
    "00400": _quality("ph", "[pH]", "std units"),
    "63680": _quality("turbidity_ntu", "{FNU}", "FNU"),
    "00076": _quality("turbidity_ntu", "{NTU}", "NTU"),
    "62361": _quality("chlorophyll_a_ug_l", "ug/L", "ug/l"),
    "00665": _quality("total_phosphorus_mg_l", "mg/L", "mg/l as P"),
    "00600": _quality("total_nitrogen_mg_l", "mg/L", "mg/l"),
    "99133": _quality("", "mg/L", "mg/l as N"),
    "80154": _quality("", "mg/L", "mg/l"),
}
"""Parameters that are understood; all others are kept under their codes."""

UNKNOWN: Final = Parameter("water.quality", "", "", "")
"""What a parameter is of which nothing is known: its value stays as it is."""

STATISTICS: Final = {
    "00001": "max",
    "00002": "min",
    "00003": "mean",
    "00006": "total",
}
"""Statistic codes of daily values for which a measurement has a field."""
