"""Records of a city of some size, for looking at."""

import math
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.json_format import ParseDict

from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1.record_pb2 import CLASSIFICATION_INTERNAL, STATUS_ACTUAL, Record

# Where people are: latitude, longitude, how far around, degrees.
_QUARTERS = (
    (32.045, 118.785, 0.035),
    (32.060, 118.730, 0.030),
    (31.945, 118.830, 0.040),
    (32.100, 118.915, 0.030),
    (31.990, 118.735, 0.025),
    (32.165, 118.705, 0.035),
    (32.335, 118.835, 0.030),
    (31.655, 119.025, 0.030),
)
_SHARES = {
    "transport/traffic.vehicle": 620,
    "transport/traffic.crowd": 40,
    "environment/environment.air": 30,
    "environment/environment.discharge": 35,
    "water/water.level": 40,
    "water/water.rainfall": 80,
    "weather/weather.observation": 40,
    "police/incident.report": 25,
    "health/health.facility": 20,
    "emergency/response.team": 20,
    "emergency/safety.hazard": 50,
}
_INCIDENTS = ("道路积水", "交通事故", "树木倒伏", "电梯困人", "燃气泄漏", "火灾", "求助")
_RIVERS = ("秦淮河", "滁河", "长江", "水阳江", "固城湖", "玄武湖")
_STOPS = ("新街口", "鼓楼", "夫子庙", "南京南站", "仙林中心", "奥体东", "大行宫")


def city_records(count: int, seed: int = 7) -> Iterator[Record]:
    """Yield so many records of all kinds, where a city has them; two warnings first."""
    chance = random.Random(seed)
    now = datetime.now(UTC)
    yield _warning(now, "暴雨橙色预警 Rainstorm orange warning", 2, _ring(32.06, 118.78, 0.16))
    yield _warning(now, "大风蓝色预警 Gale blue warning", 4, _ring(32.30, 118.80, 0.12))
    kinds = chance.choices(list(_SHARES), list(_SHARES.values()), k=count - 2)
    for number, name in enumerate(kinds):
        kind = name.partition("/")[2]
        latitude, longitude, around = chance.choice(_QUARTERS)
        place = {
            "latitude_deg": chance.gauss(latitude, around),
            "longitude_deg": chance.gauss(longitude, around * 1.2),
        }
        at = now - timedelta(seconds=chance.randrange(3600))
        body = _body(kind, number, chance)
        for rain in ("last_1h_mm", "rain_1h_mm"):
            for said in body.values():
                if rain in said:
                    said[rain] *= _storm(**place)
        yield _record(f"{name}/{number:06d}", at, place, body)


def _storm(latitude_deg: float, longitude_deg: float) -> float:
    """Return how hard it rains somewhere: most over the south-west, moving out."""
    far = ((latitude_deg - 32.02) / 0.11) ** 2 + ((longitude_deg - 118.74) / 0.09) ** 2
    return 4 * math.exp(-far) + 0.15


def _record(name: str, at: datetime, point: dict[str, float], body: dict[str, Any]) -> Record:
    """Make a record."""
    record = Record(
        name=name,
        classification=CLASSIFICATION_INTERNAL,
        status=STATUS_ACTUAL,
        quality=Quality(level=QUALITY_LEVEL_VALID),
    )
    record.provenance.feed = "bench"
    record.observed_at.FromDatetime(at)
    record.received_at.FromDatetime(at)
    ParseDict({"location": {"point": point, "district": "320102"}, **body}, record)
    return record


def _body(kind: str, number: int, chance: random.Random) -> dict[str, Any]:
    """Return what a record of a kind says."""
    field = {"incident.report": "incident"}.get(kind, kind.replace(".", "_"))
    return {field: _BODIES[kind](number, chance)}


_BODIES: dict[str, Callable[[int, random.Random], dict[str, Any]]] = {
    "traffic.vehicle": lambda number, chance: {
        "vehicle_id": f"V{number}",
        "route_id": f"{chance.randrange(1, 99)}路",
        "speed_m_s": chance.uniform(0, 16),
        "course_deg": chance.uniform(0, 360),
    },
    "traffic.crowd": lambda number, chance: {
        "place_id": f"P{number}",
        "place_title": chance.choice(_STOPS),
        "present": int(min(chance.paretovariate(1.6) * 90, 4200)),
        "capacity": 4000,
    },
    "environment.air": lambda number, chance: {
        "station_id": f"A{number}",
        "pm2_5_ug_m3": chance.randrange(95),
    },
    "environment.discharge": lambda number, chance: {
        "outlet_id": f"D{number}",
        "cod_mg_l": chance.uniform(8, 60),
    },
    "water.level": lambda number, chance: {
        "station_id": f"L{number}",
        "station_title": chance.choice(_RIVERS),
        "level_m": chance.gauss(7.2, 0.45),
        "warning_level_m": 8.5,
    },
    "water.rainfall": lambda number, chance: {
        "station_id": f"R{number}",
        "station_title": f"雨量站 {number}",
        "last_1h_mm": chance.expovariate(0.3),
    },
    "weather.observation": lambda number, chance: {
        "station_id": f"W{number}",
        "temperature_c": chance.gauss(24, 1.5),
        "rain_1h_mm": chance.expovariate(0.3),
    },
    "incident.report": lambda number, chance: {
        "number": f"I{number}",
        "type": chance.choice(_INCIDENTS),
        "level": chance.choices((1, 2, 3, 4), (1, 4, 20, 975))[0],
    },
    "health.facility": lambda number, chance: {
        "facility_id": f"H{number}",
        "title": f"第{number % 40 + 1}医院",
        "beds": [{"bed_type": "adult", "available": chance.randrange(60)}],
    },
    "response.team": lambda number, chance: {
        "team_id": f"T{number}",
        "title": f"救援队 {number % 60}",
        "strength": chance.randrange(6, 30),
    },
    "safety.hazard": lambda number, _: {
        "number": f"Z{number}",
        "description": "排水口堵塞",
        "rectification_state": 5,
    },
}


def _warning(now: datetime, title: str, color: int, ring: list[dict[str, float]]) -> Record:
    """Make a warning with its area."""
    record = _record(
        f"weather/weather.warning/{color}",
        now,
        ring[0],
        {"weather_warning": {"identifier": f"W{color}", "color": color, "event": title}},
    )
    record.location.ClearField("point")
    ParseDict({"areas": [{"polygons": [{"points": ring}]}]}, record.location)
    record.weather_warning.state = 1  # type: ignore[assignment]
    return record


def _ring(latitude: float, longitude: float, radius: float) -> list[dict[str, float]]:
    """Return a ring with soft corners around a place."""
    corners = [
        {
            "latitude_deg": latitude + radius * (1 + 0.18 * math.sin(3 * turn)) * math.sin(turn),
            "longitude_deg": longitude + 1.2 * radius * math.cos(turn),
        }
        for turn in (2 * math.pi * step / 40 for step in range(40))
    ]
    return [*corners, corners[0]]
