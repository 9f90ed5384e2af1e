"""Cut bulletins into SYNOP reports, and find who observed and when."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.weather.bulletin import BulletinCutter, CutReport, Grammar

GRAMMAR: Final = Grammar(
    title="SYNOP",
    starts=re.compile(rb"(AAXX|BBXX|OOXX)\b"),
    preamble=re.compile(rb"AAXX( +\d{4}[\d/])?"),
)
_SHARED: Final = re.compile(r"AAXX \d{4}[\d/]")
_BEGIN: Final = re.compile(r"(AAXX|BBXX|OOXX)\b")
# FM 12 names the station after the time, FM 13 and FM 14 before it.
_LAND: Final = re.compile(r"AAXX (?P<time>\d{4}[\d/]) (?P<station>\d{5})(?= |$)")
_MOBILE: Final = re.compile(
    r"(?P<type>BBXX|OOXX) (?P<station>[A-Z0-9]{3,9}) (?P<time>\d{4}[\d/])(?= |$)"
)


@dataclass(frozen=True, slots=True)
class SynopReport:
    """One station's report.

    Attributes:
        raw: Its exact bytes.
        text: Its groups, with the section 0 that its bulletin said once for all.
        heading: The heading of its bulletin; empty: none.
    """

    raw: bytes
    text: str
    heading: str = ""


class SynopDecoder:
    """Cuts one connection's or file's bytes into reports; sans I/O."""

    def __init__(self, *, one_per_line: bool = False) -> None:
        self._cutter = BulletinCutter(GRAMMAR, one_per_line=one_per_line)
        self._shared = ""
        self._bulletin = 0

    def feed(self, data: bytes) -> list[SynopReport | Undecodable]:
        """Return the reports that these bytes complete."""
        return self._reports(self._cutter.feed(data))

    def close(self) -> list[SynopReport | Undecodable]:
        """Return the last report, whose end may be missing."""
        return self._reports(self._cutter.close())

    def _reports(self, cut: Iterable[CutReport | Undecodable]) -> list[SynopReport | Undecodable]:
        return [one if isinstance(one, Undecodable) else self._report(one) for one in cut]

    def _report(self, cut: CutReport) -> SynopReport | Undecodable:
        """Return a report, completed by what its bulletin's first one says of the time."""
        if cut.bulletin != self._bulletin:
            self._bulletin, self._shared = cut.bulletin, ""
        text = cut.text
        if GRAMMAR.preamble.fullmatch(text.encode()):
            reason = f"the bulletin says {text!r} and holds no report; expected one"
            return Undecodable(cut.raw, "no_report", reason)
        if _BEGIN.match(text):
            shared = _SHARED.match(text)
            self._shared = shared[0] if shared else ""
        elif self._shared:
            text = f"{self._shared} {text}"
        return SynopReport(cut.raw, text, cut.heading)


@dataclass(frozen=True, slots=True)
class Head:
    """Section 0: who, and when (UTC)."""

    station: str
    day: int
    hour: int
    groups: tuple[str, ...]
    size: int
    """How many of the groups section 0 has."""

    @property
    def is_nil(self) -> bool:
        """Tell whether the report says that there is none."""
        return self.groups[self.size :] == ("NIL",)


def head_of(text: str) -> Head:
    """Read section 0.

    Raises:
        Untranslatable: It names no station or no time; those of nobody are of no use.
    """
    found = _LAND.match(text) or _MOBILE.match(text)
    if found is None:
        raise Untranslatable(
            "section 0",
            text,
            expected="AAXX YYGGi_w IIiii, or BBXX or OOXX with a call sign and YYGGi_w",
            cause="station",
        )
    groups = tuple(text.split())
    position = {"BBXX": 2, "OOXX": 4}.get(groups[0], 0)
    time = found["time"]
    return Head(
        station=found["station"],
        day=int(time[:2]),
        hour=int(time[2:4]),
        groups=groups,
        size=3 + position,
    )
