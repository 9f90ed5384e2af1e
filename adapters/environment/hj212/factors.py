"""Factor codes: what they are called, in which unit they come, which typed field they fill."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from adapters.environment.hj212.annex_b import GAS, NOISE, WATER
from adapters.environment.hj212.codes import AIR, DISCHARGE, Subject
from adapters.environment.hj212.codes import WATER as WATER_QUALITY
from adapters.environment.hj212.options import Hj212Options
from adapters.sdk.units import scale, ucum
from liandong.quantity.v1 import quantity_pb2 as quantity

_FIELDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    AIR: {
        "a34004": ("pm2_5_ug_m3", "ug/m3"),
        "a34002": ("pm10_ug_m3", "ug/m3"),
        "a21026": ("so2_ug_m3", "ug/m3"),
        "a21004": ("no2_ug_m3", "ug/m3"),
        "a21005": ("co_mg_m3", "mg/m3"),
        "a05024": ("o3_ug_m3", "ug/m3"),
        "a34001": ("tsp_ug_m3", "ug/m3"),
        "a01001": ("temperature_c", "Cel"),
        "a01002": ("humidity_pct", "%"),
        "a01006": ("pressure_hpa", "hPa"),
        "a01007": ("wind_speed_m_s", "m/s"),
        "a01008": ("wind_direction_deg", "deg"),
        "Leq": ("noise_db", "dB[SPL]"),
        "LA": ("noise_db", "dB[SPL]"),
    },
    DISCHARGE: {
        "w00000": ("water_flow_l_s", "L/s"),
        "a00000": ("gas_flow_m3_s", "m3/s"),
        "w01018": ("cod_mg_l", "mg/L"),
        "w21003": ("nh3_n_mg_l", "mg/L"),
        "w21011": ("total_phosphorus_mg_l", "mg/L"),
        "w21001": ("total_nitrogen_mg_l", "mg/L"),
        "w01001": ("ph", "[pH]"),
        "a21026": ("so2_mg_m3", "mg/m3"),
        "a21002": ("nox_mg_m3", "mg/m3"),
        "a34013": ("particles_mg_m3", "mg/m3"),
    },
    WATER_QUALITY: {
        "w01010": ("temperature_c", "Cel"),
        "w01001": ("ph", "[pH]"),
        "w01009": ("dissolved_oxygen_mg_l", "mg/L"),
        "w01014": ("conductivity_us_cm", "uS/cm"),
        "w01003": ("turbidity_ntu", "{NTU}"),
        "w01019": ("permanganate_index_mg_l", "mg/L"),
        "w21003": ("nh3_n_mg_l", "mg/L"),
        "w21011": ("total_phosphorus_mg_l", "mg/L"),
        "w21001": ("total_nitrogen_mg_l", "mg/L"),
        "w01016": ("chlorophyll_a_ug_l", "ug/L"),
    },
}

UNBOUNDED: Final = (-math.inf, math.inf)
_AMOUNT: Final = (-90.0, math.inf)
"""Analysers drift below zero by a little; -99, -999 and their like stand for no value."""
_BOUNDS: Final = {
    **{
        field: _AMOUNT
        for fields in _FIELDS.values()
        for field, unit in fields.values()
        if unit in {"ug/m3", "mg/m3", "mg/L", "ug/L", "uS/cm", "{NTU}", "dB[SPL]"}
    },
    # The largest power stations have half of it in one chimney; what is beyond is m3/h.
    "gas_flow_m3_s": (-90.0, 3000.0),
    "temperature_c": (-90.0, 100.0),
    "humidity_pct": (0.0, 110.0),
    "pressure_hpa": (300.0, 1100.0),
    "wind_speed_m_s": (0.0, 150.0),
    "wind_direction_deg": (0.0, 360.0),
    "ph": (0.0, 14.0),
}
"""What typed fields can hold at all: beyond it, the unit is another or the sensor is broken."""


class Definition(NamedTuple):
    """What is known of a factor at one site."""

    code: str
    """As the logger writes it."""
    title: str = ""
    unit: str = ""
    """UCUM; empty when nobody says."""
    basis: quantity.UnitBasis.ValueType = quantity.UNIT_BASIS_UNSPECIFIED
    field: str = ""
    """The typed field that a valid value fills, or none."""
    scale: float = 1.0
    """What a value is multiplied by for that field."""
    bounds: tuple[float, float] = UNBOUNDED
    """Between what the value for that field must lie."""


class _Entry(NamedTuple):
    code: str
    title: str
    unit: str


def _rows(text: str, columns: int) -> Iterator[list[str]]:
    for line in text.strip().splitlines():
        yield line.split(" ", columns - 1)


def _tables() -> dict[str, dict[str, _Entry]]:
    """Return every table by code, old codes included where a medium gives them meaning.

    Loggers write codes in either case.
    """
    tables: dict[str, dict[str, _Entry]] = {"ambient": {}, "source": {}, "water": {}}
    for code, _, unit, title in _rows(NOISE, 4):
        for table in tables.values():
            table[code] = _Entry(code, title, unit)
    # Full codes mean the same everywhere; codes of 2005 only within their medium
    # (023 is chromium in water, and something of the vendor's own in air).
    for code, old, unit, title in _rows(WATER, 4):
        entry = _Entry(code, title, unit)
        for table in tables.values():
            table[code] = entry
        tables["water"][old] = entry
    for code, old, ambient, source, title in _rows(GAS, 5):
        tables["ambient"][code] = tables["ambient"][old] = _Entry(code, title, ambient)
        tables["source"][code] = tables["source"][old] = _Entry(code, title, source)
        tables["water"][code] = _Entry(code, title, source)
    return tables


_TABLES: Final = {
    name: {code.casefold(): entry for code, entry in table.items()}
    for name, table in _tables().items()
}
_REMEMBERED: Final = 65536


class Factors:
    """The definitions of a feed's factors: site before feed before common practice."""

    def __init__(self, options: Hj212Options) -> None:
        self._feed_units = {c: ucum(u, where=f"units.{c}") for c, u in options.units.items()}
        self._site_units = {
            mn: {c: ucum(u, where=f"sites.{mn}.units.{c}") for c, u in site.units.items()}
            for mn, site in options.sites.items()
            if site.units
        }
        self._known: dict[tuple[str, Subject, str], Definition] = {}

    def profile(self, mn: str) -> str:
        """Return the MN of a site with units of its own, or an empty text for all others."""
        return mn if mn in self._site_units else ""

    def definition(self, profile: str, subject: Subject, code: str) -> Definition:
        """Return what is known of a factor; never fails, an unknown one has no unit."""
        key = (profile, subject, code)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._define(profile, subject, code)
        return found

    def _define(self, profile: str, subject: Subject, code: str) -> Definition:
        entry = _TABLES[subject.table].get(code.casefold())
        standard = entry.code if entry else code
        unit, basis = self._unit(profile, code, standard)
        if not unit and entry:
            unit, basis = entry.unit, quantity.UNIT_BASIS_PRACTICE
        field, target = _FIELDS[subject.kind].get(standard, ("", ""))
        factor = scale(unit, target) if field else None
        return Definition(
            code=code,
            title=entry.title if entry else "",
            unit=unit,
            basis=basis,
            field=field if factor is not None else "",
            scale=1.0 if factor is None else factor,
            bounds=_BOUNDS.get(field, UNBOUNDED),
        )

    def _unit(
        self, profile: str, code: str, standard: str
    ) -> tuple[str, quantity.UnitBasis.ValueType]:
        for units, basis in (
            (self._site_units.get(profile, {}), quantity.UNIT_BASIS_SITE),
            (self._feed_units, quantity.UNIT_BASIS_FEED),
        ):
            if unit := units.get(code) or units.get(standard):
                return unit, basis
        return "", quantity.UNIT_BASIS_UNSPECIFIED
