"""From position reports to records of vehicles."""

from datetime import UTC, datetime, timedelta
from typing import Any

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.transport.jt808 import Frame
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record
from liandong.traffic.v1 import traffic_pb2 as traffic
from tests.adapters.transport.jt808.jt808_frames import (
    NANJING,
    adapter,
    message,
    only_frame,
    packet,
    position,
    record,
    said,
)

VALIDATOR = protovalidate.Validator()


def test_a_position_becomes_a_vehicle() -> None:
    """Units are the schema's, the time is UTC, the entity the phone number."""
    extras = bytes.fromhex("0104000003e80202019030011f31010c")
    body = position(extras, alarm=0b11)

    seen = record(message(0x0200, body))

    assert seen.name == "transport/traffic.vehicle/13812345678"
    assert seen.observed_at.ToDatetime(UTC) == datetime(2024, 6, 1, 4, tzinfo=UTC)
    assert seen.location.district == "320100"
    point = seen.location.point
    assert (point.latitude_deg, point.longitude_deg, point.altitude_m) == (32.0415, 118.7674, 12)
    assert point.source_coordinate_system == place.COORDINATE_SYSTEM_WGS84
    assert seen.quality.level == quantity.QUALITY_LEVEL_VALID
    assert (seen.provenance.source_message_id, seen.provenance.format_version) == (
        "0200-7",
        "2011/2013",
    )
    vehicle = seen.traffic_vehicle
    assert vehicle.vehicle_id == "13812345678"
    assert (vehicle.speed_m_s, vehicle.course_deg) == (10, 90)
    assert (vehicle.mileage_km, vehicle.fuel_l) == (100, 40)
    assert (vehicle.has_fix, vehicle.ignition_on) == (True, True)
    assert list(vehicle.alarms) == ["emergency", "overspeed"]
    assert said(seen) == {"status": "00000003", "30": "31", "31": "12"}


def test_one_terminal_is_one_entity_in_every_edition() -> None:
    """The number is filled up with zeros to 12 digits, since 2019 to 20."""
    old, new = message(0x0200, position()), message(0x0200, position(), version=1)

    assert record(old).name == record(new).name


def test_south_and_west_are_negative() -> None:
    """Bits 2 and 3 of the status word turn the signs."""
    point = record(message(0x0200, position(status=0b1111))).location.point

    assert (point.latitude_deg, point.longitude_deg) == (-32.0415, -118.7674)


@pytest.mark.parametrize(
    ("status", "where", "level", "kept"),
    [
        (
            0b01,
            NANJING,
            quantity.QUALITY_LEVEL_MISSING,
            {"latitude": "32.0415", "longitude": "118.7674"},
        ),
        (0b11, (0, 0), quantity.QUALITY_LEVEL_MISSING, {}),
        (0b00, (0, 0), quantity.QUALITY_LEVEL_MISSING, {}),
        (
            0b11,
            (91_000_000, 0),
            quantity.QUALITY_LEVEL_INVALID,
            {"latitude": "91.0", "longitude": "0.0"},
        ),
    ],
)
def test_without_a_fix_there_is_no_point(
    status: int, where: tuple[int, int], level: int, kept: dict[str, str]
) -> None:
    """No vehicle is shown in the Gulf of Guinea; what the terminal believes is an attribute."""
    seen = record(message(0x0200, position(status=status, where=where)))

    assert not seen.location.HasField("point")
    assert not seen.traffic_vehicle.has_fix
    assert seen.quality.level == level
    assert seen.quality.note
    assert said(seen) == {"status": f"{status:08X}", **kept}


def test_shifted_points_become_wgs84() -> None:
    """By the feed's option, or because the terminal says so by bit 5 of its status."""
    by_option = record(message(0x0200, position()), adapter(coordinates="gcj02"))
    by_bit = record(message(0x0200, position(status=0b100011)))

    for seen in (by_option, by_bit):
        point = seen.location.point
        assert point.source_coordinate_system == place.COORDINATE_SYSTEM_GCJ02
        assert point.latitude_deg == pytest.approx(32.0435, abs=1e-3)
        assert point.latitude_deg != 32.0415


def test_a_known_terminal_has_plate_type_and_district() -> None:
    """The city file says which vehicle carries a terminal."""
    known = {"plate": "苏A12345", "title": "Bus 31", "kind": "bus", "district": "320102"}
    jt808 = adapter(vehicles={"13812345678": known})

    seen = record(message(0x0200, position()), jt808)

    assert seen.traffic_vehicle.plate == "苏A12345"
    assert seen.traffic_vehicle.type == traffic.VEHICLE_TYPE_BUS
    assert (seen.location.address, seen.location.district) == ("Bus 31", "320102")


@pytest.mark.parametrize("phone", ["013812345678", "138 1234 5678", "+8613812345678", ""])
def test_what_is_no_terminals_number_stops_the_feed_at_its_start(phone: str) -> None:
    """It would never be found, and the vehicle would have no plate without a word."""
    with pytest.raises(FeedMisconfigured, match="without zeros in front"):
        adapter(vehicles={phone: {"plate": "苏A12345"}})


def test_extras_of_vendors_are_kept() -> None:
    """Under their id in hexadecimal digits, and so are bytes after the last whole one."""
    seen = record(message(0x0200, position(bytes.fromhex("e10200ff0302012ceb09aa"))))

    assert said(seen) == {"status": "00000003", "E1": "00FF", "03": "30.0", "trailing": "EB09AA"}


def test_a_known_extra_of_another_length_is_kept_as_it_is() -> None:
    """A mileage of two bytes is no mileage."""
    seen = record(message(0x0200, position(bytes.fromhex("01020001"))))

    assert not seen.traffic_vehicle.HasField("mileage_km")
    assert said(seen)["01"] == "0001"


@pytest.mark.parametrize(
    "time", ["000000000000", "249901120000", "ab0601120000", "991231235959", "061016120000"]
)
def test_an_impossible_time_is_replaced_by_that_of_arrival(time: str) -> None:
    """The position is as new as its message; the note says what the clock said.

    A receiver whose count of weeks began anew is 1,024 weeks behind: in 2006.
    """
    seen = record(message(0x0200, position(time=time)))

    assert datetime.now(UTC) - seen.observed_at.ToDatetime(UTC) < timedelta(minutes=1)
    assert seen.quality.level == quantity.QUALITY_LEVEL_SUSPECT
    assert time in seen.quality.note


@pytest.mark.parametrize(("written", "metres"), [(12, 12), (0xFFF6, -10), (0x8000, -32768)])
def test_below_the_sea_the_altitude_is_negative(written: int, metres: int) -> None:
    """Its highest bit is its sign."""
    body = position()

    seen = record(message(0x0200, body[:16] + written.to_bytes(2, "big") + body[18:]))

    assert seen.location.point.altitude_m == metres


def test_what_a_terminal_does_not_know_is_no_number() -> None:
    """All ones say so; what was written is kept."""
    body = position(bytes.fromhex("0104FFFFFFFF0202FFFF"), speed=0xFFFF)

    seen = record(message(0x0200, body[:16] + b"\xff\xff" + body[18:]))

    vehicle: Any = seen.traffic_vehicle
    assert not seen.location.point.HasField("altitude_m")
    assert not any(map(vehicle.HasField, ("speed_m_s", "mileage_km", "fuel_l")))
    kept = said(seen)
    assert (kept["speed_km_h"], kept["01"], kept["02"]) == ("6553.5", "FFFFFFFF", "FFFF")


@pytest.mark.parametrize("where", [(0, 118_767_400), (32_041_500, 0), (0, 0)])
def test_a_coordinate_of_0_is_none(where: tuple[int, int]) -> None:
    """It was never set; the other one is kept where it is not 0."""
    seen = record(message(0x0200, position(where=where)))

    assert not seen.location.HasField("point")
    assert seen.quality.level == quantity.QUALITY_LEVEL_MISSING
    assert "gives 0" in seen.quality.note


def test_a_body_that_is_too_short_is_refused() -> None:
    """The reason says how many bytes there are."""
    with pytest.raises(Untranslatable, match=r"28 bytes at least; there are 27"):
        record(message(0x0200, position()[:-1]))


@pytest.mark.parametrize("message_id", [0x0201, 0x0500])
def test_answers_that_hold_a_position_are_positions(message_id: int) -> None:
    """Before it stands the serial number of what they answer."""
    seen = record(message(message_id, b"\x00\x2a" + position()))

    assert seen.traffic_vehicle.has_fix
    assert said(seen)["reply_serial"] == "42"


@settings(max_examples=200)
@given(
    st.binary(min_size=28, max_size=60)
    | st.binary(min_size=28, max_size=1023)
    | st.builds(position, st.binary(max_size=60), status=st.integers(0, 63))
    | st.builds(position, st.just(b"\xe1\x00" * 400))
)
def test_every_record_with_a_shape_holds_what_the_schema_says(body: bytes) -> None:
    """The shape's promise: the pipeline checks the first of a shape and trusts the others."""
    (one,) = adapter().translate(only_frame(message(0x0200, body)))

    assert one.shape is not None
    assert VALIDATOR.collect_violations(one.record) == []


def test_the_longest_position_holds_what_the_schema_says() -> None:
    """A split report with nothing in it that is an extra still fits its attributes."""
    jt808 = adapter(longest_message=393_216)
    body = position(b"\xe1\x00" * 128 + b"\xe1\xff" + b"\x00" * 100)
    body += b"\xe1\x00" * ((390_000 - len(body)) // 2)
    chunks = [body[at : at + 1023] for at in range(0, len(body), 1023)]
    last: list[Record] = []
    for number, chunk in enumerate(chunks, 1):
        frame = only_frame(packet(0x0200, chunk, number, len(chunks)))
        assert isinstance(frame, Frame)
        last = [one.record for one in jt808.translate(frame)]

    assert len(last) == 2
    assert [VALIDATOR.collect_violations(one) for one in last] == [[], []]
