"""The short way for reports of usual groups: each group is decoded once, then known.

As with aerodromes' reports, what a group contributes to an observation is kept, encoded, by
the group's exact text; Protobuf messages that follow each other are one message. What a group
means may depend on the indicators i_w, i_R and i_x, on the hour and on the station's region: these
are part of what it is known by, where they matter. A report takes this way when it is a land
station's with the usual groups of sections 1 and 3, in their order, each of which the library
decodes without complaint; all else goes the long way, and a test holds both ways to equal
observations.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

import pymetdecoder
from pymetdecoder import synop

from adapters.weather.doubts import remark
from adapters.weather.synop.decode import Decoded, decode
from adapters.weather.synop.report import Head, SynopReport, head_of
from adapters.weather.synop.translate import to_observation
from liandong.weather.v1.weather_pb2 import Observation

_GROUP: Final = r"[\d/]{4}"
_SECTION_1: Final = "".join(rf"(?: {header}{_GROUP})?" for header in range(1, 9))
_SECTION_3: Final = "".join(rf"(?: {header}{_GROUP})?" for header in (1, 2, 6, 7))
# A speed of 99 may be followed by one of three digits.
_USUAL: Final = re.compile(
    rf"AAXX \d{{4}}([0134]) \d{{5}} (([\d/])([\d/])[\d/]{{3}}) ([\d/]{{3}}(?!99)[\d/]{{2}})"
    rf"({_SECTION_1})(?: 333(?= )({_SECTION_3}(?: 8{_GROUP}){{0,4}}))?",
    re.ASCII,
)
_REMEMBERED: Final = 16_384
_STATIONS: Final = 4096
_HOURS: Final = {0: "00", 3: "03"}
_ANY_HOUR: Final = "01"
"""An hour between those of the main and the intermediate reports."""
_NONE: Final = "/////"
_TYPE: Final = "type"
_WIND: Final = frozenset({"cloud_cover", "surface_wind"})
_KNOWN: Final[dict[tuple[str, str | None], str]] = {}
"""A station of each region and country, of which there are few."""
_TURN: Final = 6


class _Context(NamedTuple):
    """What decides about the meaning of a group beside itself.

    Attributes:
        station: A station of the same region and country.
        unit: i_w.
        hour: The hour, or another that means the same.
        indicators: i_R and i_x.
    """

    station: str
    unit: str = "1"
    hour: str = _ANY_HOUR
    indicators: str = "46"

    def head(self, first: str, second: str) -> str:
        """Return the beginning of a report."""
        return f"AAXX 01{self.hour}{self.unit} {self.station} {first} {second}"


def put_together(report: SynopReport, head: Head, title: str) -> bytes | None:
    """Return the observation that a report of usual groups states, encoded; None: it has others.

    Args:
        report: The report.
        head: Its section 0.
        title: The station's name.
    """
    usual = _USUAL.fullmatch(report.text)
    station = _alike(head.station) if usual else ""
    if usual is None or not station:
        return None
    unit, first, rain, weather, second, section_1, section_3 = usual.groups()
    hour = _HOURS.get(head.hour % _TURN, _ANY_HOUR)
    groups = [(group, "") for group in section_1.split()]
    groups += [(group, "333 ") for group in (section_3 or "").split()]
    if _rains_twice([group for group, _ in groups]):
        return None
    body = Observation(station_id=head.station, station_title=title, report=report.text)
    pieces: list[bytes | None] = [
        body.SerializeToString(),
        _word(_TYPE, "AAXX"),
        _word("heading", report.heading) if report.heading else b"",
        _first(first, _Context(station, unit)),
        _second(second, _Context(station, unit)),
    ]
    for group, section in groups:
        if group[0] == "6":
            context = _Context(station, indicators=f"{rain}6")
        elif group[0] == "7" and not section:
            context = _Context(station, hour=hour, indicators=f"4{weather}")
        else:
            context = _Context(station)
        pieces.append(_piece(section + group, context))
    whole = [piece for piece in pieces if piece is not None]
    return b"".join(whole) if len(whole) == len(pieces) else None


def _rains_twice(groups: list[str]) -> bool:
    """Tell whether two groups may give the rain of the same hours: there is one field for it."""
    rains = [group for group in groups if group[0] == "6"]
    days = any(group[0] == "7" for group in groups) and any(one[4] == "4" for one in rains)
    return len(rains) > 1 or days


@lru_cache(maxsize=1024)
def _word(code: str, text: str) -> bytes:
    """Return words of a report as a piece."""
    return Observation(measurements=[remark(code, text)]).SerializeToString()


@lru_cache(maxsize=_STATIONS)
def _alike(station: str) -> str:
    """Return the one that stands for all stations of a region and country; empty: none does."""
    reader = synop.SYNOP()
    try:
        data = reader.decode(f"AAXX 01001 {station} NIL")
    except pymetdecoder.DecodeError:
        return ""
    region = (data.get("region") or {}).get("value")
    return _KNOWN.setdefault((region, reader.country), station) if region else ""


@lru_cache(maxsize=_REMEMBERED)
def _first(group: str, context: _Context) -> bytes | None:
    """Return what i_w and the group of indicators, cloud base and visibility contribute."""
    decoded = _alone(context.head(group, _NONE))
    if decoded is None:
        return None
    return _encoded({key: value for key, value in decoded.data.items() if key not in _WIND})


@lru_cache(maxsize=_REMEMBERED)
def _second(group: str, context: _Context) -> bytes | None:
    """Return what the group of cloud and wind contributes."""
    decoded = _alone(context.head(f"{context.indicators}///", group))
    if decoded is None:
        return None
    return _encoded({key: value for key, value in decoded.data.items() if key in _WIND})


@lru_cache(maxsize=_REMEMBERED)
def _piece(group: str, context: _Context) -> bytes | None:
    """Return what a group contributes, its section before it; None: it is not understood."""
    before = _before(context)
    decoded = _alone(f"{context.head(f'{context.indicators}///', _NONE)} {group}")
    if before is None or decoded is None:
        return None
    return _encoded({key: value for key, value in decoded.data.items() if key not in before})


@lru_cache(maxsize=1024)
def _before(context: _Context) -> frozenset[str] | None:
    """Return the names of what the beginning of a report says."""
    decoded = _alone(context.head(f"{context.indicators}///", _NONE))
    return None if decoded is None else frozenset(decoded.data)


def _alone(text: str) -> Decoded | None:
    """Decode a report; None: the library complains of it."""
    decoded = decode(head_of(text))
    return None if decoded.not_understood or decoded.warnings else decoded


def _encoded(data: dict[str, object]) -> bytes | None:
    """Return what decoded values contribute to an observation; None: one is left out."""
    doubts: list[str] = []
    blank = Head("", 1, 0, ("AAXX",), 1)
    body = to_observation(SynopReport(b"", ""), blank, Decoded(data, (), ()), "", doubts)
    if doubts:
        return None
    rest = [one for one in body.measurements if one.code != _TYPE]
    del body.measurements[:]
    body.measurements.extend(rest)
    return body.SerializeToString()
