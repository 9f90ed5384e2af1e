"""A record as the map needs it: one short JSON array, free of any language.

``[name, latitude, longitude, observed, title, value, unit, tone, district, extra]``: degrees of
WGS-84 or null, seconds since 1970, tone 0 (ordinary), 1 (blue) to 4 (red). ``extra`` is null or
has ``c`` (course, degrees), ``w`` (weight in a heat map), ``p`` (rings of latitude and longitude)
and ``o`` (circles: latitude, longitude, metres).
"""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from liandong.record.v1.record_pb2 import Record

_MOST_CORNERS: Final = 400
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Said(NamedTuple):
    """What a record says, at a glance.

    Attributes:
        title: Of what.
        value: The one value that matters most.
        unit: Its unit.
        tone: How grave it is, 0 to 4.
    """

    title: str = ""
    value: str = ""
    unit: str = ""
    tone: int = 0


def row_of(record: Record) -> bytes:
    """Return a record's row, encoded."""
    kind = record.WhichOneof("body") or ""
    body = getattr(record, kind) if kind else None
    say = _SAYS.get(kind)
    said = say(body) if say is not None else Said()
    extra = _extra(record, kind, body)
    place = _place(record, extra)
    return _encode(
        (
            record.name,
            *place,
            record.observed_at.seconds,
            said.title or record.location.address[:80] or record.name.rpartition("/")[2],
            said.value,
            said.unit,
            said.tone,
            record.location.district,
            extra or None,
        )
    )


def _place(record: Record, extra: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return where a record is: its point, or the middle of its areas."""
    if record.location.HasField("point"):
        point = record.location.point
        return round(point.latitude_deg, 5), round(point.longitude_deg, 5)
    if rings := extra.get("p"):
        corners = [corner for ring in rings for corner in ring]
        return (
            math.fsum(corner[0] for corner in corners) / len(corners),
            math.fsum(corner[1] for corner in corners) / len(corners),
        )
    if circles := extra.get("o"):
        return circles[0][0], circles[0][1]
    return None, None


def _extra(record: Record, kind: str, body: Any) -> dict[str, Any]:
    """Return what only some records have: course, weight, areas."""
    extra: dict[str, Any] = {}
    if kind == "traffic_vehicle" and body.HasField("course_deg"):
        extra["c"] = round(body.course_deg)
    weight = _weight(kind, body)
    if weight:
        extra["w"] = round(weight, 2)
    areas = list(record.location.areas)
    if kind == "weather_warning":
        areas += body.infos[0].areas if body.infos and not areas else ()
    rings = [ring for area in areas for ring in map(_ring, area.polygons)]
    circles = [
        (one.center.latitude_deg, one.center.longitude_deg, one.radius_m)
        for area in areas
        for one in area.circles
    ]
    return extra | ({"p": rings} if rings else {}) | ({"o": circles} if circles else {})


def _ring(polygon: Any) -> list[tuple[float, float]]:
    """Return a ring's corners, thinned out when they are many."""
    step = -(-len(polygon.points) // _MOST_CORNERS)
    return [
        (round(point.latitude_deg, 5), round(point.longitude_deg, 5))
        for point in polygon.points[::step]
    ]


def _weight(kind: str, body: Any) -> float:
    """Return how much a record counts in the heat maps of people and of rain."""
    if kind == "traffic_crowd":
        return float(body.present or body.entered)
    if kind == "water_rainfall":
        return float(body.last_1h_mm or body.current_mm or body.day_mm)
    if kind == "weather_observation":
        return float(body.rain_1h_mm)
    return 0.0


def _first(body: Any, *fields: tuple[str, str, str]) -> tuple[str, str]:
    """Return the first value that is there and its unit; fields are name, form, unit."""
    for name, form, unit in fields:
        if body.HasField(name):
            return format(getattr(body, name), form), unit
    return "", ""


def _above(value: float, *steps: float) -> int:
    """Return how many steps a value has reached, the most grave counting 4."""
    reached = sum(value >= step for step in steps)
    return reached + 4 - len(steps) if reached else 0


def _level(body: Any) -> Said:
    tone = 0
    if body.HasField("level_m"):
        if body.HasField("guaranteed_level_m") and body.level_m >= body.guaranteed_level_m:
            tone = 4
        elif body.HasField("warning_level_m") and body.level_m >= body.warning_level_m:
            tone = 3
    value = _first(body, ("level_m", ".2f", "m"), ("flow_m3_s", ".3g", "m³/s"))
    return Said(body.station_title or body.station_id, *value, tone)


def _rainfall(body: Any) -> Said:
    value = _first(
        body,
        ("last_1h_mm", ".1f", "mm/h"),
        ("current_mm", ".1f", "mm"),
        ("day_mm", ".1f", "mm/d"),
    )
    # The steps of heavy, torrential and extraordinary rain in an hour.
    tone = _above(body.last_1h_mm, 16, 30, 50)
    return Said(body.station_title or body.station_id, *value, tone)


def _quality(body: Any) -> Said:
    value = _first(body, ("dissolved_oxygen_mg_l", ".1f", "mg/L"), ("ph", ".1f", "pH"))
    return Said(body.station_title or body.station_id, *value)


def _observation(body: Any) -> Said:
    tone = _above(body.rain_1h_mm, 16, 30, 50)
    rain = ("rain_1h_mm", ".1f", "mm/h")
    fields = (("temperature_c", ".1f", "°C"), ("wind_speed_m_s", ".1f", "m/s"), rain)
    value = _first(body, *((rain,) if tone else fields))
    return Said(body.station_title or body.station_id, *value, tone)


def _warning(body: Any) -> Said:
    headline = next((info.headline for info in body.infos if info.headline), "")
    # COLOR_RED is 1, COLOR_BLUE is 4; without a colour it is still a warning.
    tone = 5 - body.color if body.color else 2
    is_in_force = body.state <= 1
    return Said(headline or body.event or body.identifier, "", "", tone if is_in_force else 0)


def _incident(body: Any) -> Said:
    level = ("", "I", "II", "III", "IV")[body.level] if body.level <= 4 else ""  # noqa: PLR2004
    tone = 5 - body.level if level else 2
    is_over = body.lifecycle in {5, 6}
    return Said(body.type or body.number, level, "", 0 if is_over else tone)


def _vehicle(body: Any) -> Said:
    title = body.plate or body.vehicle_id
    if not body.HasField("speed_m_s"):
        return Said(f"{body.route_id} {title}".strip())
    speed = f"{body.speed_m_s * 3.6:.0f}"
    return Said(f"{body.route_id} {title}".strip(), speed, "km/h", 2 if body.alarms else 0)


def _alert(body: Any) -> Said:
    return Said(body.headline or body.effect, "", "", 2)


def _crowd(body: Any) -> Said:
    share = body.present / body.capacity if body.capacity else 0.0
    people = body.present if body.HasField("present") else body.entered
    return Said(body.place_title or body.place_id, f"{people:,}", "", _above(share, 0.8, 0.9, 1))


def _air(body: Any) -> Said:
    value = _first(body, ("pm2_5_ug_m3", ".0f", "µg/m³"), ("pm10_ug_m3", ".0f", "µg/m³"))
    # PM2.5 of HJ 633: light, moderate, heavy and severe pollution.
    return Said("", *value, _above(body.pm2_5_ug_m3, 75, 115, 150, 250))


def _discharge(body: Any) -> Said:
    value = _first(
        body, ("cod_mg_l", ".1f", "mg/L"), ("nh3_n_mg_l", ".2f", "mg/L"), ("ph", ".1f", "pH")
    )
    return Said("", *value)


def _facility(body: Any) -> Said:
    free = sum(bed.available for bed in body.beds)
    tone = {2: 2, 3: 4}.get(body.ambulance_status, 0)
    return Said(body.title or body.facility_id, f"{free}" if body.beds else "", "", tone)


def _hazard(body: Any) -> Said:
    is_open = body.rectification_state not in {4, 5}
    return Said(body.description[:80] or body.number, "", "", 1 + body.grade if is_open else 0)


def _team(body: Any) -> Said:
    return Said(body.title or body.team_id, f"{body.strength}" if body.strength else "")


_SAYS: dict[str, Callable[[Any], Said]] = {
    "incident": _incident,
    "weather_observation": _observation,
    "weather_warning": _warning,
    "water_level": _level,
    "water_rainfall": _rainfall,
    "water_quality": _quality,
    "traffic_vehicle": _vehicle,
    "traffic_alert": _alert,
    "traffic_crowd": _crowd,
    "environment_air": _air,
    "environment_discharge": _discharge,
    "health_facility": _facility,
    "health_movement": lambda body: Said(body.ward or body.facility_id),
    "safety_hazard": _hazard,
    "response_team": _team,
    "response_plan": lambda body: Said(body.title),
    "response_card": lambda body: Said(body.card_id),
    "station_report": lambda body: Said(body.station_id),
    "water_picture": lambda body: Said(body.station_id),
}
