"""The body of a position report, 0200 (JT/T 808, 位置信息汇报).

Alarm and status words, latitude and longitude in millionths of a degree, altitude in
metres, speed in 0.1 km/h, course in degrees, time in BCD; then extras, each an id, a
length and a value. The same body stands in 0201, 0500, 0704, 0801 and in JT/T 809-2019.
"""

import struct
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.transport.fields import attributes
from adapters.transport.position import Position, position_of
from liandong.traffic.v1.traffic_pb2 import Vehicle

_FIXED: Final = struct.Struct(">IIIIHHH6s")
SIZE: Final = _FIXED.size
"""Bytes before the extras."""

_TIME: Final = 22
_TENTHS_KM_H: Final = 36.0
"""0.1 km/h in one metre per second."""
_MILEAGE, _FUEL = (0x01, 4), (0x02, 2)
_UNKNOWN: Final = {_MILEAGE: b"\xff" * 4, _FUEL: b"\xff" * 2}
"""How terminals say that they do not know."""
_MOST_EXTRAS: Final = 128
"""What follows is ``trailing``, so that attributes keep below the schema's 256."""
_CODES: Final = tuple(f"{code:02X}" for code in range(256))
_PLAIN: Final = {(0x03, 2): 10, (0x04, 2): 1, (0x30, 1): 1, (0x31, 1): 1}
"""Extras that are a number, by id and length: how many of it make one unit."""


def read_position(body: bytes) -> Position:
    """Return what a body states.

    Extras that no field has become attributes under their id; those that are not a single
    number in hexadecimal digits. What follows the last whole extra is ``trailing``.

    Raises:
        Untranslatable: The body is shorter than 28 bytes.
    """
    if len(body) < SIZE:
        raise Untranslatable(
            "position",
            body.hex(),
            expected=f"{SIZE} bytes at least; there are {len(body)}",
            cause="body",
        )
    alarm, status, north, east, altitude, speed, course, time = _FIXED.unpack_from(body)
    seen = position_of(
        alarm=alarm,
        status=status,
        north=north,
        east=east,
        altitude=altitude,
        speed_m_s=speed / _TENTHS_KM_H,
        course=course,
        time=f"20{time.hex()}",
    )
    rest = _read_extras(body, seen.vehicle)
    if rest:
        seen.vehicle.attributes.extend(attributes([("trailing", rest.hex().upper())]))
    return seen


def time_of(body: bytes) -> str:
    """Return the time of a body of at least 28 bytes, ``yyyyMMddHHmmss``."""
    return f"20{body[_TIME:SIZE].hex()}"


def _read_extras(body: bytes, vehicle: Vehicle) -> bytes:
    """Put extras into a vehicle; return what follows the last whole one."""
    add = vehicle.attributes.add
    at, end, count = SIZE, len(body), 0
    while at + 2 <= end and count < _MOST_EXTRAS:
        code, size = known = body[at], body[at + 1]
        value = body[at + 2 : at + 2 + size]
        if len(value) < size:
            break
        at += 2 + size
        count += 1
        if known in _UNKNOWN and value == _UNKNOWN[known]:
            add(key=_CODES[code], value=value.hex().upper())
        elif known == _MILEAGE:
            vehicle.mileage_km = int.from_bytes(value, "big") / 10
        elif known == _FUEL:
            vehicle.fuel_l = int.from_bytes(value, "big") / 10
        elif known in _PLAIN:
            whole, parts = int.from_bytes(value, "big"), _PLAIN[known]
            add(key=_CODES[code], value=str(whole if parts == 1 else whole / parts))
        else:
            add(key=_CODES[code], value=value.hex().upper())
    return body[at:]
