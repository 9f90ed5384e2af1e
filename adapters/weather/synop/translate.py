"""Turn a decoded SYNOP into an observation, in SI units."""

from collections.abc import Iterator
from typing import Any, Final, Literal

from adapters.weather.doubts import NOT_UNDERSTOOD, remark
from adapters.weather.synop.decode import Decoded
from adapters.weather.synop.leaves import leaves
from adapters.weather.synop.report import Head, SynopReport
from liandong.weather.v1.weather_pb2 import CloudLayer, Observation

_KNOT_M_S: Final = 1852 / 3600
_MOST: Final = 16
_MEASUREMENTS: Final = 512
# What is no depth among the codes of table 3889, which the library takes for centimetres.
_SNOW: Final[dict[Any, dict[str, Any]]] = {
    997: {"max": 0.5, "unit": "cm", "quantifier": "isLess"},
    998: {"value": "not continuous"},
    999: {"value": "impossible to measure"},
}
# Plain values: the library's name, the field.
_PLAIN: Final = {
    "air_temperature": "temperature_c",
    "dewpoint_temperature": "dew_point_c",
    "relative_humidity": "humidity_pct",
    "station_pressure": "station_pressure_hpa",
    "sea_level_pressure": "sea_level_pressure_hpa",
    "visibility": "visibility_m",
}
_RAIN: Final[dict[Any, Literal["rain_1h_mm", "rain_6h_mm", "rain_24h_mm"]]] = {
    1: "rain_1h_mm",
    6: "rain_6h_mm",
    24: "rain_24h_mm",
}
# Table 4677 (manned stations) is written ww, table 4680 (automatic ones) wawa.
_WEATHER: Final = {"4677": "ww", "4680": "wawa"}
_HEAD: Final = frozenset(
    {"station_type", "callsign", "obs_time", "station_id", "station_position", "region", "country"}
)


def to_observation(
    report: SynopReport, head: Head, decoded: Decoded, title: str, doubts: list[str]
) -> Observation:
    """Return the observation that a report states.

    Args:
        report: The report.
        head: Its section 0.
        decoded: What the library made of it.
        title: The station's name.
        doubts: Gets a sentence for each value that was left out.
    """
    body = Observation(station_id=head.station, station_title=title, report=report.text)
    left = {key: value for key, value in decoded.data.items() if key not in _HEAD}
    # The library gives the code i_w the unit for which it stands.
    (left.get("wind_indicator") or {}).pop("unit", None)
    _put_plain(body, left)
    _put_wind(body, left, doubts)
    _put_rain(body, left)
    _put_sky(body, left)
    _correct_snow(left)
    body.measurements.extend(_words(report, head, decoded))
    rest = [one for key, value in left.items() for one in leaves(key, value)]
    body.measurements.extend(rest[: _MEASUREMENTS - len(body.measurements)])
    return body


def _put_plain(body: Observation, left: dict[str, Any]) -> None:
    """Put what the library gives as one value in the field's unit."""
    for name, field in _PLAIN.items():
        number = _number(left.get(name))
        if number is not None:
            setattr(body, field, number)
            del left[name]


def _put_wind(body: Observation, left: dict[str, Any], doubts: list[str]) -> None:
    """Put wind and gusts; without i_w nobody knows the unit of a speed."""
    wind = left.get("surface_wind") or {}
    direction, speed = wind.get("direction") or {}, wind.get("speed") or {}
    number = _speed(speed)
    if number is not None:
        body.wind_speed_m_s = number
        if direction.get("value") is not None:
            body.wind_direction_deg = direction["value"]
        del left["surface_wind"]
    elif speed.get("value") is not None:
        doubts.append("the wind's unit, for i_w says none")
    gusts = left.get("highest_gust") or []
    gusts = [_speed(one.get("speed") or {}) for one in gusts if isinstance(one, dict)]
    known = [one for one in gusts if one is not None]
    if known:
        body.wind_gust_m_s = max(known)


def _speed(speed: dict[str, Any]) -> float | None:
    """Return a speed in metres per second."""
    number = _number(speed)
    if number is None or speed.get("unit") not in {"m/s", "KT"}:
        return None
    return round(number * _KNOT_M_S, 3) if speed["unit"] == "KT" else number


def _put_rain(body: Observation, left: dict[str, Any]) -> None:
    """Put amounts of rain for whose hours there is a field; others stay measurements."""
    if left.get("precipitation_24h"):
        amount = _number(left["precipitation_24h"].get("amount"))
        if amount is not None:
            body.rain_24h_mm = amount
            del left["precipitation_24h"]
    for name in ("precipitation_s1", "precipitation_s3"):
        rain = left.get(name) or {}
        amount = _number(rain.get("amount"))
        hours = (rain.get("time_before_obs") or {}).get("value")
        field = _RAIN.get(hours)
        if amount is None or field is None or body.HasField(field):
            continue
        setattr(body, field, amount)
        del left[name]


def _put_sky(body: Observation, left: dict[str, Any]) -> None:
    """Put cloud and weather."""
    oktas = (left.get("cloud_cover") or {}).get("_code")
    if isinstance(oktas, int):
        body.cloud_cover_oktas = oktas
        del left["cloud_cover"]
    layers = left.pop("cloud_layer", None) or []
    body.cloud_layers.extend(_layer(one) for one in layers[:_MOST] if one)
    weather = [left.get("present_weather"), *(left.get("present_weather_additional") or [])]
    for one in weather:
        if one and isinstance(one.get("value"), int):
            prefix = _WEATHER.get(one.get("_table"), "")
            body.present_weather.append(f"{prefix}{one['value']:02d}")
    left.pop("present_weather", None)
    left.pop("present_weather_additional", None)


def _correct_snow(left: dict[str, Any]) -> None:
    """Give the depth of snow the form of other values."""
    snow = left.get("ground_state_snow") or {}
    depth = snow.get("depth")
    if depth is not None:
        code = depth.get("_code")
        said = _SNOW.get(code, {"value": code, "unit": "cm"})
        left["ground_state_snow"] = {**snow, "depth": {**said, "_table": "3889", "_code": code}}


def _layer(one: dict[str, Any]) -> CloudLayer:
    """Return a layer: eighths, genus and base as groups 8NChh code them."""
    cover, genus, height = (
        one.get(key) or {} for key in ("cloud_cover", "cloud_genus", "cloud_height")
    )
    layer = CloudLayer(type=str(genus.get("value") or ""))
    if cover.get("_code") is not None:
        layer.cover = f"{cover['_code']}/8"
    base = height.get("value", height.get("min"))
    if base is not None:
        layer.base_m = base
    return layer


def _number(decoded: Any) -> float | None:
    """Return a decoded value that is a number."""
    value = decoded.get("value") if isinstance(decoded, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _words(report: SynopReport, head: Head, decoded: Decoded) -> Iterator[Any]:
    """Yield what has no field and is no number."""
    for code, text in (
        ("type", head.groups[0]),
        ("modifier", "NIL" if head.is_nil else ""),
        ("heading", report.heading),
        (NOT_UNDERSTOOD, " ".join(decoded.not_understood)),
        ("warnings", "; ".join(decoded.warnings)),
    ):
        if text:
            yield remark(code, text)
