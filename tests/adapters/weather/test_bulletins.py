"""Bulletins are cut into reports wherever the bytes were parted; times are completed."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.weather.bulletin import MAX_REPORT_BYTES, BulletinCutter, CutReport, Grammar
from adapters.weather.day_time import latest, nearest_past
from adapters.weather.foreign import MAX_BYTES

GRAMMAR = Grammar("METAR", re.compile(rb"(METAR|SPECI)\b"), re.compile(rb"METAR"))


def _cut(
    *pieces: bytes, one_per_line: bool = False, limit: int = MAX_REPORT_BYTES
) -> list[CutReport | Undecodable]:
    cutter = BulletinCutter(GRAMMAR, one_per_line=one_per_line, limit=limit)
    found = [one for piece in pieces for one in cutter.feed(piece)]
    return found + cutter.close()


def _texts(*pieces: bytes, one_per_line: bool = False) -> list[str]:
    found = _cut(*pieces, one_per_line=one_per_line)
    assert all(isinstance(one, CutReport) for one in found), found
    return [one.text for one in found if isinstance(one, CutReport)]


def test_a_report_ends_with_an_equals_sign() -> None:
    """Two may share a line, and one may take several."""
    assert _texts(b"METAR A 1=METAR B 2=\nMETAR C\r\n   3=\n") == [
        "METAR A 1",
        "METAR B 2",
        "METAR C 3",
    ]


def test_a_report_without_an_end_ends_where_the_next_begins() -> None:
    """So it does at a blank line and at the end of the file."""
    assert _texts(b"METAR A\nSPECI B\n\nrest\nMETAR C") == ["METAR A", "SPECI B", "rest", "METAR C"]


def test_a_line_may_end_a_report_by_configuration() -> None:
    """Then nothing waits for the next line."""
    cutter = BulletinCutter(GRAMMAR, one_per_line=True)

    (found,) = cutter.feed(b"METAR A\n")

    assert isinstance(found, CutReport)
    assert found.raw == b"METAR A\n"


def test_the_heading_is_kept_with_each_report() -> None:
    """Frames, numbers of transmission and headings are no reports."""
    found = _cut(
        b"\x01\r\r\n123\r\r\nSACI31 ZBAA 150600 CCA\r\r\nMETAR\r\r\nA=\r\r\nB=\r\r\n\x03"
        b"ZCZC 456\nSACI32 ZBAA 150600\nC=\nNNNN\nMETAR D="
    )

    assert [(one.text, one.heading) for one in found if isinstance(one, CutReport)] == [
        ("METAR A", "SACI31 ZBAA 150600 CCA"),
        ("B", "SACI31 ZBAA 150600 CCA"),
        ("C", "SACI32 ZBAA 150600"),
        ("METAR D", ""),
    ]
    assert len({one.bulletin for one in found if isinstance(one, CutReport)}) == 3


def test_a_heading_without_a_report_is_refused() -> None:
    """A bulletin that lost its reports must not go by unseen."""
    (found,) = _cut(b"SACI31 ZBAA 150600\n\nNNNN\n")

    assert isinstance(found, Undecodable)
    assert found.cause == "no_report"
    assert found.raw == b"SACI31 ZBAA 150600"


def test_bytes_without_an_end_are_refused_at_the_limit() -> None:
    """What follows is read again."""
    found = _cut(b"x" * 100, b"x" * 100 + b"\nMETAR A=", limit=150)

    refused, report = found
    assert isinstance(refused, Undecodable)
    assert (refused.cause, len(refused.raw)) == ("oversize", 150)
    assert "201 bytes" in refused.reason
    assert isinstance(report, CutReport)


def test_bytes_that_are_not_ascii_are_refused() -> None:
    """Reports of the WMO are in the international alphabet."""
    (found,) = _cut("METAR 南京=".encode())

    assert isinstance(found, Undecodable)
    assert found.cause == "encoding"


PARTS = st.lists(
    st.sampled_from(
        [b"METAR ", b"SPECI A", b"=", b"\n", b"\r\n", b"SACI31 ZBAA 150600", b"\x01", b"\x03",
         b"NNNN", b"ZCZC", b"123", b" ", b"x" * 40, b"\xff", b"B 1"]
    )
)  # fmt: skip


@given(PARTS.map(b"".join) | st.binary(max_size=200), st.data())
def test_where_the_bytes_are_parted_does_not_matter(data: bytes, drawn: st.DataObject) -> None:
    """Whole or in pieces, the same reports come out, and none is longer than two limits."""
    cuts = sorted(drawn.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    whole, parted = _cut(data, limit=64), _cut(*pieces, limit=64)

    assert parted == whole
    assert all(len(one.raw) <= 128 for one in whole)


@given(PARTS.map(b"".join))
def test_no_word_of_a_report_is_lost(data: bytes) -> None:
    """Every word stands in a report or in what was refused, unless it is a frame."""
    found = b" ".join(one.raw for one in _cut(data))

    assert data.count(b"B 1") == found.count(b"B 1")
    assert data.count(b"SPECI A") == found.count(b"SPECI A")


@pytest.mark.parametrize(
    ("day", "hour", "minute", "now", "expected"),
    [
        (24, 23, 0, "2026-11-24T23:09", "2026-11-24T23:00"),
        (25, 0, 0, "2026-11-24T23:09", "2026-11-25T00:00"),
        (25, 1, 0, "2026-11-24T23:09", "2026-10-25T01:00"),
        (31, 23, 30, "2026-12-01T00:10", "2026-10-31T23:30"),
        (31, 23, 30, "2027-01-01T00:10", "2026-12-31T23:30"),
        (1, 0, 0, "2026-12-31T23:30", "2027-01-01T00:00"),
        (30, 6, 0, "2026-03-01T00:00", "2026-01-30T06:00"),
        (29, 6, 0, "2028-03-01T00:00", "2028-02-29T06:00"),
    ],
)
def test_a_time_is_the_nearest_past_one(
    day: int, hour: int, minute: int, now: str, expected: str
) -> None:
    """An hour ahead is still past: clocks differ. Months lack days."""
    found = nearest_past("time", day, hour, minute, datetime.fromisoformat(f"{now}:00+00:00"))

    assert found == datetime.fromisoformat(f"{expected}:00+00:00")


@pytest.mark.parametrize(("day", "hour", "minute"), [(0, 0, 0), (32, 0, 0), (1, 24, 0), (1, 0, 60)])
def test_an_impossible_time_is_refused(day: int, hour: int, minute: int) -> None:
    """The sentence names the group."""
    with pytest.raises(Untranslatable, match="time is"):
        nearest_past("time", day, hour, minute, datetime(2026, 7, 1, tzinfo=UTC))


@given(
    st.integers(1, 31),
    st.integers(0, 23),
    st.integers(0, 59),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_every_day_of_a_month_has_a_past(day: int, hour: int, minute: int, now: datetime) -> None:
    """It lies at most an hour ahead and less than 93 days back, and keeps what was said."""
    found = nearest_past("time", day, hour, minute, now)

    assert (found.day, found.hour, found.minute) == (day, hour, minute)
    assert -93 * 86400 < (found - now).total_seconds() <= 3600


def test_a_byte_order_mark_is_no_part_of_a_report() -> None:
    """Editors put one at the beginning of files."""
    assert _texts(b"\xef\xbb\xbfMETAR A 1=") == ["METAR A 1"]


@pytest.mark.parametrize(
    "begins", [b"ZCZC LAA0123 011205\r\r\n", b"\x01LAA0123 011205\r\n", b"\x01LAA123\r\n"]
)
def test_addresses_of_the_aeronautical_network_are_no_report(begins: bytes) -> None:
    """Priority and addressees, over two lines, and the originator only bring the report."""
    message = (
        b"GG ZSNJYMYX ZSSSYMYX\r\nZSHCYMYX\r\n011203 ZBAAYMYX\r\n\x02METAR A 1\r\n  2=\r\n\x0b\x03"
    )

    assert _texts(begins + message + b"\x1a") == ["METAR A 1 2"]


def test_an_address_outside_of_a_message_is_not_passed_over() -> None:
    """Only a message has them; any other line is somebody's words."""
    assert _texts(b"METAR A 1\n011203 ZBAAYMYX\n") == ["METAR A 1 011203 ZBAAYMYX"]


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (
            b"\xef\xbb\xbf<?xml version='1.0'?>\n<iwxxm:METAR a='b'>\n <c/>=\n\n</iwxxm:METAR>\n",
            "XML",
        ),
        (b'[{"rawOb": "METAR A 1=", "b": "\\n"}]', "JSON"),
    ],
)
def test_a_document_of_another_format_is_refused_whole(document: bytes, what: str) -> None:
    """Once, with what to ask the source for, and not line by line."""
    (found,) = _cut(document)

    assert isinstance(found, Undecodable)
    assert found.cause == "format"
    assert found.raw == document.removeprefix(b"\xef\xbb\xbf")
    assert f"the document is {what}, expected METAR in plain text" in found.reason


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_reports_after_a_document_of_another_format_are_cut(size: int) -> None:
    """A connection that began badly may go on well."""
    stream = b" \n<html>METAR gone</html>\n" + b"METAR A=\nSPECI B=\n"

    refused, *found = _cut(*(stream[at : at + size] for at in range(0, len(stream), size)))

    assert isinstance(refused, Undecodable)
    assert refused.raw == b"<html>METAR gone</html>\n"
    assert [one.text for one in found if isinstance(one, CutReport)] == ["METAR A", "SPECI B"]


def test_of_a_large_document_of_another_format_nothing_is_dropped() -> None:
    """It is refused in parts, so that memory stays bounded."""
    document = b"{" + b"x" * (3 * MAX_BYTES)

    found = _cut(document[:5], document[5:])

    assert b"".join(one.raw for one in found) == document
    assert max(len(one.raw) for one in found) == MAX_BYTES


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        (b"58238,2026,11,25,12,00,METAR A 1=\n", "58238,2026,11,25,12,00"),
        (b"ZSNJ,2026,11,25,12,00,METAR A 1=\n", "ZSNJ,2026,11,25,12,00"),
        (b"202611251200 METAR A 1=\n", "202611251200"),
        (b"2026/11/25 12:00\nMETAR A 1=\n", "2026/11/25 12:00"),
    ],
)
def test_dates_that_collections_put_before_reports_are_headings(line: bytes, heading: str) -> None:
    """Each report has its own."""
    first, second = _cut(line, line.replace(b"12", b"13"))

    assert isinstance(first, CutReport)
    assert isinstance(second, CutReport)
    assert (first.text, first.heading) == ("METAR A 1", heading)
    assert second.heading == heading.replace("12", "13")


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("", "2026-11-24T09:00:00+00:00"),
        ("SACI31 ZBAA 240900", "2026-11-24T09:00:00+00:00"),
        ("58238,2026,03,24,09,00", "2026-03-24T09:00:00+00:00"),
        ("202603240900", "2026-03-24T09:00:00+00:00"),
        ("2026/03/24 09:20", "2026-03-24T09:00:00+00:00"),
        ("2026/13/24 09:20", "2026-11-24T09:00:00+00:00"),
        ("2099/03/24 09:20", "2026-11-24T09:00:00+00:00"),
    ],
)
def test_a_dated_heading_dates_its_reports(heading: str, expected: str) -> None:
    """So that what a collection gives of last spring is not this month's weather."""
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    assert nearest_past("time", 24, 9, 0, latest(heading, now)).isoformat() == expected
