"""What happens on the evening: levels, rain, air and calls as functions of the minute.

The numbers are invented; the shapes are those of a plum-rain storm: an hour of heavy
rain, a city river that follows within the hour, the Yangtze that hardly moves, and air
that the rain washes clean. Minute 0 is the start of the storm.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class River:
    """A river station: number, level at minute 0 and how far the storm lifts it, in metres."""

    station: str
    base_m: float
    rise_m: float
    lag_min: float


@dataclass(frozen=True, slots=True)
class AirStation:
    """An air station: its MN and how dirty its air is beside the city's mean."""

    number: str
    factor: float


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the dispatch centre; the point is GCJ-02, as dispatch maps give it."""

    minute: int
    type: str
    level: str
    longitude: float
    latitude: float
    address: str


RIVERS = (
    River("0063200101", base_m=8.42, rise_m=0.35, lag_min=90),
    River("0063200102", base_m=8.31, rise_m=1.60, lag_min=40),
    River("0063200103", base_m=8.75, rise_m=1.10, lag_min=60),
)
GAUGES = ("0063200101", "0063200102", "0063200103", "0063200104")
AIR_STATIONS = (
    AirStation("3201020000A0000000000001", 0.9),
    AirStation("3201060000A0000000000002", 1.1),
    AirStation("3201040000A0000000000003", 1.2),
    AirStation("3201130000A0000000000004", 0.8),
)
OUTLET = "3201160000B0000000000001"
CALLS = (
    Call(6, "道路积水", "一般", 118.7886, 32.0436, "玄武区中山南路新街口地下通道"),
    Call(14, "树木倒伏", "一般", 118.8022, 32.0601, "玄武区北京东路41号门前"),
    Call(22, "车辆被困", "较大", 118.7821, 32.0142, "秦淮区中华门外铁路涵洞"),
    Call(31, "人员被困", "较大", 118.8485, 31.9545, "江宁区东山街道河滨小区地下车库"),
    Call(45, "电力故障", "一般", 118.7702, 32.0689, "鼓楼区草场门大街"),
    Call(58, "河堤渗水", "重大", 118.8307, 32.3372, "六合区雄州街道滁河左岸"),
)


def rain_rate_mm_h(minute: float) -> float:
    """Return the storm's rain in millimetres an hour: a peak of 68 about minute 35."""
    return 68.0 * math.exp(-(((minute - 35.0) / 22.0) ** 2)) + 4.0


def rain_total_mm(minute: float) -> float:
    """Return the rain since minute -120, in millimetres, by the rate's integral."""
    peak = 68.0 * 22.0 / 60.0 * math.sqrt(math.pi) / 2.0
    storm = peak * (math.erf((minute - 35.0) / 22.0) + 1.0)
    return storm + 4.0 * (minute + 120.0) / 60.0


def level_m(river: River, minute: float) -> float:
    """Return a river's level in metres above its datum."""
    risen = 1.0 / (1.0 + math.exp(-(minute - river.lag_min) / 12.0))
    return river.base_m + river.rise_m * risen + 0.01 * math.sin(minute / 3.0)


def pm2_5_ug_m3(station: AirStation, minute: float) -> float:
    """Return fine particles in micrograms per cubic metre; rain washes them out."""
    washed = min(max(rain_total_mm(minute) - 8.0, 0.0) / 25.0, 1.0)
    return station.factor * (58.0 - 36.0 * washed) + 2.0 * math.sin(minute / 5.0)


def cod_mg_l(minute: float) -> float:
    """Return the outlet's chemical oxygen demand; storm water floods the works."""
    return 28.0 + 34.0 / (1.0 + math.exp(-(minute - 50.0) / 8.0))
