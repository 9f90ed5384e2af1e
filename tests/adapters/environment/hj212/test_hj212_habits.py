"""What loggers do that the standard does not say, and what is made of it."""

from typing import Any

import pytest

from adapters.environment.hj212 import Frame, checksum, framed
from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import Untranslatable
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.station.v1 import station_pb2 as station
from tests.adapters.environment.hj212.hj212_frames import (
    MN,
    NOON,
    adapter,
    only_frame,
    segment,
    translated,
    upload,
    whole,
)


def answer(raw: bytes) -> bytes:
    """Return what the logger is told."""
    return adapter().answer(only_frame(raw), Outcome.STORED)


def test_several_times_in_one_message_are_as_many_records() -> None:
    """Each DataTime begins readings of its own; none may be dated by another's."""
    items = (
        "DataTime=20240601120000;011-Avg=1,011-Flag=N;DataTime=20240601121000;011-Avg=2,011-Flag=N"
    )

    first, second = adapter().translate(only_frame(framed(segment(items, st="32", cn="2051"))))

    assert second.record.observed_at.seconds - first.record.observed_at.seconds == 600
    values = [one.record.environment_discharge.cod_mg_l for one in (first, second)]
    assert values == [1.0, 2.0]
    assert first.message_id != second.message_id


@pytest.mark.parametrize("text", ["20240601", "2024060100", "202406010000"])
def test_a_day_may_be_written_without_its_hours(text: str) -> None:
    """CN 2031: what is left out is zero."""
    record = translated(upload("w01018-Avg=2,w01018-Flag=N", at=text, st="32", cn="2031"))

    assert record.observed_at.ToJsonString() == "2024-05-31T16:00:00Z"


def test_a_message_in_no_packets_is_whole() -> None:
    """Loggers that never split write PNUM=0;PNO=0 all the same."""
    record = translated(upload("a34004-Rtd=5,a34004-Flag=N", packet="PNUM=0;PNO=0;"))

    assert not record.environment_air.HasField("packets")


def test_codes_are_known_in_either_case() -> None:
    """The code stays as written; its title, unit and field are the standard's."""
    air = translated(upload("A34004-Rtd=5,A34004-Flag=N")).environment_air

    assert air.pm2_5_ug_m3 == 5.0
    assert (air.measurements[0].code, air.measurements[0].unit) == ("A34004", "ug/m3")


def test_a_days_noise_is_a_number() -> None:
    """Data is the whole day's level (HJ 212-2017, table 7); day and night stay beside it."""
    noise = "Leq-Data=55.5,Leq-DayData=56,Leq-NightData=44,Leq-Flag=N"

    air = translated(upload(noise, st="23", cn="2031")).environment_air

    assert (air.noise_db, air.measurements[0].mean) == (55.5, 55.5)
    assert [(one.key, one.value) for one in air.measurements[0].attributes] == [
        ("DayData", "56"),
        ("NightData", "44"),
    ]


def test_the_number_of_a_message_of_2005_may_stand_among_its_readings() -> None:
    """It is the message's number and no factor."""
    raw = framed(
        f"ST=22;CN=2051;PW=1;MN={MN};CP=&&DataTime={NOON};QN={NOON}001;a34004-Avg=5,a34004-Flag=N&&"
    )

    record = translated(raw)

    assert record.provenance.source_message_id == f"{NOON}001"
    assert [one.code for one in record.environment_air.measurements] == ["a34004"]
    assert record.quality.level == quantity.QUALITY_LEVEL_VALID


def test_a_log_entry_may_hold_any_sign() -> None:
    """CN 3020: what stands between // and // is one text."""
    record = translated(upload("PolId=w00000,i21001-Info=//清洗,完成;第2次//", cn="3020"))

    told = {one.key: one.value for one in record.station_report.attributes}
    assert told["i21001-Info"] == "//清洗,完成;第2次//"
    assert told["PolId"] == "w00000"


def test_passwords_are_not_published() -> None:
    """CN 1072 carries the new one."""
    attributes = translated(upload("NewPW=654321", cn="1072")).station_report.attributes

    assert "654321" not in [one.value for one in attributes]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_length_in_characters_is_taken_when_the_check_value_is_right(encoding: str) -> None:
    """6.3.2 counts bytes; loggers that count characters are no less sure of their text."""
    text = segment("i21001-Info=//清洗管路//", cn="3020")
    data = text.encode(encoding)
    raw = b"##%04d%b%04X\r\n" % (len(text), data, checksum(data))

    first, second = whole(raw + raw)

    assert isinstance(first, Frame)
    assert first == second
    assert first.segment.parameters == "i21001-Info=//清洗管路//"


@pytest.mark.parametrize("cn", ["9015", "9021"])
def test_a_heartbeat_is_a_sign_of_life_and_is_answered(cn: str) -> None:
    """No standard has it; a logger that hears nothing hangs up."""
    raw = framed(segment("", cn=cn, st="21", flag=9))

    assert translated(raw).station_report.type == station.REPORT_TYPE_KEEP_ALIVE
    assert b";CN=9014;" in answer(raw)


def test_an_alarm_of_2005_is_an_event_and_its_answer_quotes_the_number_alone() -> None:
    """HJ/T 212-2005: 2072 is a notice; 9013 has the request's QN in CP."""
    raw = framed(segment("AlarmTime=20240601110000;101-Ala=1.1,AlarmType=1", cn="2072", flag=1))

    record = translated(raw)

    assert record.station_report.type == station.REPORT_TYPE_EVENTS
    assert record.observed_at.ToJsonString() == "2024-06-01T03:00:00Z"
    assert b"CN=9013;" in answer(raw)
    assert b"CP=&&QN=20240601120001000&&" in answer(raw)


def test_a_request_without_a_number_is_answered_without_one() -> None:
    """An empty QN would be no QN."""
    raw = framed(f"ST=32;CN=3020;PW=1;MN={MN};Flag=5;CP=&&DataTime={NOON}&&")

    assert answer(raw).startswith(b"##00")
    assert b"QN=" not in answer(raw)


@pytest.mark.parametrize("reading", ["a01006-Rtd=1011.6", "a01002-Rtd=320", "a01008-Rtd=-1"])
def test_what_cannot_be_in_its_unit_fills_no_field(reading: str) -> None:
    """1011.6 kPa is no pressure of air but one in hPa; it is kept, and told, each time."""
    hj212 = adapter()

    for value in range(3):
        air: Any = translated(upload(reading, f"a34004-Rtd={value}"), hj212).environment_air
        doubted, particles = air.measurements
        assert doubted.quality.level == quantity.QUALITY_LEVEL_SUSPECT
        assert doubted.value == float(reading.partition("=")[2])
        assert air.pm2_5_ug_m3 == particles.value == value
        assert not any(map(air.HasField, ("pressure_hpa", "humidity_pct", "wind_direction_deg")))


def test_a_citys_own_unit_makes_it_right_again() -> None:
    """The note says where to name it."""
    hj212 = adapter(units={"a01006": "hPa"})

    assert translated(upload("a01006-Rtd=1011.6"), hj212).environment_air.pressure_hpa == 1011.6


@pytest.mark.parametrize("sentinel", ["-99", "-999.0", "-9999"])
def test_a_number_that_stands_for_no_value_fills_no_field(sentinel: str) -> None:
    """Flagged N it would otherwise be the city's cleanest air; seen often it stays so."""
    hj212 = adapter()

    for _ in range(3):
        air = translated(upload(f"a34004-Rtd={sentinel},a34004-Flag=N"), hj212).environment_air

        assert not air.HasField("pm2_5_ug_m3")
        assert air.measurements[0].value == float(sentinel)
        assert air.measurements[0].quality.level == quantity.QUALITY_LEVEL_SUSPECT
        assert "no value" in air.measurements[0].quality.note


def test_an_analyser_may_drift_a_little_below_zero() -> None:
    """A zero point that drifted is a reading all the same."""
    record = translated(upload("a34004-Rtd=-3.2,a34004-Flag=N"))

    assert record.environment_air.pm2_5_ug_m3 == -3.2
    assert record.quality.level == quantity.QUALITY_LEVEL_VALID


def test_the_separator_before_the_parameters_may_be_left_out() -> None:
    """Flag's value ends where CP begins."""
    raw = framed(segment(f"DataTime={NOON};a34004-Rtd=5").replace("Flag=5;CP", "Flag=5CP"))

    assert translated(raw).environment_air.pm2_5_ug_m3 == 5.0
    assert b"Flag=4" in answer(raw)


def test_capital_codes_tell_water_from_air_too() -> None:
    """An unknown system type is judged by its factors, in either case."""
    assert translated(upload("W01001-Rtd=7", st="88")).HasField("water_quality")
    assert translated(upload("A34004-Rtd=7", st="88")).HasField("environment_air")


def test_blanks_about_a_number_are_not_its() -> None:
    """A logger whose number is padded is the station that it was without."""
    record = translated(upload("a34004-Rtd=5", mn=f" {MN} "))

    assert record.name == f"environment/environment.air/{MN}"


@pytest.mark.parametrize("time", ["2024-06-01 12:00:00", "2024/06/01 12:00:00"])
def test_a_time_may_be_written_out(time: str) -> None:
    """It can be read in one way only."""
    assert translated(upload("a34004-Rtd=5", at=time)).observed_at.ToJsonString() == (
        "2024-06-01T04:00:00Z"
    )


@pytest.mark.parametrize("more", [4, 6, 10, 12])
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_a_length_that_counts_the_rest_of_the_frame_is_taken(more: int, size: int) -> None:
    """The check value is right, and the frame is read before another comes."""
    good = upload("a34004-Rtd=5")
    raw = b"##%04d" % (int(good[2:6]) + more) + good[6:]
    decoder = adapter().decoder()

    found = [
        piece for at in range(0, len(raw), size) for piece in decoder.feed(raw[at : at + size])
    ]

    (frame,) = found
    assert isinstance(frame, Frame)
    assert frame.raw == raw.strip()


def test_a_check_value_without_its_leading_zeros_is_taken() -> None:
    """One frame in sixteen would be lost otherwise."""
    tried = (upload(f"a34004-Rtd={number}") for number in range(1000))
    raw = next(raw for raw in tried if raw[-6:].startswith(b"0"))
    short = raw[:-6] + raw[-6:].lstrip(b"0")

    first, second = whole(short + raw)

    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert first.segment == second.segment


def test_a_flag_without_a_value_is_none() -> None:
    """As if it were not there."""
    raw = framed(segment("a34004-Rtd=5").replace("Flag=5", "Flag="))

    assert answer(raw) == b""


def test_a_codes_number_is_its_reading_without_a_sub_field_too() -> None:
    """It fills no less than a reading of the moment does."""
    air = translated(upload("a34004=5.5;a34002=no")).environment_air

    assert air.pm2_5_ug_m3 == 5.5
    assert air.measurements[1].text == "no"


def test_decimals_after_a_comma_make_a_record_doubtful() -> None:
    """They were a part of the number before them."""
    record = translated(upload("w01018-Rtd=12,5,w01018-Flag=N", st="32"))

    assert record.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert "'5' stands alone" in record.quality.note


def test_a_chimneys_flow_in_an_hour_is_none_in_a_second() -> None:
    """Many send m3/h where the standard says m3/s; options name it."""
    discharge = translated(upload("a00000-Rtd=180000", st="31")).environment_discharge
    assert not discharge.HasField("gas_flow_m3_s")

    hj212 = adapter(units={"a00000": "m3/h"})
    discharge = translated(upload("a00000-Rtd=180000", st="31"), hj212).environment_discharge
    assert discharge.gas_flow_m3_s == pytest.approx(50)


def test_a_time_that_cannot_be_is_told_as_it_stands_in_the_message() -> None:
    """A person looks for it there."""
    with pytest.raises(Untranslatable, match="DataTime is '20360601120000'"):
        translated(upload("a34004-Rtd=5", at="20360601120000"))


def test_a_vendors_own_field_of_the_head_is_kept_beside_the_readings() -> None:
    """It weighs on none of them, and no strict feed refuses it."""
    raw = framed(
        segment(f"DataTime={NOON};a34004-Rtd=5,a34004-Flag=N").replace(
            "Flag=5;", "Flag=5;Lng=118.79;"
        )
    )
    hj212 = adapter(unknown_factors="quarantine")

    for _ in range(3):
        record = translated(raw, hj212)

        reading, own = record.environment_air.measurements
        assert record.environment_air.pm2_5_ug_m3 == reading.value == 5.0
        assert record.quality == quantity.Quality(
            level=quantity.QUALITY_LEVEL_VALID, source_flag="N"
        )
        assert (own.code, own.attributes[0].value) == ("Lng", "118.79")
