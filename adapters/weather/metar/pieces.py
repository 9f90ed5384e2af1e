"""The short way for reports of usual groups: each group is read once, then known.

Few words make up aerodromes' reports: some thousand winds, temperatures and layers of cloud.
So what a group contributes to an observation is kept, encoded, by the group's exact text;
Protobuf messages that follow each other are one message. The library has read each group, alone.
That equals reading them together only where each group can mean one thing: a report takes this
way when its groups are the usual ones, in their order, and there are no remarks. All else goes
the long way, and a test holds both ways to equal observations.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from adapters.sdk.limits import ranges, within
from adapters.weather.doubts import remark
from adapters.weather.metar.parse import NOT_OBSERVED, parse
from adapters.weather.metar.report import MetarReport, Parts, parts_of
from adapters.weather.metar.translate import to_observation
from liandong.weather.v1.weather_pb2 import Observation

_DEGREES: Final = r"(?:[0-2]\d\d|3[0-5]\d|360)"
_WEATHER: Final = (
    r"(?:[-+]|VC)?(?:MI|PR|BC|DR|BL|SH|TS|FZ)?(?:DZ|RA|SN|SG|IC|PL|GR|GS|UP){0,3}"
    r"(?:BR|FG|FU|VA|DU|SA|HZ|PY)?"
)
_USUAL: Final = re.compile(
    rf"((?:{_DEGREES}|VRB)\d\d(?:G\d\d)?(?:MPS|KT)(?: {_DEGREES}V{_DEGREES})?) "
    rf"(\d{{4}}|CAVOK)((?: {_WEATHER}){{0,3}})"
    r"((?: (?:(?:FEW|SCT|BKN|OVC|VV)\d{3}(?:CB|TCU)?|NSC|NCD|SKC))*)"
    r"( M?\d\d/M?\d\d)?( Q\d{4}| A\d{4})?",
    re.ASCII,
)
_MOST_LAYERS: Final = 8
_REMEMBERED: Final = 16_384
_SOME_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
# A wind that says nothing, for a group of four digits before any wind may be taken for one.
_ALONE: Final = "METAR ZZZZ 010000Z /////MPS "
_FIRST: Final = "METAR ZZZZ 010000Z "
_TYPE: Final = "type"
_RANGES: Final = ranges(Observation)


def put_together(report: MetarReport, parts: Parts, title: str) -> bytes | None:
    """Return the observation that a report of usual groups states, encoded; None: it has others.

    Args:
        report: The report.
        parts: Its parts.
        title: The station's name.
    """
    if parts.remarks or parts.is_nil:
        return None
    usual = _USUAL.fullmatch(
        " ".join(one for one in parts.groups if not NOT_OBSERVED.fullmatch(one))
    )
    if usual is None:
        return None
    wind, visibility, weather, sky, temperatures, pressure = usual.groups()
    layers = sky.split()
    if len(layers) > _MOST_LAYERS:
        return None
    head = Observation(station_id=parts.station, station_title=title, report=report.text)
    pieces: list[bytes | None] = [
        head.SerializeToString(),
        *_said(_TYPE, parts.kind),
        *_said("modifier", " ".join(parts.modifiers)),
        *_said("heading", report.heading),
        _piece(visibility),
        *_said("trend", parts.trend),
        _piece(wind, _FIRST),
        *map(_piece, weather.split()),
        *map(_piece, layers),
    ]
    if temperatures:
        pieces.append(_piece(temperatures[1:]))
    if pressure:
        pieces.append(_piece(pressure[1:]))
    told = [piece for piece in pieces if piece is not None]
    # What cannot be true goes the long way, on which the schema refuses it.
    return b"".join(told) if len(told) == len(pieces) else None


def _said(code: str, text: str) -> Iterator[bytes]:
    """Yield words as a piece, if there are any."""
    if text:
        yield _word(code, text)


@lru_cache(maxsize=1024)
def _word(code: str, text: str) -> bytes:
    """Return words of a report as a piece."""
    return Observation(measurements=[remark(code, text)]).SerializeToString()


@lru_cache(maxsize=_REMEMBERED)
def _piece(group: str, before: str = _ALONE) -> bytes | None:
    """Return what a group adds, as the library reads it; None: no sense, or out of bounds."""
    parts = parts_of(before + group)
    parsed = parse(parts, _SOME_DAY)
    body = to_observation(MetarReport(b"", ""), parts, parsed, "")
    if parsed.not_understood or not within(body, _RANGES):
        return None
    body.ClearField("station_id")
    words = [one for one in body.measurements if one.code != _TYPE]
    del body.measurements[:]
    body.measurements.extend(words)
    return body.SerializeToString()
