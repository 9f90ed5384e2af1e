"""Reports put together from groups seen before equal those that the library reads whole."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import protovalidate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.sdk.feed import FeedConfig
from adapters.weather.metar import MetarOptions, MetarReport, MetarReports
from adapters.weather.metar.parse import parse
from adapters.weather.metar.pieces import put_together
from adapters.weather.metar.report import parts_of
from adapters.weather.metar.translate import to_observation
from liandong.weather.v1.weather_pb2 import Observation

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATIONS = st.sampled_from(["ZSNJ", "KJFK", "LFPG"])
WINDS = st.from_regex(
    r"(([0-3]\d0|VRB)\d\d(G\d\d)?(MPS|KT)( [0-3]\d\dV[0-3]\d\d)?)", fullmatch=True
)
SIGHTS = st.from_regex(r"\d{4}|CAVOK|////|9999NDV|10SM", fullmatch=True)
WEATHER = st.from_regex(
    r"([-+]|VC)?(TS|SH|FZ|BL)?(RA|SN|DZ|GR)?(BR|FG|HZ)?|//|RERA|NSW", fullmatch=True
)
SKIES = st.from_regex(
    r"((FEW|SCT|BKN|OVC|VV)(\d{3}|///)(CB|TCU|///)?)|NSC|NCD|SKC|CLR|//////", fullmatch=True
)
TEMPERATURES = st.from_regex(r"M?\d\d/M?\d\d|//////|M?\d/M?\d", fullmatch=True)
PRESSURES = st.from_regex(r"[QA]\d{4}|Q////|\d{4}", fullmatch=True)
TREND = st.sampled_from(["", "NOSIG", "BECMG FM1200 3000 BR", "TEMPO TSRA"])


@st.composite
def reports(draw: st.DrawFn) -> str:
    """Draw a report, mostly one with the usual groups in their order."""
    groups = [
        *draw(st.lists(st.sampled_from(["AUTO", "COR", "CCA"]), max_size=1)),
        draw(WINDS),
        draw(SIGHTS),
        *draw(st.lists(WEATHER, max_size=3)),
        *draw(st.lists(SKIES, max_size=4)),
        *draw(st.lists(TEMPERATURES, max_size=1)),
        *draw(st.lists(PRESSURES, max_size=1)),
    ]
    if draw(st.booleans()) and draw(st.booleans()):
        groups.pop(draw(st.integers(0, len(groups) - 1)))
    groups.append(draw(TREND))
    kind = draw(st.sampled_from(["METAR", "SPECI"]))
    return " ".join(f"{kind} {draw(STATIONS)} 010000Z {' '.join(groups)}".split())


def whole(report: MetarReport) -> Observation:
    """Return what the library reads of a report at once."""
    parts = parts_of(report.text)
    parsed = parse(parts, NOW)
    assert not parsed.not_understood, "no report of usual groups has others"
    return to_observation(report, parts, parsed, "title")


@settings(max_examples=400, deadline=None)
@given(reports(), st.sampled_from(["", "SACI31 ZBAA 150600"]))
@example("METAR ZSNJ 010000Z 00000MPS 0800 R06/0400 FG VV001 M00/M00 Q1003", "")
@example("METAR ZSNJ 010000Z 14007MPS 110V170 9999 -TSRA FEW010CB 24/12 Q1003 NOSIG", "")
def test_usual_groups_say_together_what_the_library_reads(text: str, heading: str) -> None:
    """Whatever takes the short way says the same on the long one."""
    report = MetarReport(text.encode(), text, heading)

    pieces = put_together(report, parts_of(text), "title")

    if pieces is not None:
        assert Observation.FromString(pieces) == whole(report)


def test_recorded_reports_mostly_take_the_short_way(feeds_folder: Path) -> None:
    """Chinese aerodromes write the usual groups."""
    counts: Counter[bool] = Counter()
    for line in (feeds_folder / "metar" / "cn_airports.txt").read_text().splitlines():
        text = line.strip().rstrip("=")
        if text.startswith(("METAR", "SPECI")):
            report = MetarReport(line.encode(), text)
            pieces = put_together(report, parts_of(text), "title")
            counts[pieces is not None] += 1
            if pieces is not None:
                assert Observation.FromString(pieces) == whole(report)

    assert counts[True] > counts[False]


@settings(max_examples=100, deadline=None)
@given(reports())
def test_what_has_a_shape_holds_the_schema(text: str) -> None:
    """The pipeline checks the first of a shape and trusts the others."""
    feed_reports = _adapter()

    (found,) = feed_reports.translate(MetarReport(text.encode(), text))

    if found.shape is not None:
        assert not protovalidate.collect_violations(found.record)


def test_a_report_longer_than_the_schema_takes_has_no_shape() -> None:
    """So the schema refuses it, as it would any other."""
    text = f"METAR ZSNJ 010000Z 14007MPS 9999 24/12 Q1003 BECMG {'X' * 4096}"

    (found,) = _adapter().translate(MetarReport(text.encode(), text))

    assert found.shape is None
    assert protovalidate.collect_violations(found.record)


def _adapter() -> MetarReports:
    feed = FeedConfig(id="m", adapter="weather/metar", agency="weather", source="drop:x")
    return MetarReports(feed, MetarOptions())
