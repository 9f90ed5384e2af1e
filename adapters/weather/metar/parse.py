"""Have the kept library `metar` read a report's groups, and none of them stop it."""

import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from metar.Metar import Metar

from adapters.weather.metar.extras import is_extra
from adapters.weather.metar.report import Parts

# Groups of slashes say that nothing was observed; the library takes `////` for 10 km.
NOT_OBSERVED: Final = re.compile(r"(?:RE)?/+(NDV)?")
_SPEED: Final = r"(?:P?[\dO]{2,3}|[/M]{2,3})(?:G(?:P?\d{1,3}|[/M]{1,3}))?"
_WIND: Final = re.compile(rf"(?:[\dO]{{3}}|[0O]|///|MMM|VRB){_SPEED}(?:KTS?|LT|K|T|KMH|MPS)")
_WITHOUT_UNIT: Final = re.compile(rf"(?:\d{{3}}|///|VRB){_SPEED}")
_UNITS: Final = frozenset({"KT", "MPS", "KMH"})
_NO_WIND: Final = "/////MPS"
_STOPPED_AT: Final = re.compile(r"failed while processing '(\S+)(?: (\d{3}V\d{3}) )?")
_ATTEMPTS: Final = 16
_PRESSURE: Final = re.compile(r"(Q|A)[\dO]{4}")
# In hectopascals, and in hundredths of an inch of mercury; a barometer that fails says 0.
_PRESSURES: Final = {"Q": range(300, 1201), "A": range(900, 3501)}
_BARE: Final = re.compile(r"[\dO]{3,4}")
# The library takes a cloud's type only where nothing follows it.
_CLOUD: Final = re.compile(r"((?:FEW|SCT|BKN|OVC)\d{3}(?:CB|TCU))/+")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the library understood, and the groups that it did not, in their order."""

    metar: Metar
    not_understood: tuple[str, ...]


def parse(parts: Parts, observed: datetime) -> Parsed:
    """Read a report's groups; one that the library fails on is set aside, not the report.

    Args:
        parts: The report's parts.
        observed: Its time, UTC.
    """
    groups, aside = _behind_wind(
        [
            _CLOUD.sub(r"\1", one)
            for one in parts.groups
            if not (NOT_OBSERVED.fullmatch(one) or is_extra(one))
        ]
    )
    groups, implausible = _without_implausible(groups)
    aside += implausible
    remarks = parts.remarks.split()
    for _ in range(_ATTEMPTS):
        metar, stopped_at = _read(parts, observed, groups, remarks)
        words = groups if stopped_at in groups else remarks
        if stopped_at not in words:
            break
        words.remove(stopped_at)
        aside.append(stopped_at)
    unknown = {*aside, *metar._unparsed_groups}  # noqa: SLF001 - the library tells it nowhere else
    if stopped_at:
        unknown.update(groups)
    return Parsed(metar, tuple(one for one in parts.groups if one in unknown))


def _behind_wind(groups: list[str]) -> tuple[list[str], list[str]]:
    """Return groups of which a wind is the first, and what was set aside for that.

    Where a wind is missing, the library takes a visibility for one (0800: 800 m/s from the
    north), and where its unit is missing, which nobody knows then, metres per second.
    """
    first, second, *_ = (*groups, "", "")
    if _WIND.fullmatch(first):
        return groups, []
    if not _WITHOUT_UNIT.fullmatch(first):
        return [_NO_WIND, *groups], []
    if second in _UNITS:
        return [first + second, *groups[2:]], []
    return [_NO_WIND, *groups[1:]], [first]


def _without_implausible(groups: list[str]) -> tuple[list[str], list[str]]:
    """Return groups without what would be an impossible pressure, and that.

    After a pressure the library takes any number for another one, a visibility of a trend too.
    """
    kept: list[str] = []
    aside: list[str] = []
    has_pressure = False
    for group in groups:
        pressure = _PRESSURE.fullmatch(group)
        if pressure is not None:
            number = int(group[1:].replace("O", "0"))
            is_wrong = number not in _PRESSURES[pressure[1]]
            has_pressure = True
        else:
            is_wrong = has_pressure and _BARE.fullmatch(group) is not None
        (aside if is_wrong else kept).append(group)
    return kept, aside


def _read(
    parts: Parts, observed: datetime, groups: list[str], remarks: list[str]
) -> tuple[Metar, str]:
    """Return what the library makes of groups, and the group at which it stopped, if it did."""
    stamp = f"{parts.day:02d}{parts.hour:02d}{parts.minute:02d}Z"
    words = [parts.kind, parts.station, stamp, *groups]
    if remarks:
        words += ["RMK", *remarks]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metar = Metar(" ".join(words), month=observed.month, year=observed.year, strict=False)
    stops = (_STOPPED_AT.search(str(one.message)) for one in caught)
    # A wind and its range are read as one: the range goes first, it says less.
    stopped_at = next((stop[2] or stop[1] for stop in stops if stop), "")
    return metar, stopped_at
