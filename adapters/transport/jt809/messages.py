"""What subordinate platforms send beside positions: layouts and kinds of report.

Layouts of JT/T 809-2011 and 2019 as implementations have them. What stands in no
table here is kept as ``content``.
"""

from typing import Final

from adapters.transport.fields import (
    Field,
    Pair,
    hex_to_end,
    hexed,
    number,
    read,
    text,
    text_to_end,
)
from adapters.transport.jt809.frame import LOGIN, LOGOUT
from adapters.transport.jt809.submessage import PLATE
from liandong.station.v1 import station_pb2 as station

LINK_TEST: Final = 0x1005
FROM_SUPERIOR: Final = 0x8000
"""Types from here on are the superior platform's."""
REAL_TIME: Final = 0x1202
HISTORY: Final = 0x1203
ALARM: Final = 0x1402
DRIVERS: Final = frozenset({0x120A, 0x120C})
"""Subtypes that tell who drives."""

TYPES: Final = {
    LOGIN: station.REPORT_TYPE_EVENTS,
    LOGOUT: station.REPORT_TYPE_EVENTS,
    LINK_TEST: station.REPORT_TYPE_KEEP_ALIVE,
    0x1007: station.REPORT_TYPE_EVENTS,
    0x1008: station.REPORT_TYPE_EVENTS,
    0x1201: station.REPORT_TYPE_EQUIPMENT,
    0x1205: station.REPORT_TYPE_REPLY,
    0x1206: station.REPORT_TYPE_REPLY,
    0x120A: station.REPORT_TYPE_REPLY,
    0x120B: station.REPORT_TYPE_REPLY,
    0x120C: station.REPORT_TYPE_EVENTS,
    0x120D: station.REPORT_TYPE_EVENTS,
    0x1301: station.REPORT_TYPE_REPLY,
    0x1302: station.REPORT_TYPE_REPLY,
    0x1401: station.REPORT_TYPE_REPLY,
    ALARM: station.REPORT_TYPE_EVENTS,
    0x1403: station.REPORT_TYPE_EVENTS,
    0x1601: station.REPORT_TYPE_REPLY,
}
"""Kinds of report, by subtype, or by type where there is none."""

_CONTENT: Final = (hex_to_end(),)
_REGISTRATION_2011: Final = (
    text("platform", 11),
    text("manufacturer", 11),
    text("model", 20),
    text("terminal_id", 7),
    text("sim", 12),
)
_REGISTRATION_2019: Final = (
    text("platform", 11),
    text("manufacturer", 11),
    text("model", 30),
    text("imei", 15),
    text("terminal_id", 30),
    text("sim", 13),
)
_ALARM_2011: Final = (
    number("source", 1),
    hexed("alarm_type", 2),
    number("alarm_time", 8),
    number("info_id", 4),
    number("length", 4),
    text_to_end("info"),
)
_ALARM_2019: Final = (
    text("platform", 11),
    hexed("alarm_type", 2),
    number("alarm_time", 8),
    number("start_time", 8),
    number("end_time", 8),
    text("plate", PLATE),
    number("plate_color", 1),
    text("target_platform", 11),
    number("line_id", 4),
    number("length", 4),
    text_to_end("info"),
)
_LINK: Final = (text("downlink_ip", 32), number("downlink_port", 2))
_LOGIN_2011: Final = (number("user", 4), hexed("password", 8), *_LINK)
_LOGIN_2019: Final = (number("user", 4), hexed("password", 8), number("access_code", 4), *_LINK)
_LOGIN_2019_SIZE: Final = 50


def size_of(layout: tuple[Field, ...]) -> int:
    """Return the bytes of a layout's fields of fixed size."""
    return sum(field.size for field in layout)


def read_message(message_type: int, data: bytes, *, owned: bool) -> list[Pair]:
    """Return what a message without positions says; passwords are left out.

    Args:
        message_type: Its subtype, or its type where it has none.
        data: Its data.
        owned: Whether plate and colour stood before it.

    Raises:
        Untranslatable: The data is shorter than its layout.
    """
    pairs = read(data, _layout(message_type, data, owned=owned))
    return [pair for pair in pairs if pair[0] != "password"]


def _layout(message_type: int, data: bytes, *, owned: bool) -> tuple[Field, ...]:
    if message_type == LOGIN:
        return _LOGIN_2019 if len(data) >= _LOGIN_2019_SIZE else _LOGIN_2011
    if message_type == LOGOUT:
        return _LOGIN_2011[:2]
    if message_type == LINK_TEST:
        return ()
    if message_type == 0x1201:  # noqa: PLR2004 - UP_EXG_MSG_REGISTER
        for layout in (_REGISTRATION_2011, _REGISTRATION_2019):
            if len(data) == size_of(layout):
                return layout
    if message_type == ALARM:
        return _ALARM_2011 if owned else _ALARM_2019
    return _CONTENT
