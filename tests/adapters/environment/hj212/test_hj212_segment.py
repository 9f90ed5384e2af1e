"""The head of a data segment, as loggers write it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.environment.hj212.items import items_of
from adapters.environment.hj212.segment import MalformedSegment, Segment, parse, text_of


def test_every_field_of_a_split_upload_is_read() -> None:
    """HJ 212-2017, 6.3.3: all fields present."""
    assert parse(
        "QN=20240601120001000;ST=32;CN=2051;PW=1;MN=A1;Flag=7;PNUM=3;PNO=2;CP=&&a=1&&"
    ) == Segment("20240601120001000", "32", "2051", "1", "A1", 7, "3", "2", "a=1")


def test_a_frame_of_2005_has_neither_number_nor_flag() -> None:
    """HJ/T 212-2005: no QN, no Flag; the version is then 2005 and no answer is wanted."""
    segment = parse("ST=32;CN=2011;PW=1;MN=A1;CP=&&DataTime=20240601120000&&")

    assert (segment.qn, segment.version, segment.wants_answer) == ("", "2005", False)


@pytest.mark.parametrize(
    "head",
    [
        "ST=32;CN=2011;PW=1;,MN=A1;FLAG=5;",
        "st=32;cn=2011;pw=1;mn=A1;flag=5;",
        "ST=32;;CN=2011; PW=1;MN= A1;Flag=5;",
    ],
)
def test_stray_commas_blanks_and_any_case_are_read(head: str) -> None:
    """What loggers write in the field is read for what it means."""
    segment = parse(f"{head}CP=&&&&")

    assert (segment.st, segment.cn, segment.mn, segment.flag) == ("32", "2011", "A1", 5)


@pytest.mark.parametrize(("flag", "version"), [(1, "2005"), (5, "2017"), (9, "2025"), (13, "3")])
def test_the_version_is_above_the_two_low_bits(flag: int, version: str) -> None:
    """Bits V5 to V0 of Flag: 0 is 2005, 1 is 2017, 2 is 2025."""
    assert parse(f"ST=22;CN=2011;MN=A1;Flag={flag};CP=&&&&").version == version


def test_fields_beyond_the_standard_are_kept() -> None:
    """A vendor's own field is told apart, not dropped."""
    assert parse("ST=22;CN=2011;MN=A1;Ver=7;CP=&&&&").others == (("Ver", "7"),)


@pytest.mark.parametrize("text", ["", "ST=22;CN=2011;MN=A1", "ST=22;Flag=x;CP=&&&&"])
def test_what_has_not_the_standards_shape_says_so(text: str) -> None:
    """No CP, or a Flag that is no number."""
    with pytest.raises(MalformedSegment, match="expected"):
        parse(text)


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """A segment raises nothing but its own error, and its items never any."""
    items_of(text)
    with contextlib.suppress(MalformedSegment):
        parse(f"{text}CP=&&{text}&&")


def test_a_factor_said_twice_is_kept_twice() -> None:
    """The second value does not overwrite the first."""
    factors = items_of("a1-Rtd=1,a1-Flag=N;a1-Rtd=2,a1-Flag=D").factors

    assert [factor.values for factor in factors] == [
        {"Rtd": "1", "Flag": "N"},
        {"Rtd": "2", "Flag": "D"},
    ]


@pytest.mark.parametrize("text", ["//水位校准//", "//水位//", "//设备正常//"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_is_read_in_utf_8_and_gbk(text: str, encoding: str) -> None:
    """Some words' GBK bytes are Greek in UTF-8; a logger's log is in Chinese."""
    assert text_of(f"CP=&&i11001-Info={text}&&".encode(encoding)) == f"CP=&&i11001-Info={text}&&"
