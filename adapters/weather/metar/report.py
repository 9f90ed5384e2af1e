"""Cut bulletins into METAR reports, and a report into its parts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.weather.bulletin import BulletinCutter, CutReport, Grammar

GRAMMAR: Final = Grammar(
    title="METAR or SPECI",
    starts=re.compile(
        rb"(METAR|SPECI|TAF)\b|(COR +)?[A-Z][A-Z0-9]{3} +\d{6}Z?(\s|\Z)", re.IGNORECASE
    ),
    preamble=re.compile(rb"(METAR|SPECI)( +COR)?", re.IGNORECASE),
)
_HEAD: Final = re.compile(
    r"(?:(?P<type>METAR|SPECI) )?(?P<cor>COR )?(?P<station>[A-Z][A-Z0-9]{3}) (?P<cor2>COR )?"
    r"(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)Z?(?: (?P<rest>.*))?"
)
# A station that has none says no time either; its bulletin's heading does.
_NONE: Final = re.compile(r"(?:(METAR|SPECI) )?([A-Z][A-Z0-9]{3}) NIL")
_FILED: Final = re.compile(r"[A-Z]{4}\d\d [A-Z]{4} (\d{6})")
_TWICE: Final = re.compile(r"^(?:METAR|SPECI) (?=(?:METAR|SPECI)\b)")
_KEYWORD: Final = re.compile(r"(METAR|SPECI)\b")
_MODIFIERS: Final = frozenset({"AUTO", "COR", "CORR", "NIL", "FINO", "RTD", "TEST"})
_CORRECTIONS: Final = re.compile(r"CORR?|CC[A-Z]")
_TREND: Final = re.compile(
    r"(?:^|(?<= ))(?:(?:BECMG|TEMPO|INTER|FCST|PROB\d\d)\b|FM\d{4,6}Z?(?= |$)).*"
)
_REMARKS: Final = re.compile(r"(?:^|(?<= ))RMKS? ?(.*)")


@dataclass(frozen=True, slots=True)
class MetarReport:
    """One report.

    Attributes:
        raw: Its exact bytes.
        text: Its groups, with the keyword that its bulletin said once for all.
        heading: The heading of its bulletin; empty: none.
    """

    raw: bytes
    text: str
    heading: str = ""


class MetarDecoder:
    """Cuts one connection's or file's bytes into reports; sans I/O."""

    def __init__(self, *, one_per_line: bool = False) -> None:
        self._cutter = BulletinCutter(GRAMMAR, one_per_line=one_per_line)
        self._keyword = "METAR"
        self._bulletin = 0

    def feed(self, data: bytes) -> list[MetarReport | Undecodable]:
        """Return the reports that these bytes complete."""
        return self._reports(self._cutter.feed(data))

    def close(self) -> list[MetarReport | Undecodable]:
        """Return the last report, whose end may be missing."""
        return self._reports(self._cutter.close())

    def _reports(self, cut: Iterable[CutReport | Undecodable]) -> list[MetarReport | Undecodable]:
        return [one if isinstance(one, Undecodable) else self._report(one) for one in cut]

    def _report(self, cut: CutReport) -> MetarReport | Undecodable:
        """Return a report; those without a keyword are of the kind of the one before."""
        if cut.bulletin != self._bulletin:
            self._bulletin, self._keyword = cut.bulletin, "METAR"
        text = _TWICE.sub("", cut.text.upper())
        if GRAMMAR.preamble.fullmatch(text.encode()):
            reason = f"the bulletin says {cut.text!r} and holds no report; expected one"
            return Undecodable(cut.raw, "no_report", reason)
        if (none := _NONE.fullmatch(text)) and (filed := _FILED.match(cut.heading)):
            text = f"{none[1] or self._keyword} {none[2]} {filed[1]}Z NIL"
        keyword = _KEYWORD.match(text)
        if keyword:
            self._keyword = keyword[1]
        elif _HEAD.fullmatch(text):
            text = f"{self._keyword} {text}"
        return MetarReport(cut.raw, text, cut.heading)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a report, in its own words; day, hour and minute are UTC."""

    kind: str
    station: str
    day: int
    hour: int
    minute: int
    modifiers: tuple[str, ...]
    groups: tuple[str, ...]
    trend: str
    remarks: str

    @property
    def is_nil(self) -> bool:
        """Tell whether the report says that there is none."""
        return any(one in {"NIL", "FINO"} for one in self.modifiers)


def parts_of(text: str) -> Parts:
    """Split a report.

    Raises:
        Untranslatable: It names no station or no time; those of nobody are of no use.
    """
    head = _HEAD.fullmatch(text)
    if head is None:
        raise _headless(text)
    rest, remarks = _split(head["rest"] or "", _REMARKS)
    rest, trend = _split(rest, _TREND)
    groups = rest.split()
    if "NOSIG" in groups:
        groups.remove("NOSIG")
        trend = f"NOSIG {trend}".strip()
    modifiers = [one.strip() for one in (head["cor"], head["cor2"]) if one]
    while groups and (groups[0] in _MODIFIERS or _CORRECTIONS.fullmatch(groups[0])):
        modifiers.append(groups.pop(0))
    return Parts(
        kind=head["type"] or "METAR",
        station=head["station"],
        day=int(head["day"]),
        hour=int(head["hour"]),
        minute=int(head["minute"]),
        modifiers=tuple(modifiers),
        groups=tuple(groups),
        trend=trend,
        remarks=remarks.removeprefix("RMKS").removeprefix("RMK").strip(),
    )


def _split(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """Return what stands before a part, and the part; empty if it is not there."""
    found = pattern.search(text)
    return (text, "") if found is None else (text[: found.start()], found[0].strip())


def _headless(text: str) -> Untranslatable:
    """Say what the beginning of a report lacks."""
    if text.startswith("TAF"):
        return Untranslatable(
            "report", text, expected="METAR or SPECI", cause="kind", remedy="TAF is a forecast"
        )
    without_keyword = _KEYWORD.sub("", text).strip().removeprefix("COR ")
    if re.match(r"[A-Z][A-Z0-9]{3}( |$)", without_keyword):
        return Untranslatable(
            "time", without_keyword[4:].strip(), expected="a group as 150600Z", cause="time"
        )
    return Untranslatable(
        "station", without_keyword, expected="an ICAO code of four letters, then ddhhmmZ"
    )
