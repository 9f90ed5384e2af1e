"""What system types (ST) and commands (CN) mean (HJ 212-2017, tables 5 and 9)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from liandong.environment.v1 import environment_pb2 as environment
from liandong.station.v1 import station_pb2 as station

AIR: Final = "environment.air"
DISCHARGE: Final = "environment.discharge"
WATER: Final = "water.quality"
REPORT: Final = "station.report"


class Subject(NamedTuple):
    """What a system type watches."""

    kind: str
    """Kind of record, ``environment.air``."""
    table: str
    """Which factors and units apply: ``ambient`` air, ``source`` of gas, ``water``."""
    medium: environment.Medium.ValueType = environment.MEDIUM_UNSPECIFIED
    """What flows out, of outlets."""


_AMBIENT = Subject(AIR, "ambient")
_WATER = Subject(WATER, "water")
_GAS_OUTLET = Subject(DISCHARGE, "source", environment.MEDIUM_GAS)
_WATER_OUTLET = Subject(DISCHARGE, "water", environment.MEDIUM_WATER)
_OUTLET = Subject(DISCHARGE, "source")

SUBJECTS: Final = {
    "21": _WATER,  # surface water
    "22": _AMBIENT,  # air quality
    "23": _AMBIENT,  # noise, which has a field among the air station's
    "24": _WATER,  # groundwater
    "26": _WATER,  # sea water
    "27": _AMBIENT,  # volatile organic compounds
    "31": _GAS_OUTLET,
    "32": _WATER_OUTLET,
    "33": _WATER_OUTLET,
    "34": _WATER_OUTLET,
    "35": _OUTLET,
    "36": _OUTLET,
    "37": _OUTLET,
    "38": _OUTLET,
    "39": _AMBIENT,  # dust of building sites
    "41": _OUTLET,  # electromagnetic fields
    "44": _OUTLET,  # electric power (2025)
    "45": _OUTLET,  # process (2025)
    "51": _GAS_OUTLET,
    "52": _WATER_OUTLET,
}

_CLASS = re.compile(r"([aw])[0-9]{5}", re.IGNORECASE)


def subject_by_factors(codes: Iterable[str]) -> Subject | None:
    """Return what an unknown system type watches, by the first factor that tells."""
    for code in codes:
        if found := _CLASS.fullmatch(code):
            return _AMBIENT if found[1] in "aA" else _WATER
    return None


AVERAGING: Final = {
    "2011": environment.AVERAGING_INSTANT,
    "2031": environment.AVERAGING_DAY,
    "2051": environment.AVERAGING_MINUTES,
    "2061": environment.AVERAGING_HOUR,
}
"""Commands that carry readings, and over what time these were taken."""

_SETTINGS = station.REPORT_TYPE_SETTINGS
_EQUIPMENT = station.REPORT_TYPE_EQUIPMENT
_REPLY = station.REPORT_TYPE_REPLY

REPLIES: Final = ("9011", "9012", "9013", "9014")
"""Commands that end a dialogue, and are not answered."""

LOGIN: Final = "9021"
"""Log-in of a logger, which no edition of the standard has."""

REPORTS: Final = {
    "1000": _SETTINGS,
    # Thresholds, addresses and intervals of HJ/T 212-2005.
    **dict.fromkeys(("1001", "1021", "1022", "1031", "1032", "1041", "1042"), _SETTINGS),
    "1011": station.REPORT_TYPE_CLOCK,
    "1012": station.REPORT_TYPE_CLOCK,
    "1013": station.REPORT_TYPE_CLOCK,
    "1014": station.REPORT_TYPE_CLOCK,
    **dict.fromkeys(("1061", "1062", "1063", "1064", "1072"), _SETTINGS),
    "2012": _REPLY,
    "2021": _EQUIPMENT,
    "2022": _REPLY,
    "2041": _EQUIPMENT,
    # Checks of the instruments, by which surface water stations go beyond the standard.
    **dict.fromkeys(("2062", "2063", "2064", "2065", "2066"), _EQUIPMENT),
    # Alarms of HJ/T 212-2005.
    **dict.fromkeys(("2071", "2072"), station.REPORT_TYPE_EVENTS),
    "2081": station.REPORT_TYPE_EVENTS,
    **{str(number): _EQUIPMENT for number in range(3011, 3022)},
    **dict.fromkeys(REPLIES, _REPLY),
    # Heartbeat and log-in, which no standard has and most loggers do.
    **dict.fromkeys(("9015", LOGIN), station.REPORT_TYPE_KEEP_ALIVE),
}
"""Commands by which a station speaks of itself."""

NOTICES: Final = frozenset({"1013", "2072"})
"""Commands that are answered as notices (9013), not as data (9014)."""
