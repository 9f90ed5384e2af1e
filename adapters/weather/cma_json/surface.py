"""Turn rows of the service's data interface (CIMISS, 天擎: MUSIC) into observations.

``{"returnCode": "0", "DS": [{"Station_Id_C": "58238", "TEM": "24.6", ...}]}``: numbers are
mostly texts, times are UTC, and numbers near a million are no values but say why there is none.
"""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from adapters.sdk.adapter import VALID
from adapters.sdk.errors import Untranslatable
from adapters.sdk.limits import longest
from adapters.sdk.moments import moment
from adapters.weather.cma_json.fields import words
from adapters.weather.doubts import remark
from adapters.weather.sites import Site
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_INVALID,
    QUALITY_LEVEL_SUSPECT,
    UNIT_BASIS_STANDARD,
    Measurement,
    Quality,
)
from liandong.weather.v1.weather_pb2 import Observation

# The interface's element, and the field and unit (always the interface's own) that take it;
# of several for one field the first that has a value counts.
_FIELDS: Final = (
    ("TEM", "temperature_c"),
    ("DPT", "dew_point_c"),
    ("RHU", "humidity_pct"),
    ("PRS", "station_pressure_hpa"),
    ("PRS_Sea", "sea_level_pressure_hpa"),
    ("WIN_S_Avg_10mi", "wind_speed_m_s"),
    ("WIN_S_Avg_2mi", "wind_speed_m_s"),
    ("WIN_S_INST", "wind_speed_m_s"),
    ("WIN_S_Inst_Max", "wind_gust_m_s"),
    ("VIS", "visibility_m"),
    ("VIS_HOR_10MI", "visibility_m"),
    ("VIS_HOR_1MI", "visibility_m"),
    ("PRE_1h", "rain_1h_mm"),
    ("PRE_6h", "rain_6h_mm"),
    ("PRE_24h", "rain_24h_mm"),
)
_UNITS: Final = (
    (re.compile("TEM|DPT|GST|LGST"), "Cel"),
    (re.compile("PRS|VAP"), "hPa"),
    (re.compile("RHU"), "%"),
    (re.compile("WIN_S"), "m/s"),
    (re.compile("WIN_D"), "deg"),
    (re.compile("VIS"), "m"),
    (re.compile("PRE"), "mm"),
)
_ABOUT: Final = frozenset(
    {"station_id_c", "station_id_d", "station_name", "lat", "lon", "alti"}
    | {"year", "mon", "day", "hour", "min", "datetime", "admin_code_chn"}
)
_LEAST_CODE: Final = 999_000
_TRACE: Final = 999_990
_CHECK: Final = "Q_"
_WRONG: Final = {
    "1": (QUALITY_LEVEL_SUSPECT, "suspect"),
    "2": (QUALITY_LEVEL_INVALID, "wrong"),
}
_TITLE: Final = longest(Observation, "station_title")[0]
_MOST: Final = 512
_NOTE: Final = 512
_DISTRICT: Final = re.compile(r"[1-9]\d{5}", re.ASCII)


class Row:
    """One station at one time.

    Args:
        fields: What the interface says, by its own names, whose case its services do not agree on.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = {name.casefold(): value for name, value in fields.items()}
        self._names = {name.casefold(): name for name in fields}

    def station(self) -> str:
        """Return the station's number.

        Raises:
            Untranslatable: There is none.
        """
        number = words(self._fields, "station_id_c", "station_id_d")
        if not number:
            expected = "a station's number"
            raise Untranslatable("Station_Id_C", "", expected=expected, cause="missing")
        return number

    def observed_at(self, zone: tzinfo) -> datetime:
        """Return when it was observed, UTC.

        Args:
            zone: The zone of the interface's times.

        Raises:
            Untranslatable: There is no time, or it is none.
        """
        written = words(self._fields, "datetime")
        if not written:
            parts = [words(self._fields, name) for name in ("year", "mon", "day", "hour")]
            if not all(parts):
                expected = "a time, or Year, Mon, Day and Hour"
                raise Untranslatable("Datetime", "", expected=expected, cause="missing")
            year, month, day, hour = parts
            written = f"{year}-{month}-{day} {hour}:{words(self._fields, 'min').zfill(2)}"
        return moment(written, "Datetime", zone)

    def site(self, known: Site) -> Site:
        """Return where the station is: as the city knows, else as the interface says."""
        if known.latitude is not None:
            return known
        latitude, longitude = self._number("lat"), self._number("lon")
        district = words(self._fields, "admin_code_chn")
        return Site(
            title=known.title or words(self._fields, "station_name")[:_TITLE],
            latitude=latitude,
            longitude=longitude,
            altitude_m=self._number("alti"),
            district=known.district or (district if _DISTRICT.fullmatch(district) else ""),
        )

    def observation(self, station: str, title: str) -> tuple[Observation, Quality]:
        """Return the observation, and how far the interface's own checks let it be trusted.

        A value that they call wrong is a measurement alone; other elements than those with
        fields are measurements, too.

        Raises:
            Untranslatable: A value of an element with a field is no number.
        """
        body = Observation(station_id=station, station_title=title)
        taken = set(_ABOUT)
        for name, field in _FIELDS:
            value = self._number(name.casefold())
            if value is None or self._is_wrong(name) or body.HasField(field):  # type: ignore[arg-type]
                continue
            setattr(body, field, value)
            taken.add(name.casefold())
            if field == "wind_speed_m_s" and value:
                self._put_direction(body, name.replace("_S_", "_D_"), taken)
        left = ((key, name) for key, name in self._names.items() if key not in taken)
        rest = (self._measured(key, name) for key, name in left if not name.startswith(_CHECK))
        body.measurements.extend([one for one in rest if one is not None][:_MOST])
        return body, self._quality()

    def _put_direction(self, body: Observation, name: str, taken: set[str]) -> None:
        """Put the direction that belongs to a speed."""
        direction = self._number(name.casefold())
        if direction is not None and not self._is_wrong(name):
            body.wind_direction_deg = direction
            taken.add(name.casefold())

    def _quality(self) -> Quality:
        """Return how far the row may be trusted: a doubt about a value is one about it."""
        checks = (name for name in self._names.values() if name.startswith(_CHECK))
        doubts = [
            f"{name} is {code}"
            for name in checks
            if (code := words(self._fields, name.casefold())) in _WRONG
        ]
        if not doubts:
            return VALID
        return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])

    def _is_wrong(self, name: str) -> bool:
        """Tell whether the interface's check calls an element's value wrong."""
        return self._checked(name).level == QUALITY_LEVEL_INVALID

    def _measured(self, key: str, name: str) -> Measurement | None:
        """Return an element as a measurement; None: it says nothing."""
        try:
            value = self._number(key)
        except Untranslatable:
            return remark(name[:64] or "?", words(self._fields, key))
        if value is None:
            return None
        unit = next((unit for shape, unit in _UNITS if shape.match(name)), "")
        measured = Measurement(code=name[:64] or "?", value=value, quality=self._checked(name))
        if unit:
            measured.unit, measured.unit_basis = unit, UNIT_BASIS_STANDARD
        return measured

    def _checked(self, name: str) -> Quality:
        """Return what the interface's check of an element says (0 is right, 9 not checked)."""
        code = words(self._fields, f"{_CHECK}{name}".casefold())
        if code not in _WRONG:
            return VALID
        level, note = _WRONG[code]
        return Quality(level=level, source_flag=code, note=f"the interface calls it {note}")

    def _number(self, key: str) -> float | None:
        """Return an element's number; None: it was not measured. A trace of rain is no rain.

        Raises:
            Untranslatable: It is no number.
        """
        written = words(self._fields, key)
        if not written:
            return None
        try:
            value = float(written)
        except ValueError as error:
            name = self._names.get(key, key)
            raise Untranslatable(name, written, expected="a number") from error
        if value == _TRACE and key.startswith("pre"):
            return 0.0
        return value if abs(value) < _LEAST_CODE else None
