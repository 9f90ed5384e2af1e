"""A vehicle's position as JT/T 808 and JT/T 809 state it, and what of it may be believed."""

from typing import Final

import msgspec

from adapters.transport.alarms import alarms_of
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.traffic.v1.traffic_pb2 import Vehicle

_ACC, _FIX, _SOUTH, _WEST, _SHIFTED = 1, 2, 4, 8, 32
_FULL_CIRCLE: Final = 360
_FASTEST_M_S: Final = 150.0
"""No vehicle on land is faster; 65,535 is how terminals say that they do not know."""
_NO_ALTITUDE: Final = 0xFFFF
_SIGN: Final = 0x8000
_MICRO: Final = 1_000_000
_MOST_NORTH: Final = 90 * _MICRO
_MOST_EAST: Final = 180 * _MICRO

VALID: Final = quantity.Quality(level=quantity.QUALITY_LEVEL_VALID)
_NO_FIX: Final = quantity.Quality(
    level=quantity.QUALITY_LEVEL_MISSING, note="The terminal has no fix (status bit 1 is 0)."
)
_ZERO: Final = quantity.Quality(
    level=quantity.QUALITY_LEVEL_MISSING,
    note="The terminal says it has a fix, and gives 0 for its latitude or longitude.",
)
_BEYOND: Final = quantity.Quality(
    level=quantity.QUALITY_LEVEL_INVALID,
    note="The terminal says it has a fix, and its latitude or longitude is on no globe.",
)


class Position(msgspec.Struct, gc=False):
    """What a message states of a vehicle."""

    vehicle: Vehicle
    """All but who it is."""
    latitude: float
    """Degrees north, as the terminal gave it."""
    longitude: float
    """Degrees east, as the terminal gave it."""
    altitude: int | None
    """Metres; None: the terminal does not say."""
    located: bool
    """Whether the point means anything."""
    shifted: bool
    """Whether the secrecy plug-in of Chinese maps moved the point.

    That its result is GCJ-02 is what practice says; the standards do not name it.
    """
    time: str
    """``yyyyMMddHHmmss``, GMT+8; empty when it can be none."""
    quality: quantity.Quality


def position_of(
    *,
    alarm: int,
    status: int,
    north: int,
    east: int,
    altitude: int,
    speed_m_s: float,
    course: int,
    time: str,
) -> Position:
    """Return a position.

    Without a fix there is no point; where the terminal believes it is stays as attributes
    ``latitude`` and ``longitude``.

    Args:
        alarm: The alarm word.
        status: The status word (JT/T 808, 状态位).
        north: Millionths of a degree, without sign.
        east: Millionths of a degree, without sign.
        altitude: Metres; what is below the sea has the sign in its highest bit.
        speed_m_s: Metres per second.
        course: Degrees.
        time: ``yyyyMMddHHmmss``.
    """
    quality = VALID
    if not status & _FIX:
        quality = _NO_FIX
    elif north > _MOST_NORTH or east > _MOST_EAST:
        quality = _BEYOND
    elif north == 0 or east == 0:
        quality = _ZERO
    located = quality is VALID
    vehicle = Vehicle(has_fix=located, ignition_on=bool(status & _ACC))
    latitude = north / -_MICRO if status & _SOUTH else north / _MICRO
    longitude = east / -_MICRO if status & _WEST else east / _MICRO
    add = vehicle.attributes.add
    add(key="status", value=f"{status:08X}")
    if speed_m_s <= _FASTEST_M_S:
        vehicle.speed_m_s = speed_m_s
    else:
        add(key="speed_km_h", value=f"{speed_m_s * 3.6:.1f}")
    if course <= _FULL_CIRCLE:
        vehicle.course_deg = course
    else:
        add(key="course", value=str(course))
    if alarm:
        vehicle.alarms.extend(alarms_of(alarm))
    if not located and (north or east):
        add(key="latitude", value=str(latitude))
        add(key="longitude", value=str(longitude))
    metres = None if altitude == _NO_ALTITUDE else (altitude ^ _SIGN) - _SIGN
    return Position(
        vehicle, latitude, longitude, metres, located, bool(status & _SHIFTED), time, quality
    )
