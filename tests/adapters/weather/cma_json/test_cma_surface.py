"""Rows of the service's data interface become observations."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.weather.cma_json import CmaItem, CmaJson, CmaJsonOptions
from adapters.weather.sites import Site
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record

ROW = {
    "Station_Id_C": "58238",
    "Station_Name": "南京",
    "Lat": "31.93",
    "Lon": "118.90",
    "Alti": "35.2",
    "Admin_Code_CHN": "320115",
    "Datetime": "2026-07-01 09:00:00",
    "TEM": "24.6",
    "DPT": 23.1,
    "PRS": "1001.0",
    "PRS_Sea": "1005.1",
    "RHU": "96",
    "WIN_D_Avg_10mi": "134",
    "WIN_S_Avg_10mi": "6.4",
    "WIN_S_Inst_Max": "12.1",
    "PRE_1h": "12.5",
    "PRE_3h": "20.5",
    "PRE_24h": "999999",
    "VIS": "3500",
    "Q_TEM": "0",
    "Q_PRS": "9",
}


class _Cma(CmaJson):
    def now(self) -> datetime:
        return datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def _adapter(**options: Any) -> CmaJson:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(
        id="weather.cma", adapter="weather/cma_json", agency="weather", source="drop:in"
    )
    return _Cma(feed, CmaJsonOptions(**options))


def _messages(cma: CmaJson, document: Any) -> list[CmaItem | Undecodable]:
    """Decode a document."""
    decoder = cma.decoder()
    decoder.feed(json.dumps(document, ensure_ascii=False).encode())
    return decoder.close()


def _record(row: dict[str, Any], **options: Any) -> Record:
    """Return the record of a row."""
    cma = _adapter(**options)
    (message,) = _messages(cma, {"returnCode": "0", "DS": [row]})
    assert isinstance(message, CmaItem), message
    (translated,) = cma.translate(message)
    protovalidate.validate(translated.record)
    return translated.record


def test_a_row_is_read_whole() -> None:
    """Texts are numbers, times are UTC, and the row says where its station is."""
    found = _record(ROW)
    body = found.weather_observation

    assert found.name == "weather/weather.observation/58238"
    assert found.observed_at.ToJsonString() == "2026-07-01T09:00:00Z"
    assert found.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (body.temperature_c, body.dew_point_c, body.humidity_pct) == (24.6, 23.1, 96)
    assert (body.station_pressure_hpa, body.sea_level_pressure_hpa) == (1001, 1005.1)
    assert (body.wind_speed_m_s, body.wind_direction_deg, body.wind_gust_m_s) == (6.4, 134, 12.1)
    assert (body.rain_1h_mm, body.HasField("rain_24h_mm"), body.visibility_m) == (12.5, False, 3500)
    (three_hours,) = body.measurements
    assert (three_hours.code, three_hours.value, three_hours.unit) == ("PRE_3h", 20.5, "mm")
    point = found.location.point
    assert (point.latitude_deg, point.longitude_deg, point.altitude_m) == (31.93, 118.9, 35.2)
    assert (found.location.district, body.station_title) == ("320115", "南京")


def test_what_the_city_knows_of_a_station_prevails() -> None:
    """It was surveyed; the interface rounds."""
    sites = {"58238": Site(title="南京站", latitude=31.9321, longitude=118.8998)}

    found = _record(ROW, sites=sites)

    assert found.location.point.latitude_deg == 31.9321
    assert found.weather_observation.station_title == "南京站"


@pytest.mark.parametrize("code", ["999999", 999999.0, "999998", "", None])
def test_a_code_for_no_value_is_none(code: object) -> None:
    """Numbers near a million say why there is no value."""
    body = _record(ROW | {"TEM": code, "PRE_1h": code}).weather_observation

    assert not body.HasField("temperature_c")
    assert not body.HasField("rain_1h_mm")


def test_a_trace_of_rain_is_no_measurable_rain() -> None:
    """999990 is less than 0.1 mm."""
    body = _record(ROW | {"PRE_1h": "999990"}).weather_observation

    assert (body.HasField("rain_1h_mm"), body.rain_1h_mm) == (True, 0)


def test_a_calm_has_no_direction() -> None:
    """999017 stands for it, and so does a speed of nothing."""
    body = _record(ROW | {"WIN_S_Avg_10mi": "0", "WIN_D_Avg_10mi": "999017"}).weather_observation

    assert body.wind_speed_m_s == 0
    assert not body.HasField("wind_direction_deg")


def test_wind_of_two_minutes_stands_in_for_that_of_ten() -> None:
    """With its own direction."""
    row = ROW | {"WIN_S_Avg_10mi": "999999", "WIN_S_Avg_2mi": "7.5", "WIN_D_Avg_2mi": "140"}

    body = _record(row).weather_observation

    assert (body.wind_speed_m_s, body.wind_direction_deg) == (7.5, 140)


def test_the_interface_s_own_checks_are_believed() -> None:
    """What is suspect stays and is doubted; what is wrong is no temperature."""
    found = _record(ROW | {"Q_TEM": "2", "Q_PRS": "1"})

    assert found.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert found.quality.note == "Q_TEM is 2; Q_PRS is 1"
    assert not found.weather_observation.HasField("temperature_c")
    assert found.weather_observation.station_pressure_hpa == 1001
    wrong = next(one for one in found.weather_observation.measurements if one.code == "TEM")
    assert (wrong.value, wrong.quality.level) == (24.6, quantity.QUALITY_LEVEL_INVALID)


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        ({"Datetime": "20260701090000"}, "UTC"),
        ({"DATETIME": "2026-07-01 09:00:00"}, "UTC"),
        ({"Year": "2026", "Mon": "7", "Day": "1", "Hour": "9"}, "UTC"),
        ({"Year": 2026, "Mon": 7, "Day": 1, "Hour": 9, "Min": 0}, "UTC"),
        ({"Datetime": "2026-07-01 17:00:00"}, "Asia/Shanghai"),
    ],
)
def test_times_are_utc_unless_configured(times: dict[str, Any], zone: str) -> None:
    """Copies of the interface's tables are sometimes kept in Beijing time."""
    row = {name: value for name, value in ROW.items() if name != "Datetime"} | times

    found = _record(row, interface_time_zone=zone)

    assert found.observed_at.ToJsonString() == "2026-07-01T09:00:00Z"


def test_a_zone_that_is_none_stops_the_feed() -> None:
    """Before it has told any wrong time."""
    with pytest.raises(FeedMisconfigured, match="interface_time_zone"):
        _adapter(interface_time_zone="Beijing")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"Station_Id_C": ""}, "Station_Id_C"), ({"Datetime": ""}, "Datetime"), ({"TEM": "x"}, "TEM")],
)
def test_a_row_that_cannot_be_read_is_refused(change: dict[str, str], field: str) -> None:
    """The field is named; other rows are not touched."""
    cma = _adapter()
    bad, good = _messages(cma, {"returnCode": "0", "DS": [ROW | change, ROW]})
    assert isinstance(bad, CmaItem)
    assert isinstance(good, CmaItem)

    with pytest.raises(Untranslatable, match=field):
        list(cma.translate(bad))

    assert len(list(cma.translate(good))) == 1


def test_an_answer_without_rows_says_why() -> None:
    """The interface's own message is told."""
    (refused,) = _messages(_adapter(), {"returnCode": "-1", "returnMessage": "no permission"})

    assert isinstance(refused, Undecodable)
    assert refused.cause == "refused"
    assert "no permission" in refused.reason


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*ROW, "WIN_S_Avg_2mi", "WEP_Now", "x"]) | st.text(max_size=6),
        st.none() | st.floats(allow_nan=False) | st.text(max_size=8) | st.booleans(),
    )
)
def test_whatever_a_row_says_it_is_a_record_or_refused(row: dict[str, Any]) -> None:
    """Nothing but the adapter's own error comes out."""
    cma = _adapter()

    for message in _messages(cma, {"DS": [row, ROW | row]}):
        if isinstance(message, CmaItem):
            with contextlib.suppress(Untranslatable):
                assert [one.record.name for one in cma.translate(message)]
