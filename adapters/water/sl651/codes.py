"""Codes of SL 651-2014: elements (table C.1), functions (annex B), classes (annex A)."""

from typing import Final, NamedTuple

from liandong.station.v1 import station_pb2 as station
from liandong.water.v1 import water_pb2 as water


class Element(NamedTuple):
    """An element: what it is called, and its unit in UCUM."""

    title: str
    unit: str


LEVEL_FIELDS: Final = {
    0x39: "level_m",
    0x3B: "level_m",
    0x3A: "downstream_level_m",
    0x0E: "groundwater_depth_m",
    0x27: "flow_m3_s",
    0x37: "velocity_m_s",
}
RAIN_FIELDS: Final = {
    0x20: "current_mm",
    0x26: "cumulative_mm",
    0x22: "last_5min_mm",
    0x1A: "last_1h_mm",
    0x1C: "last_3h_mm",
    0x1D: "last_6h_mm",
    0x1E: "last_12h_mm",
    0x1F: "day_mm",
}
QUALITY_FIELDS: Final = {
    0x03: "temperature_c",
    0x46: "ph",
    0x47: "dissolved_oxygen_mg_l",
    0x48: "conductivity_us_cm",
    0x49: "turbidity_ntu",
    0x4A: "permanganate_index_mg_l",
    0x4C: "nh3_n_mg_l",
    0x4D: "total_phosphorus_mg_l",
    0x4E: "total_nitrogen_mg_l",
}
LEVEL_CODES: Final = frozenset({*LEVEL_FIELDS, *range(0x27, 0x32), *range(0x36, 0x38)}) | frozenset(
    {0x01, 0x09, 0x0C, 0x0F, *range(0x3C, 0x45), *range(0xF5, 0xFE)}
)
RAIN_CODES: Final = frozenset({*RAIN_FIELDS, *range(0x1A, 0x27), 0x05, 0x06, 0x07, 0xF4})
QUALITY_CODES: Final = frozenset({*QUALITY_FIELDS, *range(0x46, 0x58)})
VOLTAGE: Final = 0x38
STATUS: Final = 0x45
STEP: Final = 0x04
DURATION: Final = 0x05
"""Hours and minutes, ``HH.mm``: no decimal number (clause E.1.2.3)."""
GATE_OPENING: Final = 0x09
GATE_STATES: Final = frozenset({444.0, 555.0, 888.0, 999.0})
"""Openings that are none: shut, without gate, out of the water, full (clause E.3.2.2)."""
OBSERVED: Final = 0xF0
STATION: Final = 0xF1
TEXT: Final = 0xF2
PICTURE: Final = 0xF3
RAIN_SERIES: Final = 0xF4
LEVEL_SERIES: Final = range(0xF5, 0xFD)
FLOW_DATA: Final = 0xFD
VENDOR: Final = 0xFF
PERIODS: Final = frozenset({0x06, *range(0x1A, 0x20), *range(0x21, 0x26), RAIN_SERIES})
"""Elements of a period, observed at its end (clause 6.6.2.8 c)."""

ELEMENTS: Final = {
    0x01: Element("断面面积", "m2"),
    0x02: Element("瞬时气温", "Cel"),
    0x03: Element("瞬时水温", "Cel"),
    0x04: Element("时间步长码", ""),
    0x05: Element("时段长", ""),
    0x06: Element("日蒸发量", "mm"),
    0x07: Element("当前蒸发", "mm"),
    0x08: Element("气压", "hPa"),
    0x09: Element("闸门开启高度", "m"),
    0x0A: Element("输水设备、闸门编号", ""),
    0x0B: Element("输水设备类别", ""),
    0x0C: Element("闸门开启孔数", "1"),
    0x0D: Element("地温", "Cel"),
    0x0E: Element("地下水瞬时埋深", "m"),
    0x0F: Element("波浪高度", "m"),
    **{
        0x10 + n: Element(f"{depth}厘米处土壤含水量", "%")
        for n, depth in enumerate((10, 20, 30, 40, 50, 60, 80, 100))
    },
    0x18: Element("湿度", "%"),
    0x19: Element("开机台数", "1"),
    0x1A: Element("1小时时段降水量", "mm"),
    0x1B: Element("2小时时段降水量", "mm"),
    0x1C: Element("3小时时段降水量", "mm"),
    0x1D: Element("6小时时段降水量", "mm"),
    0x1E: Element("12小时时段降水量", "mm"),
    0x1F: Element("日降水量", "mm"),
    0x20: Element("当前降水量", "mm"),
    0x21: Element("1分钟时段降水量", "mm"),
    0x22: Element("5分钟时段降水量", "mm"),
    0x23: Element("10分钟时段降水量", "mm"),
    0x24: Element("30分钟时段降水量", "mm"),
    0x25: Element("暴雨量", "mm"),
    0x26: Element("降水量累计值", "mm"),
    0x27: Element("瞬时流量", "m3/s"),
    **{0x28 + n: Element(f"取(排)水口流量{n + 1}", "m3/s") for n in range(8)},
    0x30: Element("总出库流量", "m3/s"),
    0x31: Element("输水设备流量", "m3/s"),
    0x32: Element("输沙量", "10*4.t"),
    0x33: Element("风向", ""),
    0x34: Element("风力", ""),
    0x35: Element("风速", "m/s"),
    0x36: Element("断面平均流速", "m/s"),
    0x37: Element("当前瞬时流速", "m/s"),
    0x38: Element("电源电压", "V"),
    0x39: Element("瞬时河道水位", "m"),
    0x3A: Element("库(闸、站)下水位", "m"),
    0x3B: Element("库(闸、站)上水位", "m"),
    **{0x3C + n: Element(f"取(排)水口水位{n + 1}", "m") for n in range(8)},
    0x44: Element("含沙量", "kg/m3"),
    0x45: Element("遥测站状态及报警信息", ""),
    0x46: Element("pH值", "[pH]"),
    0x47: Element("溶解氧", "mg/L"),
    0x48: Element("电导率", "uS/cm"),
    0x49: Element("浊度", "[NTU]"),
    0x4A: Element("高锰酸盐指数", "mg/L"),
    0x4B: Element("氧化还原电位", "mV"),
    0x4C: Element("氨氮", "mg/L"),
    0x4D: Element("总磷", "mg/L"),
    0x4E: Element("总氮", "mg/L"),
    0x4F: Element("总有机碳", "mg/L"),
    **{
        0x50 + n: Element(title, "mg/L")
        for n, title in enumerate(("铜", "锌", "硒", "砷", "总汞", "镉", "铅", "叶绿素a"))
    },
    **{0x58 + n: Element(f"水压{n + 1}", "kPa") for n in range(8)},
    **{0x60 + n: Element(f"水表{n + 1}剩余水量", "m3") for n in range(8)},
    **{0x68 + n: Element(f"水表{n + 1}每小时水量", "m3/h") for n in range(8)},
    **{0x70 + n: Element(f"交流{phase}相电压", "V") for n, phase in enumerate("ABC")},
    **{0x73 + n: Element(f"交流{phase}相电流", "A") for n, phase in enumerate("ABC")},
    0xFD: Element("流速批量数据", ""),
}

_IDENTIFIERS: Final = """
AC AI C DR DT ED EJ FL GH GN GS GT GTP H HW M10 M20 M30 M40 M50 M60 M80 M100 MST NS P1 P2 P3
P6 P12 PD PJ PN01 PN05 PN10 PN30 PR PT Q Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q8 QA QZ SW UC UE US VA VJ VT Z
ZB ZU Z1 Z2 Z3 Z4 Z5 Z6 Z7 Z8 SQ ZT PH DO COND TURB CODMN REDOX NH4N TP TN TOC CU ZN SE AS THG
CD PB CHLA WP1 WP2 WP3 WP4 WP5 WP6 WP7 WP8 SYL1 SYL2 SYL3 SYL4 SYL5 SYL6 SYL7 SYL8 SBL1 SBL2
SBL3 SBL4 SBL5 SBL6 SBL7 SBL8 VTA VTB VTC VIA VIB VIC
"""
"""Of 01H to 75H, in their order."""
ASCII_IDENTIFIERS: Final = {
    **{name: code for code, name in enumerate(_IDENTIFIERS.split(), start=1)},
    "DRP": RAIN_SERIES,
    **{f"DRZ{code - LEVEL_SERIES.start + 1}": code for code in LEVEL_SERIES},
    "DATA": FLOW_DATA,
}
"""Codes of the identifiers in the ASCII encoding, in capitals (table C.1)."""

OCCASIONS: Final = {
    0x30: water.OCCASION_TEST,
    0x31: water.OCCASION_UNIFORM,
    0x32: water.OCCASION_TIMED,
    0x33: water.OCCASION_ALARM,
    0x34: water.OCCASION_HOURLY,
    0x35: water.OCCASION_MANUAL,
    0x36: water.OCCASION_TIMED,
    0x37: water.OCCASION_QUERY,
    0x38: water.OCCASION_QUERY,
    0x39: water.OCCASION_QUERY,
    0x3A: water.OCCASION_QUERY,
}
KEEP_ALIVE: Final = 0x2F
TEST: Final = 0x30
UNIFORM: Final = frozenset({0x31, 0x38})
"""Even intervals, sent or asked for: one element and its values (tables 30 and 45)."""
EQUIPMENT_STATE: Final = 0x46
EVENTS: Final = 0x50
BY_HAND: Final = 0x35
REPORTS: Final = range(0x30, 0x3B)
"""Functions that carry observations."""
WITH_PASSWORD: Final = frozenset({0x40, 0x41, 0x49})
"""Functions that carry basic settings, of which the password is one."""
PASSWORD: Final = 0x03
RELAY_TABLE: Final = 0x0E
COMMANDS: Final = frozenset({0x40, 0x42, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4F})
"""Functions by which a centre changes a station; those that a station also reports by
itself (4CH to 4EH) are not among them."""
FOR_USERS: Final = range(0xE0, 0x100)
"""Functions that the standard leaves to its users."""
FUNCTIONS: Final = frozenset({*range(0x2F, 0x52), *FOR_USERS})


_REPORT_TYPES: Final = {
    KEEP_ALIVE: station.REPORT_TYPE_KEEP_ALIVE,
    BY_HAND: station.REPORT_TYPE_EVENTS,
    EVENTS: station.REPORT_TYPE_EVENTS,
    **dict.fromkeys((EQUIPMENT_STATE, *range(0x4C, 0x50)), station.REPORT_TYPE_EQUIPMENT),
    **dict.fromkeys((0x4A, 0x51), station.REPORT_TYPE_CLOCK),
    **dict.fromkeys(range(0x40, 0x46), station.REPORT_TYPE_SETTINGS),
    **dict.fromkeys(FOR_USERS, station.REPORT_TYPE_UNSPECIFIED),
}


def report_type(function: int) -> "station.ReportType.ValueType":
    """Return what kind of report a function without observations makes (annex B)."""
    return _REPORT_TYPES.get(function, station.REPORT_TYPE_REPLY)


CLASSES: Final = {
    0x50: water.STATION_TYPE_RAIN,
    0x48: water.STATION_TYPE_RIVER,
    0x4B: water.STATION_TYPE_RESERVOIR,
    0x5A: water.STATION_TYPE_GATE,
    0x44: water.STATION_TYPE_PUMP,
    0x54: water.STATION_TYPE_TIDE,
    0x4D: water.STATION_TYPE_SOIL,
    0x47: water.STATION_TYPE_GROUNDWATER,
    0x51: water.STATION_TYPE_QUALITY,
    0x49: water.STATION_TYPE_INTAKE,
    0x4F: water.STATION_TYPE_OUTLET,
}
"""Station classes (annex A)."""

ALARMS: Final = (
    "mains power failed",
    "battery voltage low",
    "water level over limit",
    "flow over limit",
    "water quality over limit",
    "flow meter faulty",
    "level meter faulty",
    "terminal box closed",
    "memory faulty",
    "IC card in use",
    "pump stopped",
    "remaining water over limit",
)
"""What the bits of the status word say when they are 1, from bit 0 (table 58)."""
RESERVED_ALARMS: Final = range(len(ALARMS), 32)
