"""Which records a frame becomes."""

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import STATUS_TEST
from liandong.station.v1 import station_pb2 as station
from liandong.water.v1 import water_pb2 as water
from tests.adapters.water.sl651.sl651_frames import (
    NOON,
    NOW,
    SENT,
    STATION,
    adapter,
    body,
    framed,
    only_frame,
    only_record,
    records,
)

AN_HOUR_LATER = "240601130005"
FUNCTIONS = [f"{function:02X}" for function in (*range(0x2F, 0x3B), 0x41, 0x44, 0x46, 0x50, 0xE0)]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FUNCTIONS), st.binary(max_size=60))
def test_only_untranslatable_comes_out_for_any_body(function: str, content: bytes) -> None:
    """The checksum says that a station meant it, not that it makes sense."""
    frame = only_frame(framed(content.hex(), function=function))
    try:
        found = list(adapter().translate(frame))
    except Untranslatable:
        return

    assert found


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FUNCTIONS), st.binary(max_size=60))
def test_elements_of_any_kind_make_records_that_hold_the_schema(
    function: str, elements: bytes
) -> None:
    """Or they are refused with a reason; a record is never wrong in form."""
    frame = only_frame(framed(body(elements.hex()), function=function))
    try:
        found = list(adapter().translate(frame))
    except Untranslatable:
        return

    for one in found:
        assert not protovalidate.collect_violations(one.record), one.record


def test_a_river_station_makes_a_level_and_rainfall() -> None:
    """A record of each kind, both with the voltage."""
    level, rain = records(framed(body("2019000130221900004039230000055038121268")))

    assert level.name == f"water/water.level/{STATION}"
    assert level.observed_at.seconds == NOON
    assert level.provenance.sent_at.seconds == NOON + 5
    assert level.provenance.source_message_id == f"{STATION}-32-7"
    assert level.water_level == water.Level(
        station_id=STATION,
        station_type=water.STATION_TYPE_RIVER,
        level_m=0.55,
        supply_voltage_v=12.68,
        occasion=water.OCCASION_TIMED,
    )
    assert rain.name == f"water/water.rainfall/{STATION}"
    assert (rain.water_rainfall.current_mm, rain.water_rainfall.last_5min_mm) == (13.0, 4.0)


def test_an_element_of_no_kind_goes_to_the_first_one_there() -> None:
    """Air temperature and a vendor's element are kept under their own codes, once."""
    level, rain = records(framed(body("20190001303923000005500219000251762AFF00000172")))

    codes = [(one.code, one.value) for one in level.water_level.measurements]
    assert codes == [("02", 25.1), ("76", -1.72)]
    assert level.water_level.measurements[0].unit == "Cel"
    assert not rain.water_rainfall.measurements


@pytest.mark.parametrize(
    ("station_class", "kind"),
    [("48", "water_level"), ("50", "water_rainfall"), ("51", "water_quality")],
)
def test_elements_of_no_kind_alone_go_to_the_main_kind_of_the_class(
    station_class: str, kind: str
) -> None:
    """A rain gauge's air temperature is no river level."""
    record = only_record(framed(body("0219000251", station_class=station_class)))

    assert record.WhichOneof("body") == kind


def test_a_value_that_is_missing_says_so() -> None:
    """All F: the station has a sensor and no value."""
    (value,) = only_record(framed(body("3923FFFFFFFF"))).water_level.measurements

    assert (value.code, value.quality.level) == ("39", quantity.QUALITY_LEVEL_MISSING)
    assert not value.HasField("value")


def test_digits_that_are_no_number_are_kept_and_marked() -> None:
    """BCD has no A to F."""
    (value,) = only_record(framed(body("39103A12"))).water_level.measurements

    assert (value.text, value.quality.level) == ("3a12", quantity.QUALITY_LEVEL_INVALID)


@pytest.mark.parametrize(
    ("elements", "level"),
    [
        ("3923FFFFFFFF38121260", quantity.QUALITY_LEVEL_MISSING),
        ("39103A12", quantity.QUALITY_LEVEL_INVALID),
        ("3923FFFFFFFF3B103A12", quantity.QUALITY_LEVEL_SUSPECT),
        ("3923000010003B103A12", quantity.QUALITY_LEVEL_SUSPECT),
        ("3923000010003B23FFFFFFFF", quantity.QUALITY_LEVEL_VALID),
        ("3923000010003812FFFF", quantity.QUALITY_LEVEL_VALID),
        (f"F5C0{'FFFF' * 12}3B23FFFFFFFF", quantity.QUALITY_LEVEL_MISSING),
        (f"F5C0{'0001' * 12}3B23FFFFFFFF", quantity.QUALITY_LEVEL_VALID),
    ],
)
def test_a_record_is_as_good_as_its_values(elements: str, level: int) -> None:
    """Without one it is not valid; a sensor that a station does not have doubts no other."""
    quality = only_record(framed(body(elements))).quality

    assert quality.level == level
    assert bool(quality.note) == (level != quantity.QUALITY_LEVEL_VALID)


@pytest.mark.parametrize(
    ("status", "elements", "doubted"),
    [
        ("00000040", "392300001000", True),
        ("00000040", "272200001000", False),
        ("00000020", "272200001000", True),
        ("00000084", "392300001000", False),
    ],
)
def test_a_station_that_calls_its_meter_faulty_is_doubted(
    status: str, elements: str, doubted: bool
) -> None:
    """Bits 5 and 6 of table 58 are of the meters of flow and level; others speak of no value."""
    quality = only_record(framed(body(f"{elements}4520{status}"))).quality

    assert (quality.level == quantity.QUALITY_LEVEL_SUSPECT) == doubted
    assert ("meter faulty" in quality.note) == doubted


def test_an_element_that_comes_twice_is_kept_twice() -> None:
    """Gates are told one after another (clause E.3.1.5); the first has the field."""
    record = only_record(framed(body("391A000100391A000200")))

    assert record.water_level.level_m == 1.0
    assert [one.value for one in record.water_level.measurements] == [2.0]


def test_rain_of_an_hour_begins_a_step_before_its_first_observation() -> None:
    """A period is observed at its end (clause 6.6.2.8 c); levels are of the moment."""
    hour = f"F460{'05' * 12}F5C0{'000C' * 12}"

    level, rain = records(framed(body(hour, sent=AN_HOUR_LATER), function="34"))

    assert rain.water_rainfall.series[0].starts_at.seconds == NOON - 300
    assert rain.water_rainfall.series[0].step.seconds == 300
    assert [step.value for step in rain.water_rainfall.series[0].steps] == [0.5] * 12
    assert level.water_level.series[0].starts_at.seconds == NOON
    assert level.water_level.series[0].steps[0].value == 0.12


def test_a_series_that_could_not_have_been_seen_yet_ends_at_its_time() -> None:
    """Some stations give the time of the last value; sent at noon, none is of an hour later."""
    level, rain = records(framed(body(f"F460{'05' * 12}F5C0{'000C' * 12}"), function="34"))

    assert rain.water_rainfall.series[0].starts_at.seconds == NOON - 3600
    assert level.water_level.series[0].starts_at.seconds == NOON - 3300


def test_relative_levels_are_put_on_the_stations_base_where_it_is_known() -> None:
    """F5H to FCH count from 水位基值 (table C.1)."""
    sl651 = adapter(sites={STATION: {"level_base_m": 10.0}})

    record = only_record(framed(body("F5C0" + "000C" * 12), function="34"), sl651)

    assert record.water_level.series[0].steps[0].value == 10.12


def test_even_intervals_of_water_quality_make_a_record_each() -> None:
    """Its body has no field for a series; none of the values is lost."""
    ph = body("041800000546120700FFFF0720", station_class="51", sent=AN_HOUR_LATER)
    raw = framed(ph, function="31")

    first, second, third = records(raw)

    assert [one.observed_at.seconds - NOON for one in (first, second, third)] == [0, 300, 600]
    assert (first.water_quality.ph, third.water_quality.ph) == (7.0, 7.2)
    assert second.water_quality.measurements[0].quality.level == quantity.QUALITY_LEVEL_MISSING


def test_the_status_beside_even_intervals_of_water_quality_is_kept() -> None:
    """It has a record of its own at the first time."""
    raw = framed(body("452000000002041800000546120700", station_class="51"), function="31")

    status, value = records(raw)

    assert status.water_quality.alarms == ["battery voltage low"]
    assert value.water_quality.ph == 7.0


def test_even_intervals_of_an_element_of_no_kind_are_kept() -> None:
    """Air temperature every five minutes is a series of the main kind."""
    (series,) = only_record(
        framed(body("0418000005021102510252"), function="31")
    ).water_level.series

    assert (series.code, [step.value for step in series.steps]) == ("02", [25.1, 25.2])


def test_each_station_of_a_body_has_its_own_records() -> None:
    """A relay reports for stations behind it (clause 6.6.2.7)."""
    other = "F1F1006325432150F0F024060112052019000005"

    level, rain = records(framed(body("392300010490" + other)))

    assert level.name.endswith(STATION)
    assert rain.name == "water/water.rainfall/0063254321"
    assert rain.observed_at.seconds == NOON + 300
    assert rain.water_rainfall.station_type == water.STATION_TYPE_RAIN


def test_what_observes_nothing_is_still_told() -> None:
    """Voltage and status at a time of their own make a report of the station."""
    later = "F0F02406011205" + "38121268" + "452000000002"

    level, report = records(framed(body("392300010490" + later)))

    assert level.water_level.level_m == 10.49
    assert report.observed_at.seconds == NOON + 300
    assert report.station_report.supply_voltage_v == 12.68
    assert report.station_report.alarms == ["battery voltage low"]


def test_a_test_report_is_marked_as_one() -> None:
    """It must not enter the shared state as real (clause 6.6.4.3)."""
    record = only_record(framed(body("392300010490"), function="30"))

    assert record.status == STATUS_TEST
    assert record.water_level.occasion == water.OCCASION_TEST


def test_what_the_city_knows_of_a_station_is_in_its_records() -> None:
    """The frame has neither place nor datum."""
    site = {
        "title": "秦淮河", "latitude": 31.9, "longitude": 118.8, "district": "320104",
        "datum": "Wusong", "warning_level_m": 8.5, "guaranteed_level_m": 10.0,
    }  # fmt: skip

    record = only_record(framed(body("392300010490")), adapter(sites={STATION: site}))

    assert record.location.district == "320104"
    assert record.location.point.latitude_deg == 31.9
    assert (record.water_level.datum, record.water_level.warning_level_m) == ("Wusong", 8.5)
    assert record.water_level.station_title == "秦淮河"


def test_a_clock_that_cannot_be_right_makes_the_record_doubtful_not_lost() -> None:
    """The time of receipt stands in its place, and what the station said is kept."""
    raw = framed(body("392300010490", sent="591011161403", observed="5910111614"))

    record = only_record(raw)

    assert record.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert "2059-10-11 16:14:00" in record.quality.note
    assert record.observed_at.seconds == int(NOW.timestamp())
    assert record.provenance.sent_at.seconds == 2833085643


@pytest.mark.parametrize(
    ("sent", "observed", "field"),
    [
        ("240631120005", "2406011200", "time of sending"),
        ("24060112000A", "2406011200", "time of sending"),
        ("240601120005", "2406012400", "time of observation"),
        ("240601120005", "FFFFFFFFFF", "time of observation"),
    ],
)
def test_digits_that_are_no_time_are_refused(sent: str, observed: str, field: str) -> None:
    """The reason names the field, and what it should hold."""
    frame = only_frame(framed(body("392300010490", sent=sent, observed=observed)))

    with pytest.raises(Untranslatable, match=f"{field} .*YYMMDDhhmm") as caught:
        adapter().translate(frame)
    assert caught.value.cause == "time"


@pytest.mark.parametrize("function", ["00", "2E", "52", "DF"])
def test_a_function_that_the_standard_does_not_have_is_refused(function: str) -> None:
    """Annex B keeps them for later; whoever uses one has to say what it means."""
    with pytest.raises(Untranslatable, match="annex B") as caught:
        adapter().translate(only_frame(framed(body("392300010490"), function=function)))
    assert caught.value.cause == "function"


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("2F", station.REPORT_TYPE_KEEP_ALIVE),
        ("43", station.REPORT_TYPE_SETTINGS),
        ("46", station.REPORT_TYPE_EQUIPMENT),
        ("50", station.REPORT_TYPE_EVENTS),
        ("51", station.REPORT_TYPE_CLOCK),
        ("E0", station.REPORT_TYPE_UNSPECIFIED),
    ],
)
def test_functions_without_observations_become_reports(
    function: str, kind: station.ReportType.ValueType
) -> None:
    """Whatever a station said can be found again."""
    record = only_record(framed(f"0007240601120005F1F1{STATION}", function=function))

    assert record.name == f"water/station.report/{STATION}"
    assert record.station_report.type == kind
    assert record.station_report.station_clock.seconds == NOON + 5


def test_an_observers_entry_is_read_in_chinese_too() -> None:
    """Stations write GB 18030 (table 38)."""
    entry = "水位偏高 Z 12.3".encode("gb18030").hex()

    report = only_record(framed(f"0007240601120005F2F2{entry}", function="35")).station_report

    assert report.text == "水位偏高 Z 12.3"
    assert report.type == station.REPORT_TYPE_EVENTS


def test_an_entry_whose_bytes_are_greek_in_utf_8_is_chinese() -> None:
    """水位 in GB 18030 is ˮλ in UTF-8, and what the standard's stations mean is the former."""
    entry = "水位 Z 12.3".encode("gb18030").hex()

    report = only_record(framed(f"0007240601120005F2F2{entry}", function="35")).station_report

    assert report.text == "水位 Z 12.3"


def test_a_stations_password_is_not_shared() -> None:
    """It is among the settings that a station tells (tables 53 and 66, parameter 03H)."""
    settings_ = "012005000000" + "03101234" + "0E06AABBCCDDEEFF" + "0C0802"

    for function in ("40", "41", "49"):
        raw = framed(f"0007240601120005F1F1{STATION}{settings_}", function=function)
        (content,) = only_record(raw).station_report.attributes
        assert content.value == settings_.replace("03101234", "0310****")


def test_the_same_content_is_one_message_however_it_was_cut() -> None:
    """A resend is stored once (ADR 10), another reading under its serial number too."""
    one, other = framed(body("392300010490")), framed(body("392300010491"))
    ids = [
        translated.message_id
        for raw in (one, one, other)
        for translated in adapter().translate(only_frame(raw))
    ]

    assert ids[0] == ids[1] != ids[2]


def test_a_station_that_leaves_its_class_out_keeps_its_time() -> None:
    """The guide of the time follows the address at once; it is no class."""
    record = only_record(framed(f"0007{SENT}F1F1{STATION}F0F02406011155392300012345"))

    assert record.observed_at.seconds == NOON - 300
    assert record.water_level == water.Level(
        station_id=STATION, level_m=12.345, occasion=water.OCCASION_TIMED
    )


def test_a_series_without_a_value_is_no_valid_record() -> None:
    """A station without the sensor fills its series with F."""
    record = only_record(framed(body("F5C0" + "FFFF" * 12), function="34"))

    assert record.quality.level == quantity.QUALITY_LEVEL_MISSING


def test_a_duration_alone_is_no_rainfall() -> None:
    """Pumps and intakes say how long they ran; where it rained, it is the rain's."""
    level = only_record(framed(body("05120130392300001234")))
    _, rain = records(framed(body("05120130392300001234" + "2019000005")))

    assert [one.code for one in level.water_level.measurements] == ["05"]
    assert [one.code for one in rain.water_rainfall.measurements] == ["05"]


@pytest.mark.parametrize("address", ["63212345", "40590235c2", "00632123456", ""])
def test_a_site_that_is_no_stations_address_stops_the_feed_at_its_start(address: str) -> None:
    """It would never be found, and the station would have no place without a word."""
    with pytest.raises(FeedMisconfigured, match="expected its 10 digits"):
        adapter(sites={address: {"title": "秦淮河"}})
