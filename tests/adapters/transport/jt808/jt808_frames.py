"""Frames made for the tests, and what turns them into records."""

import struct
from typing import Any

from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.message import Undecodable
from adapters.transport.jt808 import Frame, Jt808, Jt808Decoder, Jt808Options, framed
from liandong.record.v1.record_pb2 import Record

PHONE = "013812345678"
NOON = "240601120000"
NANJING = (32_041_500, 118_767_400)
FIXED = 0b11
"""Ignition on, satellite fix."""


def adapter(**options: Any) -> Jt808:
    """Return an adapter with these options."""
    config = FeedConfig(
        id="transport.jt808",
        adapter="transport/jt808",
        agency="transport",
        source="tcp://127.0.0.1:0",
        district="320100",
        options=options,
    )
    return Jt808(config, options_of(config, "options", Jt808Options))


def position(
    extras: bytes = b"",
    *,
    alarm: int = 0,
    status: int = FIXED,
    where: tuple[int, int] = NANJING,
    speed: int = 360,
    course: int = 90,
    time: str = NOON,
) -> bytes:
    """Write the body of a position report."""
    fixed = struct.pack(">IIIIHHH", alarm, status, *where, 12, speed, course)
    return fixed + bytes.fromhex(time) + extras


def message(
    message_id: int, body: bytes = b"", *, serial: int = 7, phone: str = PHONE, version: int = -1
) -> bytes:
    """Write a frame; the edition is 2019 when it has a version."""
    digits = phone.rjust(20, "0") if version >= 0 else phone
    sender = Frame(b"", 0, bytes.fromhex(digits), "", 0, b"", version)
    return framed(sender, message_id, serial, body)


def packet(
    message_id: int, body: bytes, number: int, total: int, *, serial: int = 100, version: int = -1
) -> bytes:
    """Write a packet of a split message whose first packet has ``serial``."""
    own = (serial + number - 1) % 0x10000
    whole = only_frame(message(message_id, body, serial=own, version=version))
    size = 17 if version >= 0 else 12
    data = unescaped(whole.raw)[:-1]
    properties = int.from_bytes(data[2:4], "big") | 0x2000
    head = data[:2] + properties.to_bytes(2, "big") + data[4:size]
    return closed(head + struct.pack(">HH", total, number) + data[size:])


def closed(data: bytes) -> bytes:
    """Put check code, escapes and flags about header and body, byte by byte."""
    check = 0
    for byte in data:
        check ^= byte
    escapes = {0x7E: b"\x7d\x02", 0x7D: b"\x7d\x01"}
    inner = b"".join(escapes.get(byte, bytes([byte])) for byte in (*data, check))
    return b"\x7e" + inner + b"\x7e"


def unescaped(raw: bytes) -> bytes:
    """Return header, body and check code, by a reading of its own."""
    inner, result, at = raw.strip(b"\x7e"), bytearray(), 0
    while at < len(inner):
        if inner[at] == 0x7D:
            result.append({1: 0x7D, 2: 0x7E}[inner[at + 1]])
            at += 1
        else:
            result.append(inner[at])
        at += 1
    return bytes(result)


def whole(raw: bytes) -> list[Frame | Undecodable]:
    """Decode all of a connection's bytes at once."""
    decoder = Jt808Decoder()
    return decoder.feed(raw) + decoder.close()


def only_frame(raw: bytes) -> Frame:
    """Decode what holds one good frame."""
    (piece,) = whole(raw)
    assert isinstance(piece, Frame), piece
    return piece


def records(raw: bytes, jt808: Jt808 | None = None) -> list[Record]:
    """Return the records of a good frame."""
    return [one.record for one in (jt808 or adapter()).translate(only_frame(raw))]


def record(raw: bytes, jt808: Jt808 | None = None) -> Record:
    """Return the record of a good frame that makes one."""
    (one,) = records(raw, jt808)
    return one


def said(record: Record) -> dict[str, str]:
    """Return a record's attributes."""
    body = record.station_report if record.HasField("station_report") else record.traffic_vehicle
    return {attribute.key: attribute.value for attribute in body.attributes}
