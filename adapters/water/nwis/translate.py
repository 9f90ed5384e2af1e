"""Turn readings into the bodies of records, in SI units."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from adapters.water.nwis.conversion import linear
from adapters.water.nwis.parameters import PARAMETERS, STATISTICS, UNKNOWN, Kind, Parameter
from adapters.water.nwis.qualifiers import quality_of
from adapters.water.nwis.readings import INSTANTANEOUS, Reading, Site
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point
from liandong.quantity.v1.quantity_pb2 import (
    UNIT_BASIS_MESSAGE,
    UNIT_BASIS_STANDARD,
    Measurement,
    Quality,
)
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1 import water_pb2 as water

BODIES: Final[dict[Kind, str]] = {
    "water.level": "water_level",
    "water.rainfall": "water_rainfall",
    "water.quality": "water_quality",
}
_CLASSES: Final[dict[Kind, Any]] = {
    "water.level": water.Level,
    "water.rainfall": water.Rainfall,
    "water.quality": water.WaterQuality,
}
_MEAN: Final = "00003"
_SUM: Final = "00006"
_SIGNIFICANT: Final = 9
# https://help.waterdata.usgs.gov/site_tp_cd: lakes, wells, streams, estuaries, weather.
_STATION_TYPES: Final = {
    "ST": water.STATION_TYPE_RIVER,
    "LK": water.STATION_TYPE_RESERVOIR,
    "GW": water.STATION_TYPE_GROUNDWATER,
    "ES": water.STATION_TYPE_TIDE,
    "AT": water.STATION_TYPE_RAIN,
}


def by_kind(readings: Iterable[Reading]) -> dict[Kind, list[Reading]]:
    """Sort readings by the kind of record that holds them."""
    kinds: dict[Kind, list[Reading]] = {}
    for reading in readings:
        kinds.setdefault(_parameter(reading).kind, []).append(reading)
    return kinds


def head_of(kind: Kind, site: Site) -> bytes:
    """Return what the bodies of a site's records have in common, encoded."""
    body: Any = _CLASSES[kind]()
    body.station_id, body.station_title = site.number[:64], site.title[:128]
    if kind == "water.quality":
        body.station_type = site.kind[:16]
    else:
        body.station_type = _STATION_TYPES.get(site.kind[:2], water.STATION_TYPE_UNSPECIFIED)
    encoded: bytes = body.SerializeToString()
    return encoded


def put_readings(
    record: Record, kind: Kind, readings: Sequence[Reading]
) -> tuple[list[Quality], tuple[object, ...] | None]:
    """Put readings into a record's body.

    Returns:
        How far each value may be trusted, and what decides about the rest of the body: the
        record's shape, once its site is known. None: a value is none that the schema takes.
    """
    body: Any = getattr(record, BODIES[kind])
    qualities, shape, is_finite = [], [], True
    measured: dict[tuple[str, str], Measurement] = {}
    for reading in readings:
        value = _value(reading)
        has_value = value is not None
        quality = quality_of(
            reading.qualifiers, "" if has_value else reading.text, has_value=has_value
        )
        qualities.append(quality)
        if value is not None:
            is_finite &= math.isfinite(value)
            _put_field(body, reading, value)
        key = (reading.parameter, reading.method)
        if key not in measured:
            measured[key] = _add_measurement(body, reading)
        _put_value(measured[key], reading, value, quality)
        shape.append((*key, reading.statistic, reading.unit, reading.title, has_value))
    return qualities, tuple(shape) if is_finite else None


def location_of(site: Site) -> Location:
    """Return where a site is, as far as is known."""
    location = Location()
    latitude, longitude = site.latitude, site.longitude
    # NWIS gives 0, 0 for sites whose place is not public.
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return location
    location.point.CopyFrom(
        Point(
            latitude_deg=latitude,
            longitude_deg=longitude,
            altitude_m=site.altitude_m if site.datum in {"NAVD88", "NGVD29"} else None,
            accuracy_m=site.accuracy_m,
            source_coordinate_system=COORDINATE_SYSTEM_WGS84,
        )
    )
    return location


def _parameter(reading: Reading) -> Parameter:
    return PARAMETERS.get(reading.parameter, UNKNOWN)


def _number(reading: Reading) -> float | None:
    """Return the value as it stands there; None: there is none."""
    try:
        number = float(reading.text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number != reading.no_data else None


def _value(reading: Reading) -> float | None:
    """Return the value in liandong's unit; a product has no more digits than are true."""
    number = _number(reading)
    if number is None:
        return None
    factor, offset = linear(_parameter(reading), reading.unit)
    if factor == 1 and not offset:
        return number
    return float(f"{number * factor + offset:.{_SIGNIFICANT}g}")


def _put_field(body: Any, reading: Reading, value: float) -> None:
    """Put a value into its field, unless another of the same parameter is there already.

    A daily mean stands for its day; a greatest or least value does not.
    """
    parameter = _parameter(reading)
    if parameter.kind == "water.rainfall" and reading.statistic == _SUM:
        body.day_mm = value
        return
    field = parameter.field
    stands = reading.statistic in INSTANTANEOUS or reading.statistic == _MEAN
    if not (field and stands) or body.HasField(field):
        return
    setattr(body, field, value)
    if field == "level_m":
        body.datum = parameter.datum


def _add_measurement(body: Any, reading: Reading) -> Measurement:
    """Add a measurement without its value."""
    parameter = _parameter(reading)
    known = parameter is not UNKNOWN
    unit = parameter.unit if known else reading.unit
    measurement: Measurement = body.measurements.add()
    measurement.code = reading.parameter[:64]
    if reading.title:
        measurement.title = reading.title[:128]
    if unit:
        measurement.unit = unit[:32]
        measurement.unit_basis = UNIT_BASIS_STANDARD if known else UNIT_BASIS_MESSAGE
    if reading.method:
        _say(measurement, "method", reading.method)
    return measurement


def _put_value(
    measurement: Measurement, reading: Reading, value: float | None, quality: Quality
) -> None:
    """Put a value into a measurement, with what it was before its conversion."""
    field = STATISTICS.get(reading.statistic, "value")
    label = "source" if field == "value" else f"source_{field}"
    if value is None:
        measurement.text = reading.text[:4096]
    elif not measurement.HasField(field):  # type: ignore[arg-type]
        setattr(measurement, field, value)
    _say(measurement, f"{label}_value", reading.text)
    parameter = _parameter(reading)
    _say(measurement, f"{label}_unit", reading.unit or parameter.source_unit)
    if reading.statistic not in INSTANTANEOUS:
        _say(measurement, "statistic", reading.statistic)
    measurement.quality.CopyFrom(quality)


def _say(measurement: Measurement, key: str, value: str) -> None:
    """Add an attribute that says something."""
    if value and len(measurement.attributes) < 64:  # noqa: PLR2004 - the schema's bound.
        measurement.attributes.add(key=key, value=value[:8192])
