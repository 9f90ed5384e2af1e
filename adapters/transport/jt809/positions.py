"""Positions in 1202 and 1203 (JT/T 809-2011 and 2019).

In 2011 a position has 36 bytes of its own. Since 2019 it is the body of a JT/T 808
position with a length before it and three platforms' alarms after it; that was learnt
from implementations. Some platforms put 35 of the 36 bytes of 2011 into the frame of
2019; they are known by having no BCD time where JT/T 808 has one.
"""

import struct
from typing import Final, NamedTuple

from adapters.sdk.errors import Untranslatable
from adapters.transport.fields import Pair, text_pair
from adapters.transport.jt808.location import SIZE, read_position, time_of
from adapters.transport.position import Position, position_of

_OWN: Final = struct.Struct(">BBHBBBIIHHIHHII")
_ALARM: Final = struct.Struct(">11sI")
_LENGTH: Final = 5
_PLATFORMS: Final = 3
_KM_H: Final = 3.6
_NO_MILEAGE: Final = 0xFFFFFFFF
_CENTURY: Final = 100
_DIGITS: Final = 14


class Batch(NamedTuple):
    """The positions of a message."""

    announced: int
    """How many it says that it holds."""
    items: list[Position]
    trailing: bytes


def read_one(data: bytes) -> Position:
    """Return the position of 1202.

    Raises:
        Untranslatable: Its length is that of no edition.
    """
    seen, at = _read(data, 0)
    if at != len(data):
        raise _wrong(data)
    return seen


def read_batch(data: bytes) -> Batch:
    """Return the positions of 1203: their count in a byte, then each as in 1202.

    Platforms miscount: those that are whole are given all the same.

    Raises:
        Untranslatable: It announces some and not one is whole.
    """
    at = 1
    items: list[Position] = []
    announced = data[0] if data else 0
    while len(items) < announced and (at < len(data) or not items):
        try:
            seen, at = _read(data, at)
        except Untranslatable:
            if not items:
                raise
            break
        items.append(seen)
    return Batch(announced, items, data[at:])


def _read(data: bytes, at: int) -> tuple[Position, int]:
    """Return the position that begins at ``at``, and where it ends."""
    own_end = at + 1 + _OWN.size
    size = int.from_bytes(data[at + 1 : at + _LENGTH], "big")
    end = at + _LENGTH + size + _PLATFORMS * _ALARM.size
    begin = at + _LENGTH
    is_alone = begin + size == len(data)
    if size >= SIZE and (is_alone or end <= len(data)):
        gnss = data[begin : begin + size]
        seen = read_position(gnss) if _is_808(gnss) else _own(gnss)
        end = begin + size if is_alone else end
        for number in range(0 if is_alone else _PLATFORMS):
            _add(seen, _alarms(number + 1, data, begin + size + number * _ALARM.size))
    elif own_end <= len(data):
        seen, end = _own(data[at + 1 : own_end]), own_end
    else:
        raise _wrong(data)
    seen.shifted = seen.shifted or data[at] == 1
    return seen, end


def _is_808(gnss: bytes) -> bool:
    return time_of(gnss).isdecimal() and "01" <= time_of(gnss)[4:6] <= "12"


def _own(data: bytes) -> Position:
    """Read the form of 2011 (GNSS_DATA without its first byte); speeds are in km/h."""
    if len(data) < _OWN.size:
        raise _wrong(data)
    values = _OWN.unpack_from(data)
    day, month, year, hour, minute, second, east, north, speed, recorder, mileage = values[:11]
    course, altitude, status, alarm = values[11:]
    # Some write two digits of the year into its two bytes.
    year += 2000 if year < _CENTURY else 0
    time = f"{year:04d}{month:02d}{day:02d}{hour:02d}{minute:02d}{second:02d}"
    seen = position_of(
        alarm=alarm,
        status=status,
        north=north,
        east=east,
        altitude=altitude,
        speed_m_s=speed / _KM_H,
        course=course,
        time=time if len(time) == _DIGITS else "",
    )
    if mileage != _NO_MILEAGE:
        seen.vehicle.mileage_km = mileage
    _add(seen, [("recorder_speed_km_h", str(recorder))])
    return seen


def _alarms(number: int, data: bytes, at: int) -> list[Pair]:
    """Return what a platform says of a position: its number and its alarms, if any."""
    platform, alarm = _ALARM.unpack_from(data, at)
    if not alarm and not platform.strip(b"\x00 0"):
        return []
    return [text_pair(f"platform_{number}", platform), (f"alarm_{number}", f"{alarm:08X}")]


def _add(seen: Position, pairs: list[Pair]) -> None:
    for key, value in pairs:
        seen.vehicle.attributes.add(key=key, value=value)


def _wrong(data: bytes) -> Untranslatable:
    return Untranslatable(
        "position",
        data.hex(),
        expected=f"{1 + _OWN.size} bytes (2011), or a length and that many (2019)",
        cause="body",
    )
