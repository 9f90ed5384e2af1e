"""Frames made for the tests, and what turns them into records."""

import struct
from typing import Any

from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.message import Undecodable
from adapters.transport.jt809 import Frame, Jt809, Jt809Decoder, Jt809Options
from adapters.transport.jt809.frame import framed
from liandong.record.v1.record_pb2 import Record

ACCESS = 20180920
PLATE = "苏A12345"
OWNER = PLATE.encode("gbk").ljust(21, b"\x00") + b"\x02"
SENT = 1_717_214_400
"""2024-06-01T04:00:00Z."""


def adapter(**options: Any) -> Jt809:
    """Return an adapter with these options."""
    config = FeedConfig(
        id="transport.jt809",
        adapter="transport/jt809",
        agency="transport",
        source="tcp://127.0.0.1:0",
        district="320100",
        options=options,
    )
    return Jt809(config, options_of(config, "options", Jt809Options))


def message(
    kind: int, body: bytes = b"", *, serial: int = 7, edition: str = "2011", access: int = ACCESS
) -> bytes:
    """Write a frame."""
    sender = Frame(b"", 0, kind, access, b"\x01\x00\x00", edition, 0, None, b"")
    return framed(sender, kind, serial, SENT, body)


def exchange(
    subtype: int, data: bytes, *, owner: bytes = OWNER, edition: str = "2011", serial: int = 7
) -> bytes:
    """Write a frame with a sub-message."""
    body = owner + struct.pack(">HI", subtype, len(data)) + data
    return message(subtype & 0xFF00, body, edition=edition, serial=serial)


def own_position(
    *, encrypted: int = 0, status: int = 0b11, day: int = 1, hour: int = 12, speed: int = 36
) -> bytes:
    """Write the 36 bytes of a position of 2011: 2024-06-01, Nanjing."""
    when = struct.pack(">BBBHBBB", encrypted, day, 6, 2024, hour, 0, 0)
    where = struct.pack(">IIHHIHH", 118_767_400, 32_041_500, speed, 35, 1234, 90, 12)
    return when + where + struct.pack(">II", status, 1)


def position(*, status: int = 0b11, time: str = "240601120000") -> bytes:
    """Write the body of a JT/T 808 position: Nanjing, 10 m/s."""
    words = struct.pack(">IIIIHHH", 1, status, 32_041_500, 118_767_400, 12, 360, 90)
    return words + bytes.fromhex(time)


def new_position(gnss: bytes = position(), platforms: bytes = bytes(45)) -> bytes:
    """Write a position of 2019: a JT/T 808 position with its length, and three platforms."""
    return b"\x00" + len(gnss).to_bytes(4, "big") + gnss + platforms


def login(user: int = 42, password: bytes = b"secret", *, edition: str = "2011") -> bytes:
    """Write a login."""
    access = ACCESS.to_bytes(4, "big") if edition == "2019" else b""
    body = struct.pack(">I8s", user, password) + access
    return message(0x1001, body + struct.pack(">32sH", b"127.0.0.1", 809), edition=edition)


def whole(raw: bytes, longest: int = 65_536) -> list[Frame | Undecodable]:
    """Decode all of a connection's bytes at once."""
    decoder = Jt809Decoder(longest)
    return decoder.feed(raw) + decoder.close()


def only_frame(raw: bytes) -> Frame:
    """Decode what holds one good frame."""
    (piece,) = whole(raw)
    assert isinstance(piece, Frame), piece
    return piece


def records(raw: bytes, jt809: Jt809 | None = None) -> list[Record]:
    """Return the records of a good frame."""
    return [one.record for one in (jt809 or adapter()).translate(only_frame(raw))]


def record(raw: bytes, jt809: Jt809 | None = None) -> Record:
    """Return the record of a good frame that makes one."""
    (one,) = records(raw, jt809)
    return one


def said(record: Record) -> dict[str, str]:
    """Return a record's attributes."""
    body = record.station_report if record.HasField("station_report") else record.traffic_vehicle
    return {attribute.key: attribute.value for attribute in body.attributes}
