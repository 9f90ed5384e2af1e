"""From frames to records: kinds, units, flags, times."""

import protovalidate
import pytest

from adapters.environment.hj212 import Hj212Options, framed
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.feed import options_of
from liandong.environment.v1 import environment_pb2 as environment
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.station.v1 import station_pb2 as station
from tests.adapters.environment.hj212.hj212_frames import (
    MN,
    NOON,
    adapter,
    feed,
    only_frame,
    translated,
    upload,
)

PM = "a34004-Rtd=31.5,a34004-Flag=N"


def refused(raw: bytes, **options: object) -> Untranslatable:
    """Return why a frame is no record."""
    with pytest.raises(Untranslatable) as caught:
        list(adapter(**options).translate(only_frame(raw)))
    return caught.value


def test_an_air_station_fills_the_typed_fields() -> None:
    """ST=22: particles and gases in ug/m3, CO in mg/m3, pressure from kPa to hPa."""
    record = translated(
        upload(PM, "a21005-Rtd=0.7,a21005-Flag=N", "a01006-Rtd=101.3,a01006-Flag=N")
    )

    air = record.environment_air
    assert record.name == f"environment/environment.air/{MN}"
    assert (air.pm2_5_ug_m3, air.co_mg_m3, air.pressure_hpa) == (31.5, 0.7, 1013.0)
    assert air.averaging == environment.AVERAGING_INSTANT
    assert [m.unit for m in air.measurements] == ["ug/m3", "mg/m3", "kPa"]
    assert record.quality.level == quantity.QUALITY_LEVEL_VALID


@pytest.mark.parametrize(
    ("system", "kind", "body"),
    [
        ("22", "environment.air", "environment_air"),
        ("27", "environment.air", "environment_air"),
        ("39", "environment.air", "environment_air"),
        ("31", "environment.discharge", "environment_discharge"),
        ("32", "environment.discharge", "environment_discharge"),
        ("51", "environment.discharge", "environment_discharge"),
        ("21", "water.quality", "water_quality"),
        ("24", "water.quality", "water_quality"),
    ],
)
def test_the_system_type_decides_the_kind(system: str, kind: str, body: str) -> None:
    """HJ 212-2017, table 5."""
    record = translated(upload("w01001-Rtd=7.1,w01001-Flag=N", st=system))

    assert record.name == f"environment/{kind}/{MN}"
    assert record.WhichOneof("body") == body


@pytest.mark.parametrize(
    ("factor", "kind"), [("a34004", "environment.air"), ("w01001", "water.quality")]
)
def test_an_unknown_system_type_is_judged_by_factors_and_doubted(factor: str, kind: str) -> None:
    """Codes that begin with w speak of water, with a of air."""
    record = translated(upload(f"{factor}-Rtd=7,{factor}-Flag=N", st="88"))

    assert kind in record.name
    assert record.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert "88" in record.quality.note


def test_soil_has_no_kind_of_record_though_the_standard_has_its_system_type() -> None:
    """ST=25 (HJ 212-2017, table 5): the note does not call it unknown to the standard."""
    record = translated(upload("a34004-Rtd=7,a34004-Flag=N", st="25"))

    assert record.quality.note == "System type 25 has no kind of record; taken by factors."


def test_an_unknown_system_type_without_telling_factors_is_refused() -> None:
    """Nobody can say what 831 is under system type 88."""
    assert refused(upload("831-Rtd=7,831-Flag=N", st="88")).cause == "station_type"


def test_averages_fill_typed_fields_of_minute_hour_and_day_data() -> None:
    """CN 2061 carries Min, Avg, Max; the mean speaks for the hour."""
    record = translated(
        upload("a34004-Min=10,a34004-Avg=12,a34004-Max=15,a34004-Cou=7,a34004-Flag=N", cn="2061")
    )

    air = record.environment_air
    (pm,) = air.measurements
    assert air.averaging == environment.AVERAGING_HOUR
    assert air.pm2_5_ug_m3 == 12
    assert (pm.min, pm.mean, pm.max, pm.total) == (10, 12, 15, 7)


def test_water_quality_says_over_what_time_its_values_were_taken() -> None:
    """A daily mean is not to be taken for a reading of the moment."""
    water = translated(upload("w01001-Avg=7.1,w01001-Flag=N", st="21", cn="2031")).water_quality

    assert (water.ph, water.averaging) == (7.1, environment.AVERAGING_DAY)


def test_an_outlet_tells_flow_load_and_conversion() -> None:
    """ST=31 gas at a source is in mg/m3, and what is converted is told apart."""
    record = translated(
        upload(
            "a21026-Rtd=35.2,a21026-ZsRtd=41.0,a21026-Flag=N",
            "a00000-Rtd=12.5,a00000-Flag=N",
            st="31",
        )
    )

    outlet = record.environment_discharge
    assert outlet.medium == environment.MEDIUM_GAS
    assert (outlet.so2_mg_m3, outlet.gas_flow_m3_s) == (35.2, 12.5)
    assert outlet.measurements[0].converted_value == 41.0


def test_codes_of_2005_mean_something_in_their_own_medium_only() -> None:
    """011 is COD in waste water; in gas it is nothing the standard knows."""
    water = translated(upload("011-Rtd=134.1,011-Flag=N", st="32"))
    gas = translated(upload("011-Rtd=134.1,011-Flag=N", st="31"))

    assert water.environment_discharge.cod_mg_l == 134.1
    assert water.environment_discharge.measurements[0].code == "011"
    assert not gas.environment_discharge.HasField("cod_mg_l")
    assert gas.environment_discharge.measurements[0].unit == ""


@pytest.mark.parametrize(
    ("flag", "level"),
    [
        ("T", quantity.QUALITY_LEVEL_SUSPECT),
        ("S", quantity.QUALITY_LEVEL_ESTIMATED),
        ("D", quantity.QUALITY_LEVEL_INVALID),
        ("d", quantity.QUALITY_LEVEL_INVALID),
        ("C", quantity.QUALITY_LEVEL_INVALID),
        ("M", quantity.QUALITY_LEVEL_INVALID),
        ("F", quantity.QUALITY_LEVEL_INVALID),
        ("B", quantity.QUALITY_LEVEL_INVALID),
        ("?", quantity.QUALITY_LEVEL_INVALID),
    ],
)
def test_a_flagged_value_fills_no_typed_field(flag: str, level: int) -> None:
    """Only N makes a measurement; the letter is kept as it was, and so is the number."""
    record = translated(upload(f"a34004-Rtd=999,a34004-Flag={flag}"))

    (pm,) = record.environment_air.measurements
    assert not record.environment_air.HasField("pm2_5_ug_m3")
    assert (pm.value, pm.quality.level, pm.quality.source_flag) == (999, level, flag)
    assert (record.quality.level, record.quality.source_flag) == (level, flag)


def test_one_faulty_instrument_makes_the_record_suspect_and_names_it() -> None:
    """The good values beside it stay valid, each by its own word."""
    record = translated(upload(PM, "a21026-Rtd=0,a21026-Flag=D"))

    pm, so2 = record.environment_air.measurements
    assert record.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert "a21026 (D)" in record.quality.note
    assert pm.quality.level == quantity.QUALITY_LEVEL_VALID
    assert so2.quality.level == quantity.QUALITY_LEVEL_INVALID
    assert record.environment_air.pm2_5_ug_m3 == 31.5


@pytest.mark.parametrize("text", ["----", "NaN", "inf", "1_000", "\uff13"])
def test_what_is_no_number_is_kept_as_text(text: str) -> None:
    """Nothing is guessed and nothing is lost."""
    (pm,) = translated(upload(f"a34004-Rtd={text},a34004-Flag=N")).environment_air.measurements

    assert not pm.HasField("value")
    assert pm.text == text
    assert pm.quality.level == quantity.QUALITY_LEVEL_SUSPECT


def test_an_empty_value_is_missing() -> None:
    """A factor that was named and not measured."""
    (pm,) = translated(upload("a34004-Rtd=,a34004-Flag=N")).environment_air.measurements

    assert pm.quality.level == quantity.QUALITY_LEVEL_MISSING


def test_an_unknown_factor_is_kept_without_a_unit() -> None:
    """A vendor's own code does not hide the readings beside it."""
    record = translated(upload(PM, "zz9-Rtd=5,zz9-Flag=N,zz9-ValidNum=10"))

    own = record.environment_air.measurements[1]
    assert record.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (own.code, own.value, own.unit) == ("zz9", 5, "")
    assert own.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert [(a.key, a.value) for a in own.attributes] == [("ValidNum", "10")]


def test_a_strict_feed_refuses_an_unknown_factor() -> None:
    """``unknown_factors = "quarantine"``: also when the layout was seen before."""
    raw = upload(PM, "zz9-Rtd=5,zz9-Flag=N")
    strict = adapter(unknown_factors="quarantine")

    for _ in range(3):
        with pytest.raises(Untranslatable, match="zz9"):
            list(strict.translate(only_frame(raw)))


def test_units_come_from_the_site_then_the_feed_then_practice() -> None:
    """Whoever said the unit is named, and the typed field is converted from it."""
    hj212 = adapter(
        units={"a34004": "mg/m3", "a34002": "mg/m3"},
        sites={MN: {"units": {"a34004": "ng/m³"}}},
    )
    values = (
        "a34004-Rtd=31500,a34004-Flag=N",
        "a34002-Rtd=0.052,a34002-Flag=N",
        "a21026-Rtd=6,a21026-Flag=N",
    )
    for _ in range(3):
        air = translated(upload(*values), hj212).environment_air

        assert [m.unit_basis for m in air.measurements] == [
            quantity.UNIT_BASIS_SITE,
            quantity.UNIT_BASIS_FEED,
            quantity.UNIT_BASIS_PRACTICE,
        ]
        assert (air.pm2_5_ug_m3, air.pm10_ug_m3, air.so2_ug_m3) == (31.5, 52.0, 6.0)


def test_a_unit_that_cannot_be_converted_fills_no_typed_field() -> None:
    """Parts per billion say nothing in ug/m3 without a temperature."""
    air = translated(
        upload("a05024-Rtd=30,a05024-Flag=N"), adapter(units={"a05024": "ppb"})
    ).environment_air

    assert not air.HasField("o3_ug_m3")
    assert air.measurements[0].unit == "[ppb]"


def test_a_unit_that_nobody_knows_stops_the_feed_at_its_start() -> None:
    """A misspelt unit is an error of the city file, not of a frame at night."""
    with pytest.raises(FeedMisconfigured, match="furlong"):
        options_of(feed(units={"a34004": "furlong"}), "options", Hj212Options)


def test_a_site_has_a_place() -> None:
    """Title, point and district come from the city file; other loggers get the feed's district."""
    hj212 = adapter(
        sites={MN: {"title": "Lake", "latitude": 32.07, "longitude": 118.8, "district": "320102"}}
    )

    here = translated(upload(PM), hj212).location
    there = translated(upload(PM, mn="OTHER1"), hj212).location

    assert (here.point.latitude_deg, here.district, here.address) == (32.07, "320102", "Lake")
    assert there.district == "320100"
    assert not there.HasField("point")


def test_times_are_local_and_become_utc() -> None:
    """DataTime and QN are Beijing time; QN has milliseconds."""
    record = translated(upload(PM, qn="20240601120001234"))

    assert record.observed_at.ToJsonString() == "2024-06-01T04:00:00Z"
    assert record.provenance.sent_at.ToJsonString() == "2024-06-01T04:00:01.234Z"
    assert record.provenance.source_message_id == "20240601120001234"
    assert record.provenance.format_version == "2017"


def test_a_data_time_of_17_digits_is_read() -> None:
    """Milliseconds occur in DataTime too."""
    record = translated(upload(PM, at=f"{NOON}250"))

    assert record.observed_at.nanos == 250_000_000


def test_without_data_time_the_request_number_tells_the_time() -> None:
    """QN is when the logger sent it."""
    record = translated(framed(f"QN={NOON}000;ST=22;CN=2011;MN=A1;Flag=4;CP=&&{PM}&&"))

    assert record.observed_at.ToJsonString() == "2024-06-01T04:00:00Z"


@pytest.mark.parametrize(
    "time", ["20241301000000", "20240601246000", "19700101000000", "20990101000000", "x", "0" * 14]
)
def test_an_impossible_time_is_refused(time: str) -> None:
    """No date, before 1990, or in the future; however often it comes."""
    hj212 = adapter()
    for _ in range(3):
        with pytest.raises(Untranslatable) as caught:
            list(hj212.translate(only_frame(upload(PM, at=time))))
        assert caught.value.cause == "time"


def test_a_sample_time_of_its_own_is_kept() -> None:
    """Water analysers sample less often than the logger reports."""
    record = translated(
        upload("w01018-SampleTime=20240601110000,w01018-Rtd=19.4,w01018-Flag=N", st="32")
    )

    (cod,) = record.environment_discharge.measurements
    assert cod.sampled_at.ToJsonString() == "2024-06-01T03:00:00Z"


@pytest.mark.parametrize(
    ("cn", "kind"),
    [
        ("2021", station.REPORT_TYPE_EQUIPMENT),
        ("2081", station.REPORT_TYPE_EVENTS),
        ("1013", station.REPORT_TYPE_CLOCK),
        ("3020", station.REPORT_TYPE_EQUIPMENT),
        ("9011", station.REPORT_TYPE_REPLY),
    ],
)
def test_what_is_no_reading_is_a_stations_report(cn: str, kind: int) -> None:
    """Nothing a station says vanishes."""
    record = translated(upload("SB1-RS=1", cn=cn))

    told = record.station_report
    assert record.name == f"environment/station.report/{MN}"
    assert (told.type, told.function) == (kind, cn)
    assert ("SB1-RS", "1") in [(a.key, a.value) for a in told.attributes]


def test_a_station_that_asks_for_the_time_may_have_a_wrong_one() -> None:
    """Its request is dated by its arrival and says that its clock is wrong."""
    raw = framed("QN=20000101000000000;ST=22;CN=1013;MN=A1;Flag=5;CP=&&&&")
    record = translated(raw)
    broken = translated(framed("QN=19700101000000000;ST=22;CN=1013;MN=A1;Flag=5;CP=&&&&"))

    assert record.quality.level == quantity.QUALITY_LEVEL_VALID
    assert broken.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert broken.observed_at.seconds == broken.received_at.seconds


def test_an_unknown_command_is_refused() -> None:
    """Nobody can say what 7777 reports."""
    assert refused(upload(PM, cn="7777")).cause == "command"


def test_a_frame_without_a_station_is_refused() -> None:
    """A reading of nowhere is no reading."""
    assert refused(framed(f"ST=22;CN=2011;Flag=4;CP=&&DataTime={NOON};{PM}&&")).cause == "station"


@pytest.mark.parametrize("secret", ["9f86d081884c7d659a2feaa0c55ad015", "q83vEjRWeJA="])
def test_encrypted_parameters_are_refused_with_their_name(secret: str) -> None:
    """HJ 212-2025 may encrypt CP by SM4; the reason says so."""
    error = refused(framed(f"QN={NOON}000;ST=22;CN=2011;MN=A1;Flag=9;CP=&&{secret}&&"))

    assert error.cause == "encrypted"
    assert "SM4" in str(error)


def test_a_frame_of_2025_in_plain_text_is_read() -> None:
    """The version bits alone encrypt nothing."""
    record = translated(upload(PM, flag=9))

    assert record.provenance.format_version == "2025"
    assert record.environment_air.pm2_5_ug_m3 == 31.5


def test_noise_has_a_field_of_its_own() -> None:
    """ST=23: the equivalent level in decibels."""
    assert translated(upload("Leq-Rtd=55.5,Leq-Flag=N", st="23")).environment_air.noise_db == 55.5


def test_the_same_frame_has_the_same_message_id() -> None:
    """MN, QN, CN, PNO and the bytes make a message one: other readings are another."""
    hj212 = adapter()

    def identity(raw: bytes) -> str:
        (one,) = hj212.translate(only_frame(raw))
        return one.message_id

    old = framed(f"ST=32;CN=2011;MN=A1;CP=&&DataTime={NOON};011-Rtd=1,011-Flag=N&&")
    other = framed(f"ST=32;CN=2011;MN=A1;CP=&&DataTime={NOON};011-Rtd=2,011-Flag=N&&")
    assert identity(upload(PM)).startswith(f"{MN}|20240601120001000|2011|")
    assert identity(upload(PM)) == identity(upload(PM))
    assert identity(upload(PM)) != identity(upload(PM.replace("=", "=1", 1)))
    assert identity(old) == identity(old)
    assert identity(old) != identity(other)


def test_every_kind_of_record_keeps_to_the_schema() -> None:
    """What is published is valid: readings of each medium, packets, reports."""
    frames = [
        *(upload(PM, st=system) for system in ("21", "22", "31", "32")),
        upload(PM, flag=7, packet="PNUM=2;PNO=1;"),
        upload("SB1-RS=1", cn="2021"),
    ]

    for raw in frames:
        protovalidate.validate(translated(raw))


def test_an_empty_upload_is_a_record_without_values() -> None:
    """It arrived, so it counts; it says that it carries nothing."""
    record = translated(framed(f"QN={NOON}000;ST=22;CN=2011;MN=A1;Flag=4;CP=&&&&"))

    assert record.quality.level == quantity.QUALITY_LEVEL_MISSING
