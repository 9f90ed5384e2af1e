"""From frames to records of vehicles and reports."""

import struct
from datetime import UTC, datetime, timedelta

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1 import record_pb2
from liandong.station.v1 import station_pb2 as station
from tests.adapters.transport.jt809.jt809_frames import (
    ACCESS,
    OWNER,
    PLATE,
    SENT,
    adapter,
    exchange,
    message,
    new_position,
    only_frame,
    own_position,
    position,
    record,
    records,
    said,
)

VALIDATOR = protovalidate.Validator()
NOON = datetime(2024, 6, 1, 4, tzinfo=UTC)


def test_a_position_of_2011_becomes_a_vehicle() -> None:
    """The entity is plate and colour; speed is in km/h, mileage in km, the time GMT+8."""
    seen = record(exchange(0x1202, own_position()))

    assert seen.name == "transport/traffic.vehicle/%E8%8B%8FA12345-2"
    assert seen.observed_at.ToDatetime(UTC) == NOON
    point = seen.location.point
    assert (point.latitude_deg, point.longitude_deg, point.altitude_m) == (32.0415, 118.7674, 12)
    vehicle = seen.traffic_vehicle
    assert (vehicle.vehicle_id, vehicle.plate) == (f"{PLATE}-2", PLATE)
    assert (vehicle.speed_m_s, vehicle.course_deg, vehicle.mileage_km) == (10, 90, 1234)
    assert list(vehicle.alarms) == ["emergency"]
    assert said(seen) == {"status": "00000003", "recorder_speed_km_h": "35"}
    assert seen.provenance.format_version == "2011"


def test_a_position_of_2019_becomes_a_vehicle() -> None:
    """Within it is a JT/T 808 position; after it what platforms say of it."""
    platforms = struct.pack(">11sI", b"32010000001", 2) + bytes(30)
    data = new_position(platforms=platforms)

    seen = record(exchange(0x1202, data, edition="2019"))

    assert seen.observed_at.ToDatetime(UTC) == NOON
    assert seen.provenance.sent_at.seconds == SENT
    assert seen.traffic_vehicle.speed_m_s == 10
    assert said(seen) == {
        "status": "00000003",
        "platform_1": "32010000001",
        "alarm_1": "00000002",
    }


def test_the_form_of_2011_within_a_frame_of_2019_is_read() -> None:
    """Some platforms send it: 35 bytes, without the first of the 36."""
    seen = record(exchange(0x1202, new_position(own_position()[1:]), edition="2019"))

    assert seen.observed_at.ToDatetime(UTC) == NOON
    assert seen.traffic_vehicle.mileage_km == 1234


def test_an_encrypted_position_is_moved_back() -> None:
    """The first byte says that the secrecy plug-in of maps has moved it."""
    seen = record(exchange(0x1202, own_position(encrypted=1)))

    point = seen.location.point
    assert point.source_coordinate_system == place.COORDINATE_SYSTEM_GCJ02
    assert point.latitude_deg == pytest.approx(32.0435, abs=1e-3)


def test_without_a_fix_there_is_no_point() -> None:
    """The status word is that of JT/T 808."""
    seen = record(exchange(0x1202, own_position(status=1)))

    assert not seen.location.HasField("point")
    assert seen.quality.level == quantity.QUALITY_LEVEL_MISSING


@pytest.mark.parametrize(("day", "hour"), [(32, 12), (1, 24), (200, 12)])
def test_an_impossible_time_is_replaced_by_that_of_arrival(day: int, hour: int) -> None:
    """The position is as new as its message, and suspect."""
    seen = record(exchange(0x1202, own_position(day=day, hour=hour)))

    assert datetime.now(UTC) - seen.observed_at.ToDatetime(UTC) < timedelta(minutes=1)
    assert seen.quality.level == quantity.QUALITY_LEVEL_SUSPECT


@pytest.mark.parametrize(
    ("items", "edition"),
    [
        ([own_position(hour=hour) for hour in (10, 11, 12)], "2011"),
        ([new_position(position(time=f"240601{hour}0000")) for hour in (10, 11, 12)], "2019"),
    ],
)
def test_each_position_of_a_batch_is_a_record(items: list[bytes], edition: str) -> None:
    """1203 is what was kept while the link was down."""
    seen = records(exchange(0x1203, b"\x03" + b"".join(items), edition=edition))

    times = [one.observed_at.ToDatetime(UTC) for one in seen]
    assert times == [NOON - timedelta(hours=hours) for hours in (2, 1, 0)]


def test_a_late_position_without_a_time_replaces_nothing() -> None:
    """It is a report; the others of its batch are vehicles."""
    bad, good = records(exchange(0x1203, b"\x02" + own_position(day=32) + own_position()))

    assert bad.station_report.function == "1203"
    assert bad.quality.level == quantity.QUALITY_LEVEL_INVALID
    assert good.HasField("traffic_vehicle")


@pytest.mark.parametrize(
    ("subtype", "data"),
    [(0x1202, own_position()[:-1]), (0x1202, b""), (0x1203, b"\x02" + own_position()[:-1])],
)
def test_a_position_that_is_cut_is_refused(subtype: int, data: bytes) -> None:
    """Its raw bytes go to quarantine."""
    with pytest.raises(Untranslatable) as caught:
        records(exchange(subtype, data))

    assert caught.value.cause == "body"


@pytest.mark.parametrize("cut", [b"", own_position()[:-1]])
def test_a_batch_that_miscounts_loses_no_position(cut: bytes) -> None:
    """What is whole is a vehicle's; how many were announced, and the rest, are a report."""
    seen, lost = records(exchange(0x1203, b"\x03" + own_position() + cut))

    assert seen.HasField("traffic_vehicle")
    assert said(lost) == {"announced": "3", "trailing": cut.hex().upper()}


def test_a_position_of_2019_may_lack_its_platforms() -> None:
    """Its own length says where it ends."""
    seen = record(exchange(0x1202, new_position(position(), b""), edition="2019"))

    assert seen.traffic_vehicle.speed_m_s == 10
    assert seen.observed_at.ToDatetime(UTC) == NOON


@pytest.mark.parametrize("plate", ["苏A12345", "苏a12345", "苏A·12345", "苏A-12345", "苏A 12345"])
def test_a_plate_is_one_however_it_is_written(plate: str) -> None:
    """A vehicle that two platforms report is one vehicle."""
    owner = plate.encode("gbk").ljust(21, b"\x00") + b"\x02"

    seen = record(exchange(0x1202, own_position(), owner=owner))

    assert seen.traffic_vehicle.vehicle_id == "苏A12345-2"
    assert seen.traffic_vehicle.plate == "苏A12345"


def test_a_plate_ends_at_its_first_zero() -> None:
    """What stands behind it is whatever was in the platform's memory."""
    owner = ("苏A12345".encode("gbk") + b"\x00").ljust(21, b"q") + b"\x02"

    assert record(exchange(0x1202, own_position(), owner=owner)).traffic_vehicle.plate == PLATE


def test_a_year_of_two_digits_is_of_this_century() -> None:
    """It has two bytes, and some write 24 into them."""
    body = own_position()

    seen = record(exchange(0x1202, body[:3] + b"\x00\x18" + body[5:]))

    assert seen.observed_at.ToDatetime(UTC) == NOON


def test_a_mileage_that_a_platform_does_not_know_is_none() -> None:
    """All ones say so, of a speed too."""
    body = own_position(speed=0xFFFF)

    seen = record(exchange(0x1202, body[:20] + b"\xff" * 4 + body[24:])).traffic_vehicle

    assert not seen.HasField("mileage_km")
    assert not seen.HasField("speed_m_s")


def test_a_registration_is_a_report_of_the_vehicle() -> None:
    """1201 says which terminal a vehicle has."""
    data = b"".join(
        text.ljust(size, b"\x00")
        for text, size in ((b"P", 11), (b"M", 11), (b"T", 20), (b"ID", 7), (b"013812345678", 12))
    )

    seen = record(exchange(0x1201, data))

    assert seen.station_report.station_id == f"{PLATE}-2"
    assert said(seen)["sim"] == "013812345678"


def test_an_alarm_of_2019_names_its_vehicle_itself() -> None:
    """It has no plate before it; its time is UTC seconds."""
    data = struct.pack(">11sHQQQ", b"P1", 0xA001, SENT, SENT, SENT) + OWNER
    data += struct.pack(">11sII", b"", 0, 4) + "超速".encode("gbk")

    seen = record(exchange(0x1402, data, owner=b"", edition="2019"))

    assert seen.station_report.station_id == f"{PLATE}-2"
    assert seen.observed_at.seconds == SENT
    assert said(seen)["info"] == "超速"


def test_an_alarm_of_2011_stands_after_its_vehicle() -> None:
    """Source, type, time, number and text."""
    data = struct.pack(">BHQII", 1, 2, SENT, 5, 0)

    seen = record(exchange(0x1402, data))

    assert seen.name.endswith("/station.report/%E8%8B%8FA12345-2")
    assert said(seen)["alarm_type"] == "0002"


def test_who_drives_is_confidential() -> None:
    """120A and 120C tell names and numbers."""
    seen = record(exchange(0x120A, b"name"))

    assert seen.classification == record_pb2.CLASSIFICATION_CONFIDENTIAL


def test_a_link_test_is_a_sign_of_life_of_its_platform() -> None:
    """Its entity is the platform's access code."""
    seen = record(message(0x1005))

    assert seen.name == f"transport/station.report/{ACCESS}"
    assert seen.station_report.type == station.REPORT_TYPE_KEEP_ALIVE


def test_a_superior_platforms_message_is_refused() -> None:
    """From 8000 on they go down, and none comes up."""
    with pytest.raises(Untranslatable, match="9400") as caught:
        records(exchange(0x9401, b"x"))

    assert caught.value.cause == "direction"


@pytest.mark.parametrize(("plate", "cause"), [(b"\xff\xff\xff", "encoding"), (b"", "plate")])
def test_a_position_without_a_readable_plate_is_refused(plate: bytes, cause: str) -> None:
    """It could not be told whose it is."""
    owner = plate.ljust(21, b"\x00") + b"\x02"

    with pytest.raises(Untranslatable) as caught:
        records(exchange(0x1202, own_position(), owner=owner, edition="2019"))

    assert caught.value.cause == cause


SUBTYPES = st.sampled_from([0x1201, 0x1202, 0x1203, 0x120A, 0x1301, 0x1402, 0x1701])
BODIES = (
    st.builds(
        exchange, SUBTYPES, st.binary(max_size=150), edition=st.sampled_from(["2011", "2019"])
    )
    | st.builds(
        exchange, SUBTYPES, st.binary(max_size=150), owner=st.binary(min_size=22, max_size=22)
    )
    | st.builds(exchange, SUBTYPES, st.binary(min_size=78, max_size=90), owner=st.just(b""))
    | st.builds(exchange, st.just(0x1202), st.binary(min_size=36, max_size=36))
    | st.builds(
        exchange,
        st.just(0x1202),
        st.builds(
            new_position, st.binary(min_size=28, max_size=60), st.binary(min_size=45, max_size=45)
        ),
    )
    | st.builds(message, st.integers(0x1001, 0x1FFF), st.binary(max_size=80))
)


@settings(max_examples=300)
@given(BODIES)
def test_any_body_becomes_valid_records_or_is_untranslatable(raw: bytes) -> None:
    """Nothing else comes out of translating, and what comes out holds the schema."""
    refused = ""
    translated: list[Translated] = []
    try:
        translated += adapter().translate(only_frame(raw))
    except Untranslatable as error:
        refused = error.cause

    assert bool(translated) != bool(refused)
    assert refused in {"", "body", "plate", "encoding", "id"}
    assert not any(VALIDATOR.collect_violations(one.record) for one in translated)
