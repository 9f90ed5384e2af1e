"""Surface reports become observations; nothing of one stops the rest of it."""

import contextlib
from collections.abc import Callable

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.weather.synop import Synop, SynopReport
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record

Read = Callable[[str], Record]


def _measured(record: Record) -> dict[str, quantity.Measurement]:
    return {one.code: one for one in record.weather_observation.measurements}


def test_a_report_of_nanjing_is_read_whole(record: Read) -> None:
    """Groups of sections 1 and 3, tenths and eighths."""
    found = record(
        "AAXX 24121 58238 11458 61506 10094 21005 30111 40197 53007 60011 76162 81541 "
        "333 10123 20035 70250 83630="
    )
    body = found.weather_observation

    assert found.name == "weather/weather.observation/58238"
    assert found.observed_at.ToJsonString() == "2026-11-24T12:00:00Z"
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (body.temperature_c, body.dew_point_c) == (9.4, -0.5)
    assert (body.station_pressure_hpa, body.sea_level_pressure_hpa) == (1011.1, 1019.7)
    assert (body.wind_direction_deg, body.wind_speed_m_s) == (150, 6)
    assert (body.visibility_m, body.cloud_cover_oktas) == (8000, 6)
    assert (body.rain_6h_mm, body.rain_24h_mm) == (1, 25.0)
    assert list(body.present_weather) == ["ww61"]
    (layer,) = body.cloud_layers
    assert (layer.cover, layer.base_m, layer.type) == ("3/8", 900, "Sc")
    measured = _measured(found)
    assert measured["maximum_temperature"].value == 12.3
    assert measured["minimum_temperature"].value == 3.5
    assert measured["pressure_tendency.change"].value == 0.7
    assert found.location.district == "320115"
    assert body.station_title == "南京"


def test_a_bulletin_says_the_time_once_for_its_stations(
    translated: Callable[[bytes], list[Translated]],
) -> None:
    """A station that has nothing to report says NIL."""
    found = translated(
        b"SMCI01 BABJ 241200\r\r\nAAXX 24121\r\r\n58238 11458 61506 10094\r\r\n     40197=\r\r\n"
        b"58240 NIL=\r\r\n58241 11458 61506 11002=\r\r\nNNNN\r\r\n"
    )

    names = [one.record.name.rpartition("/")[2] for one in found]
    assert names == ["58238", "58240", "58241"]
    assert {one.record.observed_at.ToJsonString() for one in found} == {"2026-11-24T12:00:00Z"}
    silent = found[1].record
    assert silent.quality.level == quantity.QUALITY_LEVEL_MISSING
    assert found[2].record.weather_observation.temperature_c == -0.2
    assert {_measured(one.record)["heading"].text for one in found} == {"SMCI01 BABJ 241200"}
    assert found[0].record.weather_observation.sea_level_pressure_hpa == 1019.7


def test_knots_become_metres_per_second(record: Read) -> None:
    """i_w 4 says knots; 00fff carries what is beyond 99."""
    body = record("AAXX 24124 58238 11458 61510 10094=").weather_observation
    storm = record("AAXX 24124 58238 11458 61599 00105 10094=").weather_observation

    assert body.wind_speed_m_s == pytest.approx(5.144, abs=0.001)
    assert storm.wind_speed_m_s == pytest.approx(54.017, abs=0.001)


def test_a_wind_without_a_unit_is_no_speed(record: Read) -> None:
    """It stays a measurement, and the record says why."""
    found = record("AAXX 2412/ 58238 11458 61510 10094=")

    assert not found.weather_observation.HasField("wind_speed_m_s")
    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert _measured(found)["surface_wind.speed"].value == 10


@pytest.mark.parametrize("group", ["9xx06", "2xxxx", "30yyy"])
def test_a_group_that_is_not_understood_is_kept(record: Read, group: str) -> None:
    """The others are read, and the record says which was not."""
    found = record(f"AAXX 24121 58238 11458 61506 10094 {group} 40197=")

    assert found.weather_observation.temperature_c == 9.4
    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert group in found.quality.note
    assert group in _measured(found)["not_understood"].text
    assert group in found.weather_observation.report


def test_a_group_on_which_the_library_fails_costs_no_other(record: Read) -> None:
    """0xxxx of section 3 has no meaning in region V, and 2/// is too short."""
    found = record("AAXX 24121 94238 11458 61506 10094 2/// 40197 333 01234 10123=")

    body = found.weather_observation
    assert (body.temperature_c, body.sea_level_pressure_hpa) == (9.4, 1019.7)
    assert _measured(found)["maximum_temperature"].value == 12.3
    assert "01234" in _measured(found)["not_understood"].text


def test_an_impossible_unit_of_the_wind_costs_the_wind_only(record: Read) -> None:
    """i_w is 0, 1, 3 or 4."""
    found = record("AAXX 24128 58238 11458 61506 10094=")

    assert found.weather_observation.temperature_c == 9.4
    assert not found.weather_observation.HasField("wind_speed_m_s")
    assert "24128" in found.quality.note


def test_what_is_beyond_the_hour_says_its_time(record: Read) -> None:
    """Group 9GGgg gives the exact time when it was not at the hour."""
    found = record("AAXX 24121 58238 11458 61506 10094 91135=")

    assert found.observed_at.ToJsonString() == "2026-11-24T11:35:00Z"


def test_a_ship_says_where_it_is(record: Read) -> None:
    """It goes by its call sign."""
    found = record("BBXX BAAA 24121 99312 11220 46/// /1506 10094=")

    point = found.location.point
    assert found.name.endswith("/BAAA")
    assert (point.latitude_deg, point.longitude_deg) == (31.2, 122.0)


@pytest.mark.parametrize(
    ("report", "cause"),
    [
        ("AAXX 24121 5823 11458 61506", "station"),
        ("AAXX 2412 58238 11458", "station"),
        ("AAXX 32251 58238 11458 61506", "time"),
        ("TTAA 24121 58238", "station"),
        ("AAXX 24121 58238 " + "10094 " * 130, "value"),
    ],
)
def test_what_has_no_station_or_time_is_refused(synop: Synop, report: str, cause: str) -> None:
    """It would be of nobody, or of no time."""
    with pytest.raises(Untranslatable) as refusal:
        list(synop.translate(SynopReport(report.encode(), report.strip())))

    assert refusal.value.cause == cause


def test_a_bulletin_without_a_station_is_refused(synop: Synop) -> None:
    """Section 0 alone reports nothing."""
    decoder = synop.decoder()
    (found,) = [*decoder.feed(b"AAXX 24121\n"), *decoder.close()]

    assert isinstance(found, Undecodable)
    assert found.cause == "no_report"


GROUP = st.one_of(
    st.from_regex(r"[0-9/]{5}", fullmatch=True),
    st.sampled_from(["333", "444", "555", "222//", "NIL", "ICE", "00105", "55055", "80000"]),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=6),
)


@pytest.mark.parametrize("group", ["92400", "91260"])
def test_a_group_of_no_time_of_day_leaves_the_hour(record: Read, group: str) -> None:
    """It is told; the report is of its hour."""
    found = record(f"AAXX 24121 58238 11458 61506 10094 {group}=")

    assert found.observed_at.ToDatetime().hour == 12
    assert found.observed_at.ToDatetime().minute == 0
    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert group in found.quality.note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from("0134/"), st.integers(1, 99998), st.lists(GROUP, max_size=20))
def test_whatever_the_groups_are_a_report_with_a_head_is_a_record(
    synop: Synop, unit: str, station: int, groups: list[str]
) -> None:
    """Only station and time are demanded; the schema refuses numbers beyond bounds alone."""
    text = " ".join([f"AAXX 2412{unit} {station:05d}", *groups])

    try:
        (translated,) = synop.translate(SynopReport(b"x", text))
    except Untranslatable as refusal:
        # WMO has no region for these numbers.
        assert refusal.field == "section 0"  # noqa: PT017
        return

    assert translated.record.weather_observation.station_id == f"{station:05d}"
    for broken in protovalidate.collect_violations(translated.record):
        assert broken.proto.rule_id.startswith("double.")
        assert translated.shape is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=40) | st.just(b"AAXX 24121 58238 1"), max_size=6))
def test_no_bytes_break_it(synop: Synop, pieces: list[bytes]) -> None:
    """Whatever comes is a record, or refused with a reason."""
    decoder = synop.decoder()
    messages = [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()

    for message in messages:
        if isinstance(message, Undecodable):
            assert message.reason
            continue
        with contextlib.suppress(Untranslatable):
            for translated in synop.translate(message):
                protovalidate.validate(translated.record)


@pytest.mark.parametrize("announced", "01234/")
def test_rain_that_is_not_announced_is_rain(record: Read, announced: str) -> None:
    """The groups are there, whatever i_R says of where they stand."""
    body = record(
        f"AAXX 24121 58238 {announced}1458 61506 10094 60121 333 10123 60247="
    ).weather_observation

    rains = {one.code: one.value for one in body.measurements}
    assert body.rain_6h_mm == 12
    assert rains["precipitation_s3.amount"] == 24
    assert rains["precipitation_s3.time_before_obs"] == 3
    indicator = {one.code: one.value for one in body.measurements}.get("precipitation_indicator")
    assert indicator == (None if announced == "/" else int(announced))


def test_groups_out_of_order_are_read(record: Read) -> None:
    """The dew point before the temperature, and the pressures the wrong way round."""
    found = record("AAXX 24121 58238 41458 61599 00102 21005 10094 40197 30111=")

    body = found.weather_observation
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (body.temperature_c, body.dew_point_c, body.wind_speed_m_s) == (9.4, -0.5, 102)
    assert (body.station_pressure_hpa, body.sea_level_pressure_hpa) == (1011.1, 1019.7)


def test_a_group_that_is_there_twice_is_doubted(record: Read) -> None:
    """The first counts, and the other is named; the same said twice is no doubt."""
    found = record("AAXX 24121 58238 41458 61506 10094 10095 21005 21005=")

    assert found.weather_observation.temperature_c == 9.4
    assert found.quality.note == "not understood: 10095"


@pytest.mark.parametrize(
    ("code", "depth", "most", "text"),
    [
        ("012", 12, 0, ""),
        ("997", 0, 0.5, ""),
        ("998", 0, 0, "not continuous"),
        ("999", 0, 0, "impossible to measure"),
    ],
)
def test_the_depth_of_snow_is_in_centimetres(
    record: Read, code: str, depth: float, most: float, text: str
) -> None:
    """Less than half a centimetre is no ten metres (table 3889)."""
    snow = _measured(record(f"AAXX 24061 58238 41458 61506 11094 333 4/{code}="))[
        "ground_state_snow.depth"
    ]

    assert (snow.value, snow.max, snow.text) == (depth, most, text)
    assert snow.unit == ("" if text else "cm")
