"""Reports put together from groups seen before equal those that the library decodes whole."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import protovalidate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.sdk.feed import FeedConfig
from adapters.weather.synop import Synop, SynopOptions, SynopReport
from adapters.weather.synop.decode import decode
from adapters.weather.synop.pieces import put_together
from adapters.weather.synop.report import head_of
from adapters.weather.synop.translate import to_observation
from liandong.weather.v1.weather_pb2 import Observation

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@st.composite
def reports(draw: st.DrawFn) -> str:
    """Draw a report, mostly one with the usual groups in their order."""

    def digits(shape: str) -> str:
        return draw(st.from_regex(shape, fullmatch=True))

    groups = [
        f"AAXX 24{draw(st.integers(0, 23)):02d}{digits('[01341]|/')}",
        digits("58[0-3][0-9]{2}|10384|27[5-6]12|72503|89022|94767"),
        digits("[0-47][1267/][0-9/]([0-4][0-9]|5[06-9]|[6-9][0-9]|//)"),
        digits("[0-9/]([0-3][0-6]|//|99)([0-4][0-9]|99|//)"),
    ]
    section_1 = {
        "1": "1[01][0-5][0-9]{2}|1////",
        "2": "2[01][0-5][0-9]{2}|29[0-9]{3}|2////",
        "3": "3[09][0-9]{3}|3////",
        "4": "4[09][0-9]{3}|4[0-9/]{4}",
        "5": "5[0-9/][0-9]{3}|5////",
        "6": "6[0-9/]{3}[0-9/]",
        "7": "7[0-9/]{4}",
        "8": "8[0-9/]{4}",
    }
    chosen = draw(st.sets(st.sampled_from(sorted(section_1))))
    groups += [digits(section_1[header]) for header in sorted(chosen)]
    if draw(st.booleans()):
        groups.append("333")
        section_3 = {
            "1": "1[01][0-5][0-9]{2}|1////",
            "2": "2[01][0-5][0-9]{2}|2////",
            "6": "6[0-9]{3}[0-9/]",
            "7": "7[0-9]{4}|7////",
        }
        chosen = draw(st.sets(st.sampled_from(sorted(section_3))))
        groups += [digits(section_3[header]) for header in sorted(chosen)]
        groups += [digits("8[0-9/]{4}") for _ in range(draw(st.integers(0, 3)))]
    return " ".join(groups)


def whole(report: SynopReport) -> Observation:
    """Return what the library decodes of a report at once."""
    head, doubts = head_of(report.text), list[str]()
    decoded = decode(head)
    body = to_observation(report, head, decoded, "title", doubts)
    assert not decoded.not_understood, "no report of usual groups has others"
    assert not doubts, "nothing of a report of usual groups is left out"
    return body


@settings(max_examples=600, deadline=None)
@given(reports(), st.sampled_from(["", "SMCI01 BABJ 240600"]))
@example("AAXX 24001 58238 12782 61506 10094 20047 30111 40197 60004 333 70050", "")
@example("AAXX 24001 58238 02782 61506 60004 333 60011 81541", "")
@example("AAXX 24064 58238 01782 61506 70102 333 10178 20021 60011 70050 81541 83656", "")
def test_usual_groups_say_together_what_the_library_decodes(text: str, heading: str) -> None:
    """Whatever takes the short way says the same on the long one."""
    report = SynopReport(text.encode(), text, heading)

    pieces = put_together(report, head_of(text), "title")

    if pieces is not None:
        assert Observation.FromString(pieces) == whole(report)


def test_usual_reports_take_the_short_way() -> None:
    """Manned and automatic stations, with and without rain and layers of cloud."""
    for text in (
        "AAXX 24061 58238 11458 61506 10094 20050 30110 40197",
        "AAXX 24061 58238 01458 61506 10094 20050 30110 40197 53007 60041 70162 85200 333 20011",
        "AAXX 24061 58238 46/// /1506 10094 20050 30110 40197 333 10123",
    ):
        report = SynopReport(text.encode(), text)

        pieces = put_together(report, head_of(text), "title")

        assert pieces is not None, text
        assert Observation.FromString(pieces) == whole(report)


def test_recorded_reports_are_the_same_by_either_way(feeds_folder: Path) -> None:
    """Some of them take the short one."""
    counts: Counter[bool] = Counter()
    file = feeds_folder / "synop" / "pymetdecoder_synop.txt"
    for text in re.findall(r"^AAXX \d{5} \d{5} .*\S", file.read_text(), re.MULTILINE):
        report = SynopReport(text.encode(), text)
        pieces = put_together(report, head_of(text), "title")
        counts[pieces is not None] += 1
        if pieces is not None:
            assert Observation.FromString(pieces) == whole(report)

    assert counts[True]


@settings(max_examples=100, deadline=None)
@given(reports())
def test_what_has_a_shape_holds_the_schema(text: str) -> None:
    """The pipeline checks the first of a shape and trusts the others."""
    feed = FeedConfig(id="s", adapter="weather/synop", agency="weather", source="drop:x")
    adapter = Synop(feed, SynopOptions())
    adapter.take_for_now(NOW)

    (found,) = adapter.translate(SynopReport(text.encode(), text))

    if found.shape is not None:
        assert not protovalidate.collect_violations(found.record)
