"""The weather service's JSON joins with CAP by identifier, and with SYNOP by station.

There is no recorded document: these are of our own making, in the shapes that the service's
pages read.
"""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.weather.cap import Cap, CapDocument, CapOptions
from adapters.weather.cma_json import CmaItem, CmaJson, CmaJsonOptions
from liandong.weather.v1 import weather_pb2 as weather

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
IDENTIFIER = "32010041600000_20260701173012"
EARLIER = "32010041600000_20260701143000"
ALARM = {
    "id": IDENTIFIER,
    "title": "南京市气象台发布暴雨橙色预警",
    "signaltype": "暴雨",
    "signallevel": "橙色",
    "effective": "2026/07/01 17:30",
    "eventType": "11B03",
    "severity": "ORANGE",
}
PAGE = {
    "msg": "success",
    "code": 0,
    "data": {
        "location": {"id": "58238", "name": "南京", "path": "中国, 江苏, 南京"},
        "now": {
            "precipitation": 12.5,
            "temperature": 24.6,
            "pressure": 1001.0,
            "humidity": 96.0,
            "windDirection": "东南风",
            "windDirectionDegree": 134.0,
            "windSpeed": 6.4,
            "windScale": "4级",
        },
        "alarm": [ALARM],
        "lastUpdate": "2026/07/01 17:35",
    },
}
ALARMINFO = {
    "head": "江苏省南京市发布暴雨橙色预警信号",
    "ALERTID": "202607011730128899暴雨橙色",
    "PROVINCE": "江苏省",
    "CITY": "南京市",
    "STATIONNAME": "南京市气象台",
    "SIGNALTYPE": "暴雨",
    "SIGNALLEVEL": "橙色",
    "TYPECODE": "02",
    "LEVELCODE": "03",
    "ISSUETIME": "2026-07-01 17:30:12",
    "ISSUECONTENT": "预计未来3小时南京城区降水量将达50毫米以上。",
    "RELIEVETIME": "2026-07-01 23:30:12",
    "msgType": "Update",
    "identifier": IDENTIFIER,
    "references": EARLIER,
}
ROW = ["江苏省南京市", "101190101-20260701173012-0203.html", "118.78", "32.04", IDENTIFIER,
       IDENTIFIER, "江苏省南京市发布暴雨橙色预警信号", {"coordinates": []}]  # fmt: skip
CHINESE_CAP = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert><identifier>{IDENTIFIER}</identifier><sender>南京市气象台</sender>
<senderCode>32010041600000</senderCode><sendTime>2026-07-01 17:30:12+08:00</sendTime>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><eventType>11B03</eventType><severity>Orange</severity>
<headline>南京市气象台发布暴雨橙色预警</headline></info></alert>"""


class _Cma(CmaJson):
    def now(self) -> datetime:
        return NOW


class _Cap(Cap):
    def now(self) -> datetime:
        return NOW


def _feed(adapter: str) -> FeedConfig:
    return FeedConfig(id=adapter, adapter=adapter, agency="weather", source="drop:in")


@pytest.fixture
def cma() -> CmaJson:
    """Return an adapter as the city configures it."""
    return _Cma(_feed("weather/cma_json"), CmaJsonOptions())


def _bytes(document: Any, encoding: str = "utf-8") -> bytes:
    return json.dumps(document, ensure_ascii=False).encode(encoding)


def _jsonp(document: Any, encoding: str = "utf-8") -> bytes:
    return b"var alarminfo=" + _bytes(document, encoding) + b";\n"


def _messages(cma: CmaJson, *pieces: bytes) -> list[CmaItem | Undecodable]:
    decoder = cma.decoder()
    return [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()


def _read(cma: CmaJson, *pieces: bytes) -> list[Translated]:
    found: list[Translated] = []
    for message in _messages(cma, *pieces):
        assert isinstance(message, CmaItem), message
        found += cma.translate(message)
    for one in found:
        protovalidate.validate(one.record)
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_station_s_page_is_an_observation_and_warnings(cma: CmaJson, encoding: str) -> None:
    """The station's number is that of its SYNOP; times are Beijing's."""
    observation, warning = _read(cma, _bytes(PAGE, encoding))

    record, body = observation.record, observation.record.weather_observation
    assert record.name == "weather/weather.observation/58238"
    assert record.observed_at.ToJsonString() == "2026-07-01T09:35:00Z"
    assert (body.temperature_c, body.humidity_pct, body.station_pressure_hpa) == (24.6, 96, 1001)
    assert (body.wind_direction_deg, body.wind_speed_m_s) == (134, 6.4)
    rest = {one.code: one.text or one.value for one in body.measurements}
    assert rest == {"precipitation": 12.5, "windDirection": "东南风", "windScale": "4级"}
    assert not body.HasField("rain_1h_mm")
    assert warning.record.name == f"weather/weather.warning/{IDENTIFIER}"


def test_a_warning_is_mapped_whole(cma: CmaJson) -> None:
    """Colour, event, issuer, place."""
    _, translated = _read(cma, _bytes(PAGE))

    record, warning = translated.record, translated.record.weather_warning
    assert record.location.district == "320100"
    assert (warning.color, warning.event_type) == (weather.COLOR_ORANGE, "11B03")
    assert (warning.event, warning.sender) == ("暴雨", "南京市气象台")
    assert warning.state == weather.WARNING_STATE_IN_FORCE
    (info,) = warning.infos
    assert (info.severity, info.source_severity) == (weather.SEVERITY_SEVERE, "ORANGE")
    assert info.headline == ALARM["title"]
    assert info.effective_at.ToJsonString() == "2026-07-01T09:30:00Z"


def test_all_forms_of_a_warning_are_one(cma: CmaJson) -> None:
    """CAP, the page, the list and JSONP join by the identifier; CAP's time is not the earlier."""
    decoder = (cap := _Cap(_feed("weather/cap"), CapOptions())).decoder()
    decoder.feed(CHINESE_CAP.encode())
    (document,) = decoder.close()
    assert isinstance(document, CapDocument)
    (from_cap,) = (one.record for one in cap.translate(document))

    forms = [
        _read(cma, _bytes(PAGE))[1].record,
        _read(cma, _bytes({"data": [ALARM]}))[0].record,
        _read(cma, _jsonp(ALARMINFO))[0].record,
        _read(cma, _jsonp({"count": "1", "data": [ROW]}))[0].record,
    ]

    for record in forms:
        assert record.name == from_cap.name
        assert record.observed_at.ToDatetime() <= from_cap.observed_at.ToDatetime()
        warning = record.weather_warning
        assert warning.color == from_cap.weather_warning.color
        assert warning.event == from_cap.weather_warning.event
        assert warning.profile == from_cap.weather_warning.profile
        assert record.location.district == from_cap.location.district


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_jsonp_says_what_it_replaces_and_when_it_ends(cma: CmaJson, encoding: str) -> None:
    """An update supersedes the warning to which it refers."""
    update, earlier = _read(cma, _jsonp(ALARMINFO, encoding))

    assert update.record.expires_at.ToJsonString() == "2026-07-01T15:30:12Z"
    assert update.record.weather_warning.infos[0].description == ALARMINFO["ISSUECONTENT"]
    assert earlier.record.name.endswith(EARLIER)
    assert earlier.record.weather_warning.state == weather.WARNING_STATE_SUPERSEDED


def test_a_warning_that_is_lifted_is_cancelled(cma: CmaJson) -> None:
    """Where no msgType says so, the title does."""
    lifted = {**ALARM, "title": "南京市气象台解除暴雨橙色预警"}

    (translated,) = _read(cma, _bytes({"data": [lifted]}))

    assert translated.record.weather_warning.state == weather.WARNING_STATE_CANCELLED
    assert translated.record.HasField("expires_at")


def test_a_poll_that_says_the_same_is_the_same_message(cma: CmaJson) -> None:
    """Also when the service writes its fields in another order; a new value is another."""
    other_order = json.loads(json.dumps(PAGE, sort_keys=True))
    warmer = json.loads(json.dumps(PAGE))
    warmer["data"]["now"]["temperature"] = 24.9

    ids = [[one.message_id for one in _read(cma, _bytes(d))] for d in (PAGE, other_order, warmer)]

    assert ids[0] == ids[1]
    assert ids[0][0] != ids[2][0]
    assert ids[0][1] == ids[2][1]


def test_9999_is_no_measurement(cma: CmaJson) -> None:
    """The service writes it for what was not measured; numbers may be texts."""
    page = json.loads(json.dumps(PAGE))
    page["data"]["now"] |= {
        "temperature": 9999,
        "windSpeed": "0",
        "humidity": "",
        "pressure": "--",
    }

    body = _read(cma, _bytes(page))[0].record.weather_observation

    assert not body.HasField("temperature_c")
    assert not body.HasField("humidity_pct")
    assert not body.HasField("station_pressure_hpa")
    assert (body.wind_speed_m_s, body.HasField("wind_direction_deg")) == (0, False)


def test_a_bad_warning_costs_no_other(cma: CmaJson) -> None:
    """It is refused with its own bytes; the rest of the page stands."""
    page = json.loads(json.dumps(PAGE))
    page["data"]["alarm"] = [{"id": "8", "title": "x"}, "nonsense", ALARM]

    observation, nameless, nonsense, good = _messages(cma, _bytes(page))

    assert isinstance(observation, CmaItem)
    assert isinstance(nameless, CmaItem)
    assert nameless.raw == b'{"id": "8", "title": "x"}'
    with pytest.raises(Untranslatable, match="identifier of GB/T 35965"):
        list(cma.translate(nameless))
    assert isinstance(nonsense, Undecodable)
    assert nonsense.raw == b'"nonsense"'
    assert isinstance(good, CmaItem)
    assert len(list(cma.translate(good))) == 1


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (b"<html>404</html>", "json"),
        (b"[1]", "json"),
        (b'{"msg": "error"}', "shape"),
        (b'{"data": {"daily": []}}', "shape"),
        (b"var other={};", "shape"),
        (b"\xff\xff\xff", "encoding"),
        (b'{"data": {"alarm": 7}}', "json"),
        (b"[" * 20000, "json"),
        (b'{"data":' * 20000, "json"),
    ],
)
def test_other_documents_are_refused(cma: CmaJson, document: bytes, cause: str) -> None:
    """With a sentence that says what was expected."""
    (found,) = _messages(cma, document)

    assert isinstance(found, Undecodable)
    assert found.cause == cause
    assert "expected" in found.reason


def test_a_document_beyond_the_limit_is_refused() -> None:
    """Its beginning is kept."""
    small = CmaJson(_feed("weather/cma_json"), CmaJsonOptions(max_document_bytes=20))

    (found,) = _messages(small, b"x" * 15, b"y" * 15)

    assert isinstance(found, Undecodable)
    assert (found.cause, len(found.raw)) == ("oversize", 20)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.sampled_from([IDENTIFIER]),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(
            st.sampled_from([*PAGE["data"], *PAGE["data"]["now"], *ALARM, *ALARMINFO, "data"]),  # type: ignore[index,misc]
            below,
            max_size=8,
        )
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(JSON.map(_bytes) | JSON.map(_jsonp) | st.binary(max_size=60), st.integers(0, 60))
def test_no_document_breaks_it(cma: CmaJson, document: bytes, cut: int) -> None:
    """Whatever comes is a valid record, or refused with a reason; parting changes nothing."""
    messages = _messages(cma, document[:cut], document[cut:])

    assert messages == _messages(cma, document)
    for message in messages:
        if isinstance(message, Undecodable):
            assert message.reason
            continue
        with contextlib.suppress(Untranslatable):
            for translated in cma.translate(message):
                assert translated.record.name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ALARMINFO)), JSON))
def test_no_field_of_a_warning_breaks_it(cma: CmaJson, changed: dict[str, Any]) -> None:
    """A wrong field is refused by its name, or left out."""
    for message in _messages(cma, _jsonp({**ALARMINFO, **changed})):
        if isinstance(message, CmaItem):
            with contextlib.suppress(Untranslatable):
                list(cma.translate(message))


def test_blanks_without_end_in_a_call_are_gone_through_once(cma: CmaJson) -> None:
    """What closes a call is looked for at its end alone."""
    document = f"f({{{' ' * 1_000_000}x".encode()

    (refused,) = _messages(cma, document)

    assert isinstance(refused, Undecodable)
    assert refused.cause == "json"
