"""The ASCII encoding, by the tables of clauses 6.4 and 6.6.2: no capture was found."""

import csv
from pathlib import Path

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, crc
from adapters.water.sl651 import codes as tables
from adapters.water.sl651.ascii_body import read_ascii_body
from adapters.water.sl651.content import UNKNOWN, Content, Value
from tests.adapters.water.sl651.sl651_frames import (
    NOON,
    STATION,
    adapter,
    body,
    decoded,
    framed,
    only_frame,
    records,
)

HEAD = "0007240601120005"
AN_HOUR_LATER = f"0007240601130005ST {STATION} H TT 2406011200 "
REPORT = f"{HEAD}ST {STATION} H TT 2406011200 "


def written(
    content: str | bytes,
    *,
    function: str = "32",
    start: str = "\x02",
    end: str = "\x03",
    station: str = STATION,
) -> bytes:
    """Return an ASCII frame around a body."""
    inside = content.encode() if isinstance(content, str) else content
    head = f"\x0101{station}1234{function}0{len(inside):03X}{start}".encode()
    raw = head + inside + end.encode()
    return raw + b"%04X" % crc(raw)


def content(elements: str, function: str = "32") -> Content:
    """Return the content of a report with these elements."""
    return read_ascii_body(only_frame(written(REPORT + elements, function=function)))


def test_both_encodings_say_the_same() -> None:
    """A report makes equal records, but for the bytes that it came in."""
    ascii_records = records(written(REPORT + "PJ 13.0 Z 0.550 AI -2.5 VT 12.68 "))
    hex_records = records(
        framed(body("2019000130392300000550021 9FF0025381 21268".replace(" ", "")))
    )

    for record in (*ascii_records, *hex_records):
        record.provenance.ClearField("raw_sha256")
    assert ascii_records == hex_records


def test_both_encodings_come_over_one_line() -> None:
    """Stations of both may share a port; noise between them is told."""
    one, other = written(REPORT + "Z 1.5 "), framed(body("392300010490"))

    found = decoded(one + b"+OK\r\n" + other + one)

    assert [message.raw for message in found] == [one, b"+OK\r\n", other, one]
    assert [isinstance(message, Frame) for message in found] == [True, False, True, True]


PIECES = st.lists(
    st.binary(max_size=30)
    | st.sampled_from([
        b"\x01", b"\x0101", b"\x7e", written(REPORT), written(REPORT)[:30], framed(body("")),
        written(REPORT)[:-1] + b"\x01", written(REPORT)[:21] + b"F" + written(REPORT)[22:],
        written("001001" + HEAD, start="\x16"),
    ]),
    max_size=8,
).map(b"".join)  # fmt: skip


@settings(deadline=None)
@given(PIECES, st.integers(1, 40))
def test_what_comes_out_does_not_depend_on_the_chunks(raw: bytes, size: int) -> None:
    """The same bytes give the same messages, however the line cut them."""
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]

    assert decoded(*chunks) == decoded(raw)
    assert b"".join(message.raw for message in decoded(raw)) == raw


WORDS = f"Z PJ pH M 1.5 -2 DRN05 DRH00 DRP ZT XX 0102 RGZS PIC TT 2406011200 ST {STATION} H".split()


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["2F", "31", "32", "35", "36", "38", "41", "46"]),
    st.lists(
        st.binary(max_size=8) | st.sampled_from(list(map(str.encode, WORDS))),
        max_size=8,
    ).map(b" ".join),
)
def test_any_body_is_translated_or_refused(function: str, rest: bytes) -> None:
    """Nothing else comes out, and a record holds the schema."""
    frame = only_frame(written(HEAD.encode() + rest, function=function))
    try:
        found = list(adapter().translate(frame))
    except Untranslatable:
        return

    assert found
    for one in found:
        assert not protovalidate.collect_violations(one.record), one.record


def test_a_space_after_the_time_of_sending_does_no_harm() -> None:
    """The standard has none (6.6.2.1); who writes one means the same."""
    (record,) = records(written(f"{HEAD} ST {STATION} H TT 2406011200 Z 1.5 "))

    assert record.water_level.level_m == 1.5


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("Z 12.34", Value(0x39, 12.34)),
        ("z 12.34", Value(0x39, 12.34)),
        ("pH 7.2", Value(0x46, 7.2)),
        ("AI -0.5", Value(0x02, -0.5)),
        ("Z M", Value(0x39, None)),
        ("Z 1O.5", Value(0x39, None, "1O.5", is_bad=True)),
        ("DT 1.30", Value(0x05, None, "1.30")),
        ("GH 444", Value(0x09, None, "444")),
        ("CSQ 21", Value(UNKNOWN, 21.0, name="CSQ")),
        ("VER A1", Value(UNKNOWN, None, "A1", name="VER")),
    ],
)
def test_an_element_is_read(element: str, value: Value) -> None:
    """Identifier, space, data, space (6.6.2.1, table C.1)."""
    (group,) = content(f"{element} ").sections[0].groups

    assert group.values == [value]


def test_an_identifier_of_a_vendor_keeps_its_name() -> None:
    """The ASCII encoding may be extended with any identifier (H.4.6)."""
    (record,) = records(written(REPORT + "Z 1.5 CSQ 21 "))

    (own,) = record.water_level.measurements
    assert (own.code, own.value, own.title) == ("CSQ", 21.0, "")


def test_series_within_the_hour_are_hexadecimal_digits() -> None:
    """Two for a byte (6.6.2.2, table C.1)."""
    (group,) = content(f"DRH00 DRP 05{'00' * 10}FF DRZ1 {'000C' * 12} ").sections[0].groups
    rain, levels = group.series

    assert (rain.code, rain.numbers) == (0xF4, (0.5, *[0.0] * 10, None))
    assert (levels.code, levels.numbers) == (0xF5, (0.12,) * 12)


def test_even_intervals_may_have_several_elements() -> None:
    """Identifiers first, then their data at each time (6.6.4.4 b to d)."""
    level, rain = records(
        written(AN_HOUR_LATER + "DRN05 Z PJ 1.5 0.0 1.6 M 1.7 0.5 ", function="31")
    )

    (levels,), (rains,) = level.water_level.series, rain.water_rainfall.series
    assert (levels.step.seconds, levels.starts_at.seconds) == (300, NOON)
    assert [step.value for step in levels.steps] == [1.5, 1.6, 1.7]
    assert [step.HasField("value") for step in rains.steps] == [True, False, True]


@pytest.mark.parametrize(("step", "minutes"), [("DRD01", 1440), ("DRH02", 120), ("DRN10", 10)])
def test_a_step_is_in_days_hours_or_minutes(step: str, minutes: int) -> None:
    """Table C.2."""
    (group,) = content(f"{step} Z 1.5 ", function="38").sections[0].groups

    assert group.series[0].step_min == minutes


def test_each_station_of_a_body_has_its_own_part() -> None:
    """A station's address separates them (6.6.2.7)."""
    first, second = content("Z 1.5 ST 0063254321 P TT 2406011205 PJ 0.5 ").sections

    assert (first.station, first.station_class) == (STATION, 0x48)
    assert (second.station, second.station_class) == ("0063254321", 0x50)


def test_the_status_word_is_hexadecimal_digits() -> None:
    """Table 58."""
    (record,) = records(written(f"{HEAD}ST {STATION} ZT 00000003 ", function="46"))

    assert record.station_report.text == "ZT 00000003"
    assert record.station_report.alarms == ["mains power failed", "battery voltage low"]


def test_an_entry_and_a_picture_are_sent_as_they_are() -> None:
    """To the end, less the space that ends a body (6.4.1, 6.6.2.1)."""
    jpeg = b"\xff\xd8 \x01\x02 \xff\xd9"
    entry = written(f"{HEAD}RGZS H 12.34 偏高 ".encode("gb18030"), function="35")
    picture = written(REPORT.encode() + b"PIC " + jpeg + b" ", function="36")

    assert records(entry)[0].station_report.text == "H 12.34 偏高"
    assert records(picture)[0].water_picture.jpeg == jpeg


def test_a_stations_password_is_not_shared() -> None:
    """Parameter 03 of the basic settings (table D.1)."""
    told = f"{HEAD}ST {STATION} 01 05000000 03 1234 0C 02 "

    (record,) = records(written(told, function="41"))

    assert record.station_report.text == "01 05000000 03 * 0C 02"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (written("0007"), "body"),
        (written("00G7240601120005"), "body"),
        (written(f"{HEAD}ST 00632 H "), "element ST"),
        (written(f"{HEAD}ST {STATION} "), "element ST"),
        (written(REPORT + "Z "), "element Z"),
        (written(REPORT + "DRP 0G "), "element DRP"),
        (written(REPORT + "DRZ1 000 "), "element DRZ1"),
        (written(REPORT + "DRN05 Z PJ 1.5 ", function="31"), "even intervals"),
        (written(REPORT + "DRN05 Z 1.5 Q ", function="31"), "even intervals"),
        (written(f"{HEAD}ST {STATION} H TT 24060112 Z 1.5 "), "time of observation"),
        (written("0007240601120060"), "time of sending"),
        (written(REPORT.encode() + b"Z \xff "), "body"),
    ],
)
def test_what_cannot_be_read_is_named(raw: bytes, field: str) -> None:
    """A person sees the field, and what it should hold."""
    with pytest.raises(Untranslatable, match=f"^{field} is .* expected "):
        adapter().translate(only_frame(raw))


def test_a_report_is_confirmed_in_its_own_encoding() -> None:
    """16 characters of body (table 17, clause 6.1.2: the encodings are not mixed)."""
    answer = adapter().answer(only_frame(written(REPORT)), Outcome.STORED)

    assert answer[:-4] == f"\x01{STATION}011234328010\x020007240601123000\x06".encode()
    assert answer[-4:] == b"%04X" % crc(answer[:-4])


def test_packets_are_joined_and_confirmed() -> None:
    """Three digits each of how many and which (tables 18 and 19)."""
    first = written(f"002001{HEAD}ST {STATION} H TT 24060", start="\x16", end="\x17")
    second = written("00200211200 Z 1.5 ", start="\x16")

    frame = only_frame(first + second)
    answer = adapter().answer(frame, Outcome.STORED)

    assert (frame.packets, frame.raw) == (2, first + second)
    (translated,) = adapter().translate(frame)
    assert translated.record.water_level.level_m == 1.5
    assert answer[:-4] == f"\x01{STATION}011234328016\x160020020007240601123000\x06".encode()


def test_a_missing_packet_is_asked_for() -> None:
    """NAK and its number (table 19)."""
    decoder = adapter().decoder()
    decoder.feed(written(f"003001{HEAD}", start="\x16", end="\x17"))

    (asked,) = decoder.feed(written("003003Z 1.5 ", start="\x16"))

    assert isinstance(asked, Undecodable)
    assert asked.answer[:-4] == f"\x01{STATION}011234328016\x160030020007240601123000\x15".encode()


def test_packets_without_numbers_are_refused() -> None:
    """Hexadecimal digits, six of them (table 18)."""
    for counters in ("", "00200", "00X001", "000000"):
        (refused,) = decoded(written(counters, start="\x16"), decoder=adapter().decoder())

        assert isinstance(refused, Undecodable)
        assert refused.cause == "packet"


def test_a_wrong_checksum_is_shown_as_it_came() -> None:
    """Four characters that may be no digits."""
    raw = written(REPORT)[:-4] + b"12G4"

    (wrong,) = decoded(raw)

    assert isinstance(wrong, Undecodable)
    assert (wrong.cause, wrong.answer) == ("crc", b"")
    assert "the checksum is 12G4" in wrong.reason


def test_every_identifier_of_the_standard_is_known(feeds_folder: Path) -> None:
    """Table C.1, as it was extracted from the text."""
    with (feeds_folder / "sl651" / "element_codes.csv").open(encoding="utf-8") as file:
        table = {row["id_ascii"].upper(): int(row["id_hex"], 16) for row in csv.DictReader(file)}

    for name in ("TT", "ST", "RGZS", "PIC", "DRXNN"):
        del table[name]
    assert {name: tables.ASCII_IDENTIFIERS.get(name) for name in table} == table
    assert set(tables.ELEMENTS) >= {code for code in table.values() if code < 0xF0}
