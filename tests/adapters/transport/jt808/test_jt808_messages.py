"""What terminals send beside positions, and what is refused."""

import struct

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.transport.jt808.answers import code_for
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1 import record_pb2
from liandong.station.v1 import station_pb2 as station
from tests.adapters.transport.jt808.jt808_frames import (
    NOON,
    PHONE,
    adapter,
    closed,
    message,
    only_frame,
    position,
    record,
    records,
    said,
)

PLATE = "苏A12345"
VALIDATOR = protovalidate.Validator()


def registration(maker: int, model: int, terminal: int) -> bytes:
    """Write the body of a registration with fields of these sizes."""
    fields = ((b"MAKER", maker), (b"MODEL", model), (b"T1", terminal))
    texts = b"".join(text.ljust(size, b"\x00") for text, size in fields)
    return struct.pack(">HH", 32, 100) + texts + b"\x01" + PLATE.encode("gbk")


@pytest.mark.parametrize(
    ("sizes", "version"), [((5, 8, 7), -1), ((5, 20, 7), -1), ((11, 30, 30), 1)]
)
def test_registrations_of_each_edition_are_read(sizes: tuple[int, int, int], version: int) -> None:
    """2011 and 2013 have one header; the body's length tells them apart."""
    seen = record(message(0x0100, registration(*sizes), version=version))

    assert seen.station_report.type == station.REPORT_TYPE_EQUIPMENT
    assert seen.station_report.function == "0100"
    assert said(seen) == {
        "province": "32",
        "city": "100",
        "manufacturer": "MAKER",
        "model": "MODEL",
        "terminal_id": "T1",
        "plate_color": "1",
        "plate": PLATE,
    }


def test_a_heartbeat_is_a_sign_of_life() -> None:
    """It has no body, and is a record like any other."""
    seen = record(message(0x0002))

    assert seen.name == "transport/station.report/13812345678"
    assert seen.station_report.type == station.REPORT_TYPE_KEEP_ALIVE


def test_an_authentication_code_is_not_shared() -> None:
    """It is a credential; only whether it is the issued one is told."""
    issued = code_for("transport.jt808", PHONE.lstrip("0")).encode()
    right, wrong = record(message(0x0102, issued)), record(message(0x0102, b"guess"))

    assert said(right) == {"code_issued": "true"}
    assert said(wrong) == {"code_issued": "false"}
    assert issued not in right.SerializeToString()


def test_an_authentication_of_2019_tells_imei_and_software() -> None:
    """Its code has its length before it."""
    body = b"\x05guess" + b"123456789012345" + b"V1.2".ljust(20, b"\x00")

    seen = record(message(0x0102, body, version=1))

    assert said(seen) == {"imei": "123456789012345", "software": "V1.2", "code_issued": "false"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\x02" + bytes.fromhex(NOON), {"status": "2", "time": NOON}),
        (
            b"\x04" + "张三".encode("gbk") + b"ID".ljust(20) + b"C1".ljust(40) + b"\x02AB",
            {"name": "张三", "id_card": "ID", "certificate": "C1", "issuer": "AB"},
        ),
    ],
)
def test_who_drives_is_confidential(body: bytes, expected: dict[str, str]) -> None:
    """A report of 2013 has a time, one of 2011 begins with the name; both are personal."""
    seen = record(message(0x0702, body))

    assert said(seen) == expected
    assert seen.classification == record_pb2.CLASSIFICATION_CONFIDENTIAL


def test_a_message_of_a_vendor_is_a_report() -> None:
    """What the standard does not know is kept as it came."""
    seen = record(message(0x6006, b"\x00\xff"))

    assert seen.station_report.function == "6006"
    assert said(seen) == {"content": "00FF"}


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_a_plate_is_read_in_gbk_and_in_utf_8(encoding: str) -> None:
    """The standard's STRING is GBK; terminals that write UTF-8 mean the same plate."""
    head = struct.pack(">HH", 32, 100) + bytes(32) + b"\x02"

    seen = record(message(0x0100, head + "苏A12345".encode(encoding)))

    assert said(seen)["plate"] == "苏A12345"


def test_text_that_is_no_gbk_is_kept_as_bytes() -> None:
    """Characters are never replaced silently."""
    seen = record(message(0x0701, b"\x00\x00\x00\x02\xff\xff"))

    assert said(seen) == {"length": "2", "waybill_hex": "FFFF"}


def test_each_position_of_a_batch_is_a_record() -> None:
    """0704 holds bodies of position reports, each with its length before it."""
    items = [position(time=f"24060112000{second}") for second in range(3)]
    body = b"\x00\x03\x01" + b"".join(len(one).to_bytes(2, "big") + one for one in items)

    seen = records(message(0x0704, body))

    assert [one.observed_at.seconds % 60 for one in seen] == [0, 1, 2]
    assert {said(one)["batch_type"] for one in seen} == {"1"}
    assert {one.quality.level for one in seen} == {quantity.QUALITY_LEVEL_VALID}


@pytest.mark.parametrize("time", ["000000000000", "061016120000"])
def test_a_late_position_without_a_time_replaces_nothing(time: str) -> None:
    """Dated by its arrival it would stand before newer ones; so it is a report."""
    body = b"\x00\x01\x01\x00\x1c" + position(time=time)

    seen = record(message(0x0704, body))

    assert seen.station_report.function == "0704"
    assert seen.quality.level == quantity.QUALITY_LEVEL_INVALID
    assert said(seen)["content"] == position(time=time).hex().upper()


def test_an_empty_batch_is_a_record() -> None:
    """Every valid message becomes at least one."""
    assert said(record(message(0x0704, b"\x00\x00\x00"))) == {"type": "0", "trailing": ""}


ITEM = b"\x00\x1c" + position()


@pytest.mark.parametrize(
    ("body", "positions", "count"),
    [
        (b"\x00\x02\x01" + ITEM, 1, "2, and 1 came"),
        (b"\x00\x02\x01" + ITEM + ITEM[:9], 1, "2, and 1 came"),
        (b"\x00\x01\x01" + ITEM * 3, 3, "1, and 3 came"),
        (b"\x00\x01\x01" + ITEM + b"\x00\x00", 1, None),
    ],
)
def test_a_batch_that_miscounts_loses_no_position(
    body: bytes, positions: int, count: str | None
) -> None:
    """Each position has its own length; that there are more or fewer is told beside them."""
    *vehicles, report = records(message(0x0704, body))

    assert [one.HasField("traffic_vehicle") for one in vehicles] == [True] * positions
    assert said(report).get("count") == count


def test_a_position_too_short_in_a_batch_costs_itself_alone() -> None:
    """Its bytes are kept in a report that says so."""
    body = b"\x00\x02\x01" + b"\x00\x04\x01\x02\x03\x04" + ITEM

    short, whole = records(message(0x0704, body))

    assert short.quality.level == quantity.QUALITY_LEVEL_INVALID
    assert said(short)["content"] == "01020304"
    assert whole.location.HasField("point")


@pytest.mark.parametrize("body", [b"\x00\x01", b"\x00\x02\x01" + ITEM[:9]])
def test_a_batch_without_any_position_is_refused(body: bytes) -> None:
    """Its count announces what is not there."""
    with pytest.raises(Untranslatable) as caught:
        records(message(0x0704, body))

    assert caught.value.cause == "body"


MEDIA = struct.pack(">IBBBB", 9, 0, 0, 1, 2)


def test_multimedia_with_a_position_is_two_records() -> None:
    """Since 2013 the place stands before the content."""
    vehicle, report = records(message(0x0801, MEDIA + position() + b"\xff\xd8jpeg"))

    assert vehicle.location.point.latitude_deg == 32.0415
    assert said(report)["content"] == b"\xff\xd8jpeg".hex().upper()


def test_multimedia_of_2011_has_no_position() -> None:
    """Its content begins at once."""
    seen = record(message(0x0801, MEDIA + b"\xff\xd8" + b"\xff" * 40))

    assert said(seen)["content"].startswith("FFD8FF")


@pytest.mark.parametrize(("bits", "name"), [(1, "RSA"), (2, "010")])
def test_an_encrypted_body_is_refused(bits: int, name: str) -> None:
    """There is no key here; the bytes go to quarantine whole."""
    head = struct.pack(">HH6sH", 0x0200, 28 | bits << 10, bytes.fromhex(PHONE), 7)

    with pytest.raises(Untranslatable, match=name) as caught:
        records(closed(head + position()))

    assert caught.value.cause == "encrypted"


def test_a_platforms_message_is_refused() -> None:
    """From 8000 on they go to terminals, and none sends one."""
    with pytest.raises(Untranslatable, match="8001") as caught:
        records(message(0x8001, b"\x00\x07\x02\x00\x00"))

    assert caught.value.cause == "direction"


def test_a_body_shorter_than_its_layout_is_refused() -> None:
    """The reason names the field that is cut."""
    with pytest.raises(Untranslatable, match="terminal_id") as caught:
        records(message(0x0100, bytes(20)))

    assert caught.value.cause == "body"


KNOWN = st.sampled_from([0x0001, 0x0002, 0x0100, 0x0102, 0x0107, 0x0702, 0x0704, 0x0801, 0x0805])


@settings(max_examples=200)
@given(KNOWN | st.integers(0, 0xFFFF), st.binary(max_size=120), st.sampled_from([-1, 1]))
def test_any_body_becomes_valid_records_or_is_untranslatable(
    message_id: int, body: bytes, version: int
) -> None:
    """Nothing else comes out of translating, and what comes out holds the schema."""
    frame = only_frame(message(message_id, body, version=version))
    refused = ""
    translated: list[Translated] = []
    try:
        translated += adapter().translate(frame)
    except Untranslatable as error:
        refused = error.cause

    assert bool(translated) != bool(refused)
    assert refused in {"", "direction", "body", "id"}
    assert not any(VALIDATOR.collect_violations(one.record) for one in translated)


def test_text_ends_at_its_first_zero() -> None:
    """What stands behind it is whatever was in the terminal's memory."""
    head = b"\x00\x20\x00\x64" + b"ABCDE" + b"MODEL\x00junk".ljust(20, b"x") + b"1234567\x02"

    seen = record(message(0x0100, head + "苏A12345".encode("gbk")))

    assert said(seen)["model"] == "MODEL"
