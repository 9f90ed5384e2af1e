"""What the elements of a body mean."""

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.water.sl651.content import Content, Group, Value
from adapters.water.sl651.elements import read_body
from tests.adapters.water.sl651.sl651_frames import STATION, body, framed, only_frame


def content(elements: str, *, function: str = "32") -> Content:
    """Return the content of a report with these elements."""
    return read_body(only_frame(framed(body(elements), function=function)))


def only_group(elements: str, *, function: str = "32") -> Group:
    """Return the one group of a report with these elements."""
    (section,) = content(elements, function=function).sections
    (group,) = section.groups
    return group


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("391A051300", Value(0x39, 513.0)),
        ("392300000550", Value(0x39, 0.55)),
        ("762AFF00000172", Value(0x76, -1.72)),
        ("0311FF05", Value(0x03, -0.5)),
        ("0319FF0152", Value(0x03, -15.2)),
        ("0319FFFFFF", Value(0x03, None)),
        ("392BFFFFFFFFFF", Value(0x39, None)),
        ("392309999998", Value(0x39, 9999.998)),
        ("392309999999", Value(0x39, None)),
        ("392399999999", Value(0x39, None)),
        ("18089 9".replace(" ", ""), Value(0x18, 99.0)),
        ("39103A12", Value(0x39, None, "3a12", is_bad=True)),
        ("3910FFFA", Value(0x39, None, "fffa", is_bad=True)),
        ("FF05190 00123".replace(" ", ""), Value(0xFF05, 12.3)),
        ("7600", Value(0x76, None)),
        ("EF0812", Value(0xEF, 12.0)),
        ("05120130", Value(0x05, None, "1.30")),
        ("091A044400", Value(0x09, None, "444")),
        ("091A000250", Value(0x09, 2.5)),
        ("FDF60102FF", Value(0xFD, None, "0102FF")),
    ],
)
def test_an_element_is_read(element: str, value: Value) -> None:
    """Identifier, size and decimals, digits (clause 6.6.3, table C.1, annex E)."""
    assert only_group(element).values == [value]


def test_values_follow_one_another_without_separators() -> None:
    """Clause 6.6.3.1."""
    assert only_group("20190000052619000005392300000127").values == [
        Value(0x20, 0.5),
        Value(0x26, 0.5),
        Value(0x39, 0.127),
    ]


def test_rain_within_the_hour_has_a_byte_for_each_five_minutes() -> None:
    """Tenths of a millimetre, FF where there is none (F4H)."""
    (series,) = only_group("F4600500000014FFFFFFFFFF00FE", function="34").series

    assert series.step_min == 5
    assert series.numbers == (0.5, 0, 0, 0, 2.0, *[None] * 5, 0, 25.4)


def test_levels_within_the_hour_have_two_bytes_each() -> None:
    """Centimetres, FFFF where there is none (F5H to FCH)."""
    (series,) = only_group("FCC0" + "000C" * 10 + "FFFFFFFE", function="34").series

    assert series.code == 0xFC
    assert series.numbers == (*[0.12] * 10, None, 655.34)


@pytest.mark.parametrize("function", ["31", "38"])
@pytest.mark.parametrize(
    ("step", "minutes"), [("000005", 5), ("000100", 60), ("010000", 1440), ("000059", 59)]
)
def test_even_intervals_repeat_one_element(function: str, step: str, minutes: int) -> None:
    """All that follows the identifier are values, F where there is none (tables 30, 45, C.3)."""
    (series,) = only_group(
        f"0418{step}392300010490" + "FFFFFFFF" + "FF000172", function=function
    ).series

    assert (series.code, series.step_min) == (0x39, minutes)
    assert series.numbers == (10.49, None, -0.172)


def test_even_intervals_may_list_several_elements() -> None:
    """Clause 6.6.4.4 b allows one and some stations send more: their values come in turn."""
    turns = "000005" + "00010490" + "FFFFFF" + "FF000172" + "000010" + "FFFFFFFF"

    rain, level = only_group(f"041800000522193923{turns}", function="31").series

    assert (rain.code, rain.step_min, rain.numbers) == (0x22, 5, (0.5, None, 1.0))
    assert (level.code, level.step_min, level.numbers) == (0x39, 5, (10.49, -0.172, None))


def test_values_of_one_element_are_none_of_another() -> None:
    """3923 may be a value's digits too: one element is what the standard allows."""
    (series,) = only_group("04180000053912" + "3923" * 4, function="31").series

    assert series.numbers == (39.23,) * 4


def test_zeros_that_fill_a_body_up_are_no_element() -> None:
    """Some stations send bodies of one length; a value's own zeros stay with it."""
    for filler in ("00", "0000", "00" * 9):
        assert only_group(f"391A051300{filler}").values == [Value(0x39, 513.0)]


def test_a_step_of_zero_stands_before_series_within_the_hour() -> None:
    """Then the series says its own step (table C.1, note g)."""
    (series,) = only_group("0418000000F460" + "00" * 12, function="38").series

    assert (series.code, series.step_min) == (0xF4, 5)


def test_groups_of_one_time_are_one() -> None:
    """An hourly report comes back to a time: that is one observation (6.6.2.8 e)."""
    later = "F0F02406011300"
    (section,) = content(
        f"F460{'00' * 12}{later}2619000040F0F02406011200F5C0{'0000' * 12}{later}392300010490",
        function="34",
    ).sections

    assert [group.observed for group in section.groups] == ["2406011200", "2406011300"]
    assert [value.code for value in section.groups[1].values] == [0x26, 0x39]


def test_a_body_may_speak_of_several_stations() -> None:
    """A station's address separates them (clause 6.6.2.7)."""
    other = "F1F1006325432150F0F02406011205" + "2019000005"
    first, second = content("392300010490" + other).sections

    assert (first.station, first.station_class) == (STATION, 0x48)
    assert (second.station, second.station_class) == ("0063254321", 0x50)
    assert second.groups[0].observed == "2406011205"
    assert second.groups[0].values == [Value(0x20, 0.5)]


def test_the_status_word_is_read_bit_by_bit() -> None:
    """Table 58: bit 7 is 1 while the box is closed; bits 12 to 31 are reserved."""
    assert only_group("452000001083").alarms == [
        "mains power failed",
        "battery voltage low",
        "terminal box closed",
        "reserved bit 12",
    ]
    assert only_group("452000000000").alarms == []


def test_an_entry_goes_to_the_end() -> None:
    """An observer's entry has no length of its own (table C.1, note c)."""
    entry = read_body(only_frame(framed("0007240601120005F2F251312E323334", function="35")))

    assert entry.text == b"Q1.234"
    assert entry.sections[0].station == STATION


@pytest.mark.parametrize(
    "elements", ["39", "3923", "3923000104", "FF", "FF05", "F0F0240601", "F1F100632543", "04180000"]
)
def test_an_element_that_runs_past_the_end_is_named(elements: str) -> None:
    """A person sees which element, and what was left of it."""
    with pytest.raises(Untranslatable, match=r"element .* expected \d bytes?, the body ends after"):
        content(elements)


@pytest.mark.parametrize(
    ("elements", "field"),
    [
        ("041800000539230001049A", "value 1 of element 39"),
        ("041800000539230001049000", "value 2 of element 39"),
        ("04180000FA", "time step"),
        ("04100005", "time step"),
        ("F518000C0D", "levels within the hour"),
    ],
)
def test_a_series_that_is_none_is_refused(elements: str, field: str) -> None:
    """A value that cannot be read would move all that follow in time."""
    with pytest.raises(Untranslatable, match=field):
        content(elements, function="31")


@pytest.mark.parametrize("short", ["", "00", "00072406011200"])
def test_a_body_without_serial_number_and_time_is_refused(short: str) -> None:
    """Every body begins with them (table 24)."""
    with pytest.raises(Untranslatable, match="serial number and time of sending"):
        read_body(only_frame(framed(short)))
