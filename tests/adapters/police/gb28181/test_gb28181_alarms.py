"""Alarms become incidents, all else reports of the device."""

import contextlib
from typing import Any

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.police.gb28181 import Notification
from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import Untranslatable
from liandong.incident.v1 import incident_pb2 as incident
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_GCJ02, COORDINATE_SYSTEM_WGS84
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID
from liandong.station.v1 import station_pb2 as station

CAMERA = "32010200001320000007"
INTRUSION = (
    "<Info><AlarmType>6</AlarmType><AlarmTypeParam><EventType>1</EventType></AlarmTypeParam></Info>"
)


def test_an_alarm_becomes_a_valid_incident(make: Any, read: Any, alarm: Any) -> None:
    """Local time becomes UTC; the priority is the level; the number says where it happened."""
    (translated,) = read(make(), alarm(info=INTRUSION))

    record = translated.record
    protovalidate.validate(record)
    assert record.name == f"police/incident.report/{CAMERA}-20260701201530-5.6"
    assert record.observed_at.ToJsonString() == "2026-07-01T12:15:30Z"
    assert record.quality.level == QUALITY_LEVEL_VALID
    body = record.incident
    assert body.occurred_at == record.observed_at
    assert (body.type, body.type_code) == ("入侵检测报警（进入区域）", "5.6")  # noqa: RUF001
    assert (body.level, body.lifecycle) == (incident.LEVEL_II, incident.LIFECYCLE_REPORTED)
    assert body.description == "翻越围墙"
    assert record.provenance.source_message_id == "17"
    assert record.location.district == "320102"
    assert record.location.point.latitude_deg == 32.0717
    assert record.location.point.source_coordinate_system == COORDINATE_SYSTEM_WGS84
    kept = {one.key: one.value for one in body.attributes}
    assert kept["device_type"] == "132 网络摄像机"
    assert kept["DeviceID"] == CAMERA


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"AlarmMethod": "2"}, ("设备报警", "2")),
        ({"AlarmMethod": "2", "AlarmType": "1"}, ("视频丢失报警", "2.1")),
        (
            {"AlarmMethod": "2", "AlarmType": "1", "info": "<Info><AlarmType>5</AlarmType></Info>"},
            ("设备低温报警", "2.5"),
        ),
        ({"AlarmMethod": "12"}, ("电话报警、设备报警", "12")),
        ({"AlarmMethod": "1/2"}, ("电话报警、设备报警", "1/2")),
        ({"AlarmMethod": "25", "AlarmType": "13"}, ("图像遮挡报警", "25.13")),
        ({"AlarmMethod": "6", "AlarmType": "2"}, ("存储设备风扇故障报警", "6.2")),
        ({"AlarmMethod": "5", "AlarmType": "99"}, ("视频报警", "5.99")),
        ({"AlarmMethod": "7", "AlarmType": "1"}, ("其他报警", "7.1")),
    ],
)
def test_what_a_type_means_depends_on_the_way(
    make: Any, read: Any, alarm: Any, elements: dict[str, str], said: tuple[str, str]
) -> None:
    """Ways may be written together; a type under Info goes before one beside it."""
    (found,) = read(make(), alarm(**elements))

    assert (found.record.incident.type, found.record.incident.type_code) == said


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"AlarmPriority": "9"}, "AlarmPriority '9'"),
        ({"AlarmPriority": None}, "AlarmPriority ''"),
        ({"AlarmMethod": "x"}, "AlarmMethod 'x'"),
        ({"DeviceID": "34"}, "DeviceID '34'"),
        ({"Latitude": "north"}, "Latitude 'north'"),
        ({"Latitude": "99"}, "Latitude '99'"),
        ({"Longitude": None}, "Longitude ''"),
    ],
)
def test_a_code_that_is_not_known_makes_the_alarm_suspect(
    make: Any, read: Any, alarm: Any, elements: dict[str, str | None], said: str
) -> None:
    """An alarm is not lost over a code."""
    (found,) = read(make(), alarm(**elements))

    protovalidate.validate(found.record)
    assert found.record.quality.level == QUALITY_LEVEL_SUSPECT
    assert said in found.record.quality.note


@pytest.mark.parametrize(
    ("elements", "field"),
    [
        ({"DeviceID": None}, "DeviceID"),
        ({"AlarmTime": None}, "AlarmTime"),
        ({"AlarmTime": "gestern"}, "AlarmTime"),
        ({"AlarmTime": "1970-01-01T00:00:00"}, "AlarmTime"),
    ],
)
def test_an_alarm_needs_a_device_and_a_time(
    make: Any, read: Any, alarm: Any, elements: dict[str, str | None], field: str
) -> None:
    """Nothing is guessed; the document goes to quarantine."""
    with pytest.raises(Untranslatable) as caught:
        read(make(), alarm(**elements))

    assert caught.value.field == field


@pytest.mark.parametrize("place", [("0.0", "0.0"), ("0.000", "0"), (None, None)])
def test_no_position_is_no_fault(
    make: Any, read: Any, alarm: Any, place: tuple[str | None, str | None]
) -> None:
    """Devices write 0.0, 0.0 when they do not know; then the city file says where they are."""
    devices = {CAMERA: {"title": "鼓楼东门", "latitude": 32.06, "longitude": 118.78}}
    content = alarm(Latitude=place[0], Longitude=place[1])

    (bare,) = read(make(), content)
    (known,) = read(make(devices=devices), content)

    assert not bare.record.location.HasField("point")
    assert bare.record.quality.level == QUALITY_LEVEL_VALID
    assert known.record.location.point.latitude_deg == 32.06
    assert known.record.location.address == "鼓楼东门"


def test_positions_in_gcj02_become_wgs84(make: Any, read: Any, alarm: Any) -> None:
    """The standard says WGS-84, and not every platform heeds it."""
    content = alarm(Latitude="32.0394612", Longitude="118.7726185")

    (found,) = read(make(coordinate_system="gcj02"), content)

    point = found.record.location.point
    assert point.latitude_deg == pytest.approx(32.0415, abs=1e-6)
    assert point.source_coordinate_system == COORDINATE_SYSTEM_GCJ02


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030", "utf-8"])
def test_every_encoding_of_the_standard_is_read(
    make: Any, read: Any, alarm: Any, encoding: str
) -> None:
    """GB 2312 by default; UTF-8 since 2022."""
    (found,) = read(make(), alarm(encoding=encoding))

    assert found.record.incident.description == "翻越围墙"


def test_descriptions_lose_numbers_of_people(make: Any, read: Any, alarm: Any) -> None:
    """A description is for departments, not a way to call who reported."""
    (found,) = read(make(), alarm(AlarmDescription="回拨13912345678"))

    assert found.record.incident.description == "回拨***"


def test_a_resend_is_a_duplicate_and_another_alarm_is_not(make: Any, read: Any, alarm: Any) -> None:
    """The same bytes are the same message."""
    first, again, other = read(make(), alarm() + alarm() + alarm(SN="18"))

    assert first.message_id == again.message_id != other.message_id


def test_an_alarm_is_answered_once_it_is_stored(make: Any, alarm: Any) -> None:
    """A.2.6.3: the acknowledgement repeats the number and the device."""
    adapter = make()
    (message,) = adapter.decoder().feed(alarm(SN="4&amp;2"))

    answer = adapter.answer(message, Outcome.STORED)

    assert b"<CmdType>Alarm</CmdType>\r\n<SN>4&amp;2</SN>" in answer
    assert f"<DeviceID>{CAMERA}</DeviceID>\r\n<Result>OK</Result>".encode() in answer


def test_a_keep_alive_is_a_report_of_its_arrival(make: Any, read: Any) -> None:
    """It says the same each time, and each time that the device lives."""
    content = (
        f"<Notify><CmdType>Keepalive</CmdType><SN>43</SN><DeviceID>{CAMERA}</DeviceID>"
        "<Status>ERROR</Status><Info><DeviceID>32010200001320000001</DeviceID>"
        "<DeviceID>32010200001320000002</DeviceID></Info></Notify>"
    ).encode()
    adapter = make()

    first, second = read(adapter, content), read(adapter, content)

    record = first[0].record
    protovalidate.validate(record)
    assert record.name == f"police/station.report/{CAMERA}"
    body = record.station_report
    assert (body.type, body.function) == (station.REPORT_TYPE_KEEP_ALIVE, "Keepalive")
    assert list(body.alarms) == [
        "status ERROR",
        "faulty device 32010200001320000001",
        "faulty device 32010200001320000002",
    ]
    assert first[0].message_id != second[0].message_id
    (message,) = adapter.decoder().feed(content)
    assert adapter.answer(message, Outcome.STORED) == b""


def test_faulty_devices_beyond_the_room_for_them_are_attributes(make: Any, read: Any) -> None:
    """The first are told as alarms, and none is lost."""
    listed = "".join(f"<DeviceID>{number}</DeviceID>" for number in range(70))
    document = f"<Notify><CmdType>Keepalive</CmdType><DeviceID>{CAMERA}</DeviceID><Info>{listed}"

    (found,) = read(make(), f"{document}</Info></Notify>".encode())

    body = found.record.station_report
    beyond = [one.value for one in body.attributes if one.key.startswith("Info/DeviceID[")]
    assert (len(body.alarms), beyond) == (64, ["64", "65", "66", "67", "68", "69"])


def test_a_list_too_long_for_a_report_says_what_it_leaves_out(make: Any, read: Any) -> None:
    """The schema has room for 2,048 attributes."""
    items = "<i>1</i>" * 3000

    (found,) = read(make(), f"<Notify><DeviceID>{CAMERA}</DeviceID>{items}</Notify>".encode())

    protovalidate.validate(found.record)
    last = found.record.station_report.attributes[-1]
    assert len(found.record.station_report.attributes) == 2048
    assert (last.key, last.value) == ("elements_left_out", "954")


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("<Notify><CmdType>MediaStatus</CmdType>{}</Notify>", station.REPORT_TYPE_EVENTS),
        ("<Notify><CmdType>Catalog</CmdType>{}</Notify>", station.REPORT_TYPE_EQUIPMENT),
        ("<Notify><CmdType>Vendor</CmdType>{}</Notify>", station.REPORT_TYPE_UNSPECIFIED),
        ("<Response><CmdType>Alarm</CmdType>{}</Response>", station.REPORT_TYPE_REPLY),
    ],
)
def test_whatever_else_is_said_is_kept(make: Any, read: Any, document: str, kind: int) -> None:
    """A report keeps what has no field of its own."""
    inner = f"<DeviceID>{CAMERA}</DeviceID><NotifyType>121</NotifyType>"

    (found,) = read(make(), document.format(inner).encode())

    protovalidate.validate(found.record)
    assert found.record.station_report.type == kind
    kept = {one.key: one.value for one in found.record.station_report.attributes}
    assert kept["NotifyType"] == "121"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 500),
    st.integers(0, 30),
    st.text("<>/&;. 0123456789-:TNotifyAlarm报", max_size=12),
)
def test_damaged_alarms_raise_nothing_but_their_own_error(
    make: Any, alarm: Any, at: int, cut: int, new: str
) -> None:
    """Whatever is wrong with an alarm, it becomes a record or goes to quarantine."""
    text = alarm(info=INTRUSION).decode("gb2312")
    adapter = make()
    decoder = adapter.decoder()
    damaged = (text[:at] + new + text[at + cut :]).encode("gb18030")

    for message in [*decoder.feed(damaged), *decoder.close()]:
        if isinstance(message, Notification):
            with contextlib.suppress(Untranslatable):
                assert list(adapter.translate(message))


@pytest.mark.parametrize(
    "written",
    ["2026-07-01 20:15:30", "2026-7-1T20:15:30", "2026/07/01 20:15:30", "20260701201530"],
)
def test_a_time_that_can_be_read_in_one_way_is_read(
    make: Any, read: Any, alarm: Any, written: str
) -> None:
    """An alarm is worth more than the form of its time."""
    (found,) = read(make(), alarm(AlarmTime=written))

    assert found.record.observed_at.ToJsonString() == "2026-07-01T12:15:30Z"


def test_a_time_that_cannot_be_is_told_as_it_was_written(make: Any, read: Any, alarm: Any) -> None:
    """A person looks for it in the document."""
    with pytest.raises(Untranslatable, match="AlarmTime is '2036-01-01T00:00:00'"):
        read(make(), alarm(AlarmTime="2036-01-01T00:00:00"))
