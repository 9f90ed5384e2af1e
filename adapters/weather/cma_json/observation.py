"""Turn ``now`` of a station's page into an observation."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.sdk.errors import Untranslatable
from adapters.sdk.limits import fit, longest, ranges, within
from adapters.weather.cma_json.fields import number, words
from adapters.weather.doubts import remark
from liandong.quantity.v1.quantity_pb2 import UNIT_BASIS_PRACTICE, Measurement
from liandong.weather.v1.weather_pb2 import Observation

# The page names no units; these are those that it prints beside the numbers.
_FIELDS: Final = ("temperature", "humidity", "pressure", "windDirectionDegree", "windSpeed")
_RANGES: Final = ranges(Observation)
_LIMITS: Final = longest(Observation, "station_id", "station_title")
_OTHERS: Final = {"precipitation": "mm", "feelst": "Cel"}


def to_observation(data: Mapping[str, Any]) -> tuple[Observation, bool]:
    """Return the observation of a station's page, and whether texts and numbers are in bounds.

    Args:
        data: The document's ``data``, with ``location`` and ``now``.

    Raises:
        Untranslatable: It names no station, or a value is no number.
    """
    location, now = data.get("location"), data.get("now")
    if not isinstance(location, dict) or not words(location, "id"):
        raise Untranslatable(
            "location.id", location, expected="a station's number", cause="missing"
        )
    if not isinstance(now, dict):
        raise Untranslatable("now", now, expected="an observation", cause="missing")
    station, title = words(location, "id"), words(location, "name")
    temperature, humidity, pressure, direction, speed = (number(now, name) for name in _FIELDS)
    body = Observation(
        station_id=station,
        station_title=title,
        temperature_c=temperature,
        humidity_pct=humidity,
        station_pressure_hpa=pressure,
        # Calm, or speed unknown: a direction alone says nothing.
        wind_direction_deg=direction if speed else None,
        wind_speed_m_s=speed,
        measurements=_rest(now),
    )
    # What is left are finite numbers and words under a code, which are cut.
    return body, fit((station, title), _LIMITS) and within(body, _RANGES)


def _rest(now: Mapping[str, Any]) -> list[Measurement]:
    """Return what has no field: over what time the rain fell, the page does not say."""
    rest = []
    for name in now:
        if name in _OTHERS:
            value = number(now, name)
            if value is not None:
                basis = UNIT_BASIS_PRACTICE
                rest.append(
                    Measurement(code=name, unit=_OTHERS[name], unit_basis=basis, value=value)
                )
        elif name not in _FIELDS and words(now, name):
            rest.append(remark(name[:64] or "?", words(now, name)))
    return rest[:512]
