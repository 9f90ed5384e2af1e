"""What a record says, in one phrase for a table's cell."""

from collections.abc import Callable
from typing import Any, Final

from liandong.record.v1.record_pb2 import Record
from liandong.weather.v1.weather_pb2 import Color, WarningState


def phrase(record: Record) -> str:
    """Return what a record says, in one phrase."""
    body = record.WhichOneof("body")
    if body is None:
        return ""
    say = _PHRASES.get(body)
    message = getattr(record, body)
    return say(message) if say else body.replace("_", " ")


def _level(body: Any) -> str:
    said = []
    if body.HasField("level_m"):
        said.append(f"{body.level_m:.2f} m")
        if body.HasField("warning_level_m"):
            above = body.level_m - body.warning_level_m
            side = "above" if above >= 0 else "below"
            said.append(f"{abs(above):.2f} {side} warning")
    if body.HasField("flow_m3_s"):
        said.append(f"{body.flow_m3_s:g} m³/s")
    return ", ".join([body.station_title, *said] if body.station_title else said) or "no level"


def _rainfall(body: Any) -> str:
    said = [body.station_title] if body.station_title else []
    for field, label in (("last_1h_mm", "in 1 h"), ("current_mm", "today"), ("day_mm", "a day")):
        if body.HasField(field):
            said.append(f"{getattr(body, field):g} mm {label}")
    if not said or said == [body.station_title]:
        said += (
            f"{getattr(body, field):g} mm {label}"
            for field, label in _RAIN_ELSE.items()
            if body.HasField(field)
        )
    return ", ".join(said) or "no rain reading"


_RAIN_ELSE: Final = {
    "last_5min_mm": "in 5 min",
    "last_3h_mm": "in 3 h",
    "last_6h_mm": "in 6 h",
    "last_12h_mm": "in 12 h",
    "cumulative_mm": "in all",
}


def _present(body: Any, fields: dict[str, str]) -> list[tuple[str, float]]:
    """Return labels and values of the fields that are there."""
    return [(label, getattr(body, name)) for name, label in fields.items() if body.HasField(name)]


def _air(body: Any) -> str:
    fields = {"pm2_5_ug_m3": "PM2.5", "pm10_ug_m3": "PM10", "o3_ug_m3": "O₃", "no2_ug_m3": "NO₂"}
    said = [
        f"{label} {getattr(body, name):.0f}"
        for name, label in fields.items()
        if body.HasField(name)
    ]
    return ", ".join(said) + " µg/m³" if said else f"{len(body.measurements)} factors"


def _discharge(body: Any) -> str:
    fields = {"cod_mg_l": "COD", "nh3_n_mg_l": "NH₃-N", "total_phosphorus_mg_l": "TP"}
    said = [
        f"{label} {getattr(body, name):.2f}"
        for name, label in fields.items()
        if body.HasField(name)
    ]
    return ", ".join(said) + " mg/L" if said else f"{len(body.measurements)} factors"


def _warning(body: Any) -> str:
    state = WarningState.Name(body.state).removeprefix("WARNING_STATE_").lower().replace("_", " ")
    color = Color.Name(body.color).removeprefix("COLOR_").lower() if body.color else ""
    headline = next((info.headline for info in body.infos if info.headline), body.event)
    return " ".join(part for part in (color, headline or body.identifier, f"({state})") if part)


def _incident(body: Any) -> str:
    level = {1: "I", 2: "II", 3: "III", 4: "IV"}.get(body.level, "")
    return f"{body.type or 'incident'}{f', level {level}' if level else ''}"


def _quality(body: Any) -> str:
    said = []
    for field, label in (("ph", "pH"), ("dissolved_oxygen_mg_l", "DO"), ("nh3_n_mg_l", "NH₃-N")):
        if body.HasField(field):
            said.append(f"{label} {getattr(body, field):g}")
    return ", ".join(said) or f"{len(body.measurements)} factors"


def _report(body: Any) -> str:
    return body.text or f"station reports, function {body.function}"


_PHRASES: dict[str, Callable[[Any], str]] = {
    "water_level": _level,
    "water_rainfall": _rainfall,
    "water_quality": _quality,
    "environment_air": _air,
    "environment_discharge": _discharge,
    "weather_warning": _warning,
    "incident": _incident,
    "station_report": _report,
}
