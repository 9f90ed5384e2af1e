"""Turn what a METAR says into an observation, in SI units."""

import re
from collections.abc import Iterator
from typing import Final

from metar.Metar import Metar

from adapters.weather.doubts import NOT_UNDERSTOOD, remark
from adapters.weather.metar.extras import extras
from adapters.weather.metar.parse import Parsed
from adapters.weather.metar.report import MetarReport, Parts
from liandong.quantity.v1.quantity_pb2 import UNIT_BASIS_STANDARD, Attribute, Measurement
from liandong.weather.v1.weather_pb2 import CloudLayer, Observation

_MOST: Final = 16
_MM_PER_INCH: Final = 25.4
# A visibility that is more or less than what is written.
_BEYOND: Final = re.compile(r"[PM](?:\d{4}|[\d/]+[SK]M)")
_DIRECTED: Final = re.compile(r"\d{4}[NSEW]{1,2}")


def to_observation(report: MetarReport, parts: Parts, parsed: Parsed, title: str) -> Observation:
    """Return the observation that a report states.

    Args:
        report: The report.
        parts: Its parts.
        parsed: What the library made of them.
        title: The station's name.
    """
    metar = parsed.metar
    body = Observation(station_id=parts.station, station_title=title, report=report.text)
    _put_air(body, metar)
    _put_wind(body, metar)
    if metar.vis is not None:
        body.visibility_m = round(metar.vis.value("M"), 1)
    body.cloud_layers.extend(_layers(parts, metar))
    weather = ("".join(filter(None, one)) for one in metar.weather)
    body.present_weather.extend([code for code in weather if code][:_MOST])
    body.measurements.extend(_words(report, parts, parsed))
    body.measurements.extend(_readings(parts, metar))
    body.measurements.extend(extras(parts.groups))
    return body


def _put_air(body: Observation, metar: Metar) -> None:
    """Put temperatures, pressure and rain; US remarks give tenths and amounts."""
    if metar.temp is not None:
        # Minus nothing (M00: between -0.5 and 0) is nothing.
        body.temperature_c = metar.temp.value("C") + 0.0
    if metar.dewpt is not None:
        body.dew_point_c = metar.dewpt.value("C") + 0.0
    if metar.press is not None:
        body.sea_level_pressure_hpa = round(metar.press.value("HPA"), 2)
    for amount, field in (
        (metar.precip_1hr, "rain_1h_mm"),
        (metar.precip_6hr, "rain_6h_mm"),
        (metar.precip_24hr, "rain_24h_mm"),
    ):
        if amount is not None:
            setattr(body, field, round(amount.value("IN") * _MM_PER_INCH, 3))


def _put_wind(body: Observation, metar: Metar) -> None:
    """Put the wind; a calm has no direction, and a variable wind has none to speak of."""
    if metar.wind_speed is not None:
        body.wind_speed_m_s = round(metar.wind_speed.value("MPS"), 3)
    if metar.wind_gust is not None:
        body.wind_gust_m_s = round(metar.wind_gust.value("MPS"), 3)
    if metar.wind_dir is not None and body.wind_speed_m_s != 0:
        body.wind_direction_deg = metar.wind_dir.value()


def _layers(parts: Parts, metar: Metar) -> Iterator[CloudLayer]:
    """Yield the layers of cloud, lowest first as reports have them."""
    for written, base, kind in metar.sky[:_MOST]:
        # The library takes the one for the other; only CLR is an instrument's word.
        cover = "SKC" if written == "CLR" and "SKC" in parts.groups else written
        layer = CloudLayer(cover=cover.strip("/"), type=kind or "")
        if base is not None:
            layer.base_m = round(base.value("M"), 1)
        if layer.cover or layer.HasField("base_m") or layer.type:
            yield layer


def _words(report: MetarReport, parts: Parts, parsed: Parsed) -> Iterator[Measurement]:
    """Yield what has no field and is no number."""
    recent = " ".join("RE" + "".join(filter(None, one)) for one in parsed.metar.recent)
    for code, text in (
        ("type", parts.kind),
        ("modifier", " ".join(parts.modifiers)),
        ("heading", report.heading),
        ("visibility", next(filter(_says_more, parts.groups), "")),
        ("recent_weather", recent),
        ("wind_shear", " ".join(parsed.metar.windshear)),
        ("trend", parts.trend),
        ("remarks", parts.remarks),
        (NOT_UNDERSTOOD, " ".join(parsed.not_understood)),
    ):
        if text:
            yield remark(code, text)


def _says_more(group: str) -> bool:
    """Tell whether a group says more of the visibility than its number."""
    return group == "CAVOK" or _BEYOND.fullmatch(group) is not None


def _readings(parts: Parts, metar: Metar) -> Iterator[Measurement]:
    """Yield numbers that have no field."""
    if metar.wind_dir_from is not None and metar.wind_dir_to is not None:
        yield _standard("wind_from", "deg", value=metar.wind_dir_from.value())
        yield _standard("wind_to", "deg", value=metar.wind_dir_to.value())
    if metar.vis is not None and metar.max_vis is not None:
        # Once it was the greatest that came second; today it is the least (ICAO annex 3).
        is_least = metar.max_vis.value("M") < metar.vis.value("M")
        code = "min_visibility" if is_least else "max_visibility"
        other = _standard(code, "m", value=round(metar.max_vis.value("M"), 1))
        other.text = next(reversed([*filter(_DIRECTED.fullmatch, parts.groups)]), "")
        yield other
    if metar.press_sea_level is not None:
        yield _standard("SLP", "hPa", value=round(metar.press_sea_level.value("HPA"), 2))
    for (name, low, high, _), tendency in zip(metar.runway, metar.runway_tendencies, strict=True):
        least, most = round(low.value("M"), 1), round(high.value("M"), 1)
        visual = _standard(f"RVR {name}", "m")
        if least == most:
            visual.value = least
        else:
            visual.min, visual.max = least, most
        # The library drops what says `more than` or `less than`: P2000, M0050.
        visual.text = next((one for one in parts.groups if one.startswith(f"R{name}/")), "")
        if tendency:
            visual.attributes.append(Attribute(key="tendency", value=tendency))
        yield visual


def _standard(code: str, unit: str, value: float | None = None) -> Measurement:
    return Measurement(code=code, unit=unit, unit_basis=UNIT_BASIS_STANDARD, value=value)
