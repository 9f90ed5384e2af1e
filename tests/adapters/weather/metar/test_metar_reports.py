"""Aerodrome reports become observations; nothing of one stops the rest of it."""

import contextlib
from collections.abc import Callable

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.sdk.translation import Translation
from adapters.weather.metar import MetarReport, MetarReports
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import STATUS_TEST, Record

Read = Callable[[str], Record]


def _words(record: Record) -> dict[str, str]:
    return {one.code: one.text for one in record.weather_observation.measurements if one.text}


def _numbers(record: Record) -> dict[str, float]:
    return {
        one.code: one.value
        for one in record.weather_observation.measurements
        if one.HasField("value")
    }


def test_a_report_of_rain_is_read_whole(record: Read) -> None:
    """Metres per second stay; hundreds of feet become metres; the rest keeps its words."""
    found = record(
        "SPECI ZSNJ 240958Z 14007G13MPS 100V180 1500 R06/0800V1200D R24/P2000N +TSRA BR "
        "FEW010 SCT015CB BKN040 24/M01 Q1003 RETS WS R06 TEMPO 0800 +TSRA="
    )
    body = found.weather_observation

    assert found.name == "weather/weather.observation/ZSNJ"
    assert found.observed_at.ToJsonString() == "2026-11-24T09:58:00Z"
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (body.wind_direction_deg, body.wind_speed_m_s, body.wind_gust_m_s) == (140, 7, 13)
    assert (body.temperature_c, body.dew_point_c, body.sea_level_pressure_hpa) == (24, -1, 1003)
    assert body.visibility_m == 1500
    assert list(body.present_weather) == ["+TSRA", "BR"]
    layers = [(one.cover, one.base_m, one.type) for one in body.cloud_layers]
    assert layers == [("FEW", 304.8, ""), ("SCT", 457.2, "CB"), ("BKN", 1219.2, "")]
    words = _words(found)
    assert words["type"] == "SPECI"
    assert words["trend"] == "TEMPO 0800 +TSRA"
    assert (words["recent_weather"], words["wind_shear"]) == ("RETS", "06")
    assert (words["RVR 06"], words["RVR 24"]) == ("R06/0800V1200D", "R24/P2000N")
    assert _numbers(found)["wind_from"] == 100
    (varying,) = (one for one in body.measurements if one.code == "RVR 06")
    assert (varying.min, varying.max, varying.attributes[0].value) == (800, 1200, "D")


def test_knots_miles_and_inches_are_converted(record: Read) -> None:
    """American reports say them; their remarks hold rain in hundredths of an inch."""
    body = record(
        "METAR KJFK 240951Z 14010KT 1 1/2SM BR OVC030 25/24 A2992 RMK AO2 SLP132 P0010 60020"
    ).weather_observation

    assert body.wind_speed_m_s == pytest.approx(5.144, abs=0.001)
    assert body.visibility_m == pytest.approx(2414.0, abs=0.1)
    assert body.sea_level_pressure_hpa == pytest.approx(1013.2, abs=0.05)
    assert (body.rain_1h_mm, body.rain_6h_mm) == (2.54, 5.08)


def test_cavok_means_ten_kilometres(record: Read) -> None:
    """And it is kept as a word, for it says more than that."""
    found = record("METAR ZSNJ 240900Z VRB01MPS CAVOK M05/M12 Q1030 NOSIG")

    body = found.weather_observation
    assert body.visibility_m == 10000
    assert not body.HasField("wind_direction_deg")
    assert (body.temperature_c, body.dew_point_c) == (-5, -12)
    assert (_words(found)["visibility"], _words(found)["trend"]) == ("CAVOK", "NOSIG")


def test_what_was_not_observed_is_absent(record: Read) -> None:
    """Slashes are not 10 km of visibility, nor a calm."""
    found = record("METAR ZYQQ 240900Z AUTO /////MPS //// // ////// ///// Q////")

    body = found.weather_observation
    names = {field.name for field, _ in body.ListFields()}
    assert names == {"station_id", "report", "measurements"}
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert _words(found)["modifier"] == "AUTO"


def test_a_calm_has_no_direction(record: Read) -> None:
    """It is 00000, and north is 360."""
    calm = record("METAR ZSNJ 240900Z 00000MPS 9999 NSC 05/01 Q1030").weather_observation
    north = record("METAR ZSNJ 240900Z 36003MPS 9999 NSC 05/01 Q1030").weather_observation

    assert (calm.wind_speed_m_s, calm.HasField("wind_direction_deg")) == (0, False)
    assert north.wind_direction_deg == 360


@pytest.mark.parametrize("group", ["99999KT", "3000BR", "WOW", "25/24Q1001", "Q10134"])
def test_a_group_that_is_not_understood_is_kept(record: Read, group: str) -> None:
    """The others are read, and the record says which was not."""
    found = record(f"METAR ZSNJ 240900Z 05003MPS {group} 15/14 Q1017")

    body = found.weather_observation
    assert (body.temperature_c, body.sea_level_pressure_hpa) == (15, 1017)
    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert found.quality.note == f"not understood: {group}"
    assert _words(found)["not_understood"] == group
    assert group in body.report


def test_an_impossible_range_of_the_wind_costs_no_wind(record: Read) -> None:
    """The library reads both at once and fails on both."""
    found = record("METAR ZSNJ 240900Z 05003MPS 050V999 CAVOK 15/14 Q1017")

    assert found.weather_observation.wind_speed_m_s == 3
    assert found.quality.note == "not understood: 050V999"


def test_nil_says_that_there_is_no_report(record: Read) -> None:
    """A station that is silent differs from one of which nobody has heard."""
    found = record("METAR ZSNJ 240900Z NIL=")

    assert found.quality.level == quantity.QUALITY_LEVEL_MISSING
    assert found.quality.source_flag == "NIL"


def test_a_correction_is_another_message_of_the_same_time(
    translated: Callable[[bytes], list[Translated]],
) -> None:
    """Stored later, it replaces what it corrects; the report itself again is a duplicate."""
    bulletin = (
        b"METAR ZSNJ 240900Z 05003MPS CAVOK 15/14 Q1017=\n"
        b"METAR COR ZSNJ 240900Z 05003MPS CAVOK 15/04 Q1017=\n"
        b"METAR  ZSNJ 240900Z 05003MPS CAVOK 15/14 Q1017\n"
    )

    first, correction, again = translated(bulletin)

    assert first.record.name == correction.record.name
    assert first.record.observed_at == correction.record.observed_at
    assert first.message_id == again.message_id != correction.message_id
    assert _words(correction.record)["modifier"] == "COR"


def test_a_bulletin_says_its_kind_once(translated: Callable[[bytes], list[Translated]]) -> None:
    """Reports below it without a keyword are of that kind, and know their heading."""
    found = translated(
        b"SPCI31 ZBAA 240900\r\nSPECI\r\nZSNJ 240900Z 05003MPS CAVOK 15/14 Q1017=\r\n"
        b"ZSSS 240903Z 05003MPS CAVOK\r\n   15/14 Q1017=\r\n"
    )

    assert [_words(one.record)["type"] for one in found] == ["SPECI", "SPECI"]
    assert {_words(one.record)["heading"] for one in found} == {"SPCI31 ZBAA 240900"}


def test_the_city_knows_where_its_aerodrome_is(record: Read) -> None:
    """Reports name a code only."""
    found = record("METAR ZSNJ 240900Z 05003MPS CAVOK 15/14 Q1017")
    other = record("METAR ZSSS 240900Z 05003MPS CAVOK 15/14 Q1017")

    assert found.location.district == "320115"
    assert found.location.point.latitude_deg == 31.742
    assert found.weather_observation.station_title == "南京禄口"
    assert not other.location.HasField("point")


def test_a_test_is_no_weather(record: Read) -> None:
    """TEST in place of AUTO marks it."""
    assert record("METAR ZSNJ 240900Z TEST 05003MPS CAVOK 15/14 Q1017").status == STATUS_TEST


@pytest.mark.parametrize(
    ("report", "cause", "sentence"),
    [
        ("METAR 240900Z 05003MPS", "value", "station is '240900Z 05003MPS'"),
        ("METAR ZSNJ 05003MPS CAVOK", "time", "expected a group as 150600Z"),
        ("METAR ZSNJ 322500Z CAVOK", "time", "expected a day of the month"),
        ("TAF ZSNJ 240900Z 2409/2509 CAVOK", "kind", "TAF is a forecast"),
        ("hello", "value", "expected an ICAO code"),
    ],
)
def test_what_has_no_station_or_time_is_refused(
    metar: MetarReports, report: str, cause: str, sentence: str
) -> None:
    """It would be of nobody, or of no time."""
    decoder = metar.decoder()
    (message,) = [*decoder.feed(report.encode()), *decoder.close()]
    assert isinstance(message, MetarReport)

    with pytest.raises(Untranslatable, match=sentence) as refusal:
        list(metar.translate(message))

    assert refusal.value.cause == cause


WORDS = (
    "AUTO COR NIL 05003MPS 99999KT P49MPS VRB99G99KT 050V999 CAVOK 9999 0000 //// M1/4SM "
    "1/0SM R06/P2000U R99/////N +TSRA -VCSHRA FEW999CB VV/// ////// NSC 99/M99 XX/XX Q9999 "
    "A//// RERA WS ALL RWY BLU NOSIG BECMG TL9999 RMK P//// T19999999 6//// SLP999 4/999 = "
    "TEMPO PK WND 99999/9999 WSHFT 9999"
)
GROUPS = st.lists(
    st.sampled_from(WORDS.split())
    | st.text(st.characters(codec="ascii", exclude_characters="=\n"), min_size=1, max_size=8),
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(GROUPS)
def test_whatever_the_groups_are_a_report_with_a_head_is_a_record(
    metar: MetarReports, groups: list[str]
) -> None:
    """Only station and time are demanded; the schema refuses numbers beyond bounds alone."""
    report = MetarReport(b"x", " ".join(["METAR ZSNJ 240900Z", *" ".join(groups).split()]))

    (translated,) = metar.translate(report)

    assert translated.record.weather_observation.station_id == "ZSNJ"
    for broken in protovalidate.collect_violations(translated.record):
        assert broken.proto.rule_id.startswith("double.")
        assert translated.shape is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=60) | st.just(b"METAR ZSNJ 240900Z 0"), max_size=6))
def test_no_bytes_break_it(metar: MetarReports, pieces: list[bytes]) -> None:
    """Whatever comes is a record, or refused with a reason."""
    decoder = metar.decoder()
    messages = [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()

    for message in messages:
        if isinstance(message, Undecodable):
            assert message.reason
            continue
        with contextlib.suppress(Untranslatable):
            for translated in metar.translate(message):
                protovalidate.validate(translated.record)


@pytest.mark.parametrize("groups", ["33099MPS 9999 99/10 Q1013", "33005MPS 9999 99/10 Q1013"])
def test_what_cannot_be_true_is_refused_after_reports_of_the_same_shape(
    metar: MetarReports, groups: str
) -> None:
    """The shape's promise: temperature and pressure have bounds, and the short way keeps them."""
    translation = Translation(metar)
    good = MetarReport(b"x", "METAR ZSNJ 240900Z 33005MPS 9999 20/10 Q1013")

    _, accepted = translation.of(good)
    records, refused = translation.of(MetarReport(b"y", f"METAR ZSNJ 240900Z {groups}"))

    assert accepted is None
    assert not records
    assert refused is not None
    assert "expected" in refused.reason or "must be" in refused.reason


@pytest.mark.parametrize("visibility", ["0800", "0000", "9999"])
def test_a_visibility_is_never_taken_for_the_wind(record: Read, visibility: str) -> None:
    """A report whose wind is missing has none: no storm of 800 m/s, and no calm in a storm."""
    body = record(f"METAR ZSNJ 240958Z {visibility} FG 05/05 Q1020=").weather_observation

    assert not body.HasField("wind_speed_m_s")
    assert body.visibility_m == (10_000 if visibility == "9999" else int(visibility))


def test_a_wind_that_is_garbled_costs_no_visibility(record: Read) -> None:
    """The one is named in the note, the other is where it belongs."""
    found = record("METAR ZSNJ 240958Z 240/30MPS 0000 +SS 26/21 Q1008=")

    assert found.quality.note == "not understood: 240/30MPS"
    assert not found.weather_observation.HasField("wind_speed_m_s")
    assert found.weather_observation.visibility_m == 0


def test_a_wind_without_a_unit_is_no_speed(record: Read) -> None:
    """Nobody knows whether it was knots."""
    found = record("METAR ZSNJ 240958Z 24010G20 9999 SCT030 26/21 Q1008=")

    assert found.quality.note == "not understood: 24010G20"
    assert not found.weather_observation.HasField("wind_speed_m_s")


def test_a_unit_that_stands_apart_is_the_winds_own(record: Read) -> None:
    """A blank too many is a slip of the hand."""
    found = record("METAR ZSNJ 240958Z 24010 KT 9999 SCT030 26/21 Q1008=")

    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert found.weather_observation.wind_speed_m_s == 5.144


def test_the_least_visibility_says_that_it_is_the_least(record: Read) -> None:
    """Behind the prevailing visibility stands the least, with its direction (ICAO annex 3)."""
    found = record("METAR ZSNJ 240958Z 24003MPS 3000 1500SW BR 05/05 Q1020=")

    assert found.weather_observation.visibility_m == 3000
    assert _numbers(found)["min_visibility"] == 1500
    assert _words(found)["min_visibility"] == "1500SW"


@pytest.mark.parametrize("group", ["P6SM", "M1/4SM"])
def test_more_or_less_than_a_visibility_is_said(record: Read, group: str) -> None:
    """A number alone would say that it is just so."""
    found = record(f"METAR KJFK 240958Z 24003KT {group} SKC 05/05 A3000=")

    assert _words(found)["visibility"] == group


def test_a_clear_sky_keeps_its_word(record: Read) -> None:
    """SKC is what a person sees, CLR what an instrument does not."""
    skies = [
        record(f"METAR KJFK 240958Z 24003KT 10SM {sky} 05/05 A3000=") for sky in ("SKC", "CLR")
    ]

    assert [one.weather_observation.cloud_layers[0].cover for one in skies] == ["SKC", "CLR"]


def test_recent_weather_that_was_not_observed_is_no_doubt(record: Read) -> None:
    """Stations without an observer write slashes for it, too."""
    found = record("METAR ZSNJ 240958Z AUTO 24003MPS 9999 // SCT030 M00/M01 Q1008 RE//=")

    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert str(found.weather_observation.temperature_c) == "0.0"


def test_a_station_without_a_report_has_its_bulletin_s_time(
    translated: Callable[[bytes], list[Translated]],
) -> None:
    """``NIL`` alone says who has none; the heading says when."""
    found = translated(b"SACI31 ZBAA 240900\nMETAR\nZSNJ 240900Z 24003MPS CAVOK=\nZSSS NIL=\n")

    none = found[1].record
    assert none.name == "weather/weather.observation/ZSSS"
    assert none.observed_at.ToJsonString() == "2026-11-24T09:00:00Z"
    assert none.quality.level == quantity.QUALITY_LEVEL_MISSING


def test_groups_beside_the_weather_are_measurements(record: Read) -> None:
    """States of runways and of the sea, Australia's rain, and the colours of the military."""
    found = record(
        "METAR ENZV 240920Z 24020KT 9999 FEW020 10/05 Q1001 WM01/S3 W09/H35 R24L/590230 "
        "R25/CLRD// RF01.2/010.4 BLACKGRN+ TEMPO 4000="
    )

    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    words = [(one.code, one.text) for one in found.weather_observation.measurements if one.text]
    assert ("runway_state", "R24L/590230") in words
    assert ("runway_state", "R25/CLRD//") in words
    assert ("colour_state", "BLACKGRN+") in words
    numbers = [
        (one.code, one.value)
        for one in found.weather_observation.measurements
        if one.HasField("value")
    ]
    assert numbers == [
        ("sea_temperature", -1.0),
        ("sea_state", 3.0),
        ("sea_temperature", 9.0),
        ("wave_height", 3.5),
        ("rain_10min", 1.2),
        ("rain_since_0900", 10.4),
    ]


@pytest.mark.parametrize("pressure", ["Q0000", "A0000", "Q9999"])
def test_a_broken_barometer_costs_no_other_value(record: Read, pressure: str) -> None:
    """The pressure is told as not understood, and the rest of the report stands."""
    found = record(f"METAR ZSNJ 240900Z 04003MPS 9999 FEW020 10/05 {pressure}=")

    assert not found.weather_observation.HasField("sea_level_pressure_hpa")
    assert found.weather_observation.temperature_c == 10
    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert pressure in found.quality.note


def test_a_trend_that_begins_from_a_time_is_no_observation(record: Read) -> None:
    """Australia's landing forecasts begin with FM: their visibility is not the pressure."""
    found = record("METAR YSSY 240900Z 18012KT 9999 FEW030 20/12 Q1018 FM241000 20015KT 3000 SHRA=")

    assert found.weather_observation.sea_level_pressure_hpa == 1018
    assert found.weather_observation.visibility_m == 10_000
    assert _words(found)["trend"] == "FM241000 20015KT 3000 SHRA"


def test_a_number_behind_the_pressure_is_no_other_pressure(record: Read) -> None:
    """What stands where nothing should is told, and makes no value."""
    found = record("METAR ZSNJ 240900Z 04003MPS 9999 FEW020 10/05 Q1018 0800=")

    assert found.weather_observation.sea_level_pressure_hpa == 1018
    assert _words(found)["not_understood"] == "0800"


def test_the_kind_of_a_cloud_counts_also_before_slashes(record: Read) -> None:
    """Automatic stations write that they do not see more."""
    found = record("METAR ENBR 240920Z AUTO 18015KT 9000 BKN014CB/// 08/07 Q0989=")

    (layer,) = found.weather_observation.cloud_layers
    assert (layer.cover, layer.base_m, layer.type) == ("BKN", 426.7, "CB")
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID


def test_a_keyword_may_stand_twice(record: Read) -> None:
    """The bulletin says it, and each report in it again."""
    assert record("METAR METAR ZSNJ 240900Z 04003MPS CAVOK 10/05 Q1020=").name.endswith("/ZSNJ")
