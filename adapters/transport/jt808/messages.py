"""What terminals send beside positions: kinds of report and layouts of bodies.

By clause 8 of JT/T 808-2013 and what implementations of all three editions agree on; where
an edition differs its layout stands beside, and header, length or content tell them apart.
"""

from typing import Final, NamedTuple

from adapters.transport.fields import (
    Field,
    Pair,
    counted,
    hex_to_end,
    hexed,
    number,
    read,
    text,
    text_to_end,
)
from adapters.transport.jt808.frame import Frame
from liandong.station.v1 import station_pb2 as station

GENERAL_ANSWER: Final = 0x0001
TIME_REQUEST: Final = 0x0004
REGISTRATION: Final = 0x0100
AUTHENTICATION: Final = 0x0102
PARAMETERS: Final = 0x0104
PROPERTIES: Final = 0x0107
LOCATION: Final = 0x0200
LOCATION_ANSWERS: Final = frozenset({0x0201, 0x0500})
"""Replies that hold a position after the serial number of what they reply to."""
DRIVER: Final = 0x0702
BATCH: Final = 0x0704
MEDIA: Final = 0x0801
FROM_PLATFORM: Final = 0x8000
"""Message IDs from here on are the platform's."""

UNANSWERED: Final = frozenset(
    {GENERAL_ANSWER, PARAMETERS, PROPERTIES, 0x0201, 0x0302, 0x0500, 0x0608, 0x0700, 0x0802, 0x0805}
)
"""Replies of a terminal end a dialogue; only what it sends by itself is answered."""


class Kind(NamedTuple):
    """A kind of message."""

    type: "station.ReportType.ValueType"
    layout: tuple[Field, ...] = (hex_to_end(),)
    required: int | None = None


_UNKNOWN: Final = Kind(station.REPORT_TYPE_UNSPECIFIED)
_PLATE: Final = (number("plate_color", 1), text_to_end("plate"))
_REGIONS: Final = (number("province", 2), number("city", 2))
_REGISTRATION_2011: Final = (
    *_REGIONS,
    text("manufacturer", 5),
    text("model", 8),
    text("terminal_id", 7),
    *_PLATE,
)
_REGISTRATION_2013: Final = (
    *_REGIONS,
    text("manufacturer", 5),
    text("model", 20),
    text("terminal_id", 7),
    *_PLATE,
)
_REGISTRATION_2019: Final = (
    *_REGIONS,
    text("manufacturer", 11),
    text("model", 30),
    text("terminal_id", 30),
    *_PLATE,
)
_SHORTEST_2013: Final = 37
"""A registration with fewer bytes is of 2011, whose model has 8 instead of 20."""
_AUTHENTICATION_2019: Final = (counted("code"), text("imei", 15), text("software", 20))
_PROPERTIES_TAIL: Final = (
    hexed("iccid", 10),
    counted("hardware"),
    counted("firmware"),
    hexed("gnss", 1),
    hexed("communication", 1),
)
_DRIVER_2011: Final = (
    counted("name"),
    text("id_card", 20),
    text("certificate", 40),
    counted("issuer"),
)
_DRIVER_2013: Final = (
    number("status", 1),
    hexed("time", 6),
    number("card_result", 1),
    counted("name"),
    text("certificate", 20),
    counted("issuer"),
    hexed("certificate_expiry", 4),
    text("id_card", 20),
)
_MEDIA: Final = (
    number("multimedia_id", 4),
    number("multimedia_type", 1),
    number("format", 1),
    number("event", 1),
    number("channel", 1),
)

KINDS: Final = {
    GENERAL_ANSWER: Kind(
        station.REPORT_TYPE_REPLY,
        (number("reply_serial", 2), hexed("reply_id", 2), number("result", 1)),
    ),
    0x0002: Kind(station.REPORT_TYPE_KEEP_ALIVE, ()),
    0x0003: Kind(station.REPORT_TYPE_EVENTS, ()),
    TIME_REQUEST: Kind(station.REPORT_TYPE_CLOCK, ()),
    0x0005: Kind(station.REPORT_TYPE_EVENTS, (number("original_serial", 2), hex_to_end())),
    REGISTRATION: Kind(station.REPORT_TYPE_EQUIPMENT, _REGISTRATION_2013),
    AUTHENTICATION: Kind(station.REPORT_TYPE_EVENTS, (text_to_end("code"),)),
    PARAMETERS: Kind(
        station.REPORT_TYPE_SETTINGS,
        (number("reply_serial", 2), number("count", 1), hex_to_end("parameters")),
    ),
    PROPERTIES: Kind(
        station.REPORT_TYPE_EQUIPMENT,
        (
            hexed("type", 2),
            text("manufacturer", 5),
            text("model", 20),
            text("terminal_id", 7),
            *_PROPERTIES_TAIL,
        ),
    ),
    0x0108: Kind(station.REPORT_TYPE_EVENTS, (number("type", 1), number("result", 1))),
    0x0301: Kind(station.REPORT_TYPE_EVENTS, (number("event_id", 1),)),
    0x0302: Kind(station.REPORT_TYPE_REPLY, (number("reply_serial", 2), number("answer_id", 1))),
    0x0303: Kind(station.REPORT_TYPE_EVENTS, (number("type", 1), number("wanted", 1))),
    0x0608: Kind(
        station.REPORT_TYPE_SETTINGS, (number("type", 1), number("count", 4), hex_to_end())
    ),
    0x0700: Kind(
        station.REPORT_TYPE_REPLY,
        (number("reply_serial", 2), hexed("command", 1), hex_to_end()),
    ),
    0x0701: Kind(station.REPORT_TYPE_EVENTS, (number("length", 4), text_to_end("waybill"))),
    DRIVER: Kind(station.REPORT_TYPE_EVENTS, _DRIVER_2013, required=2),
    0x0705: Kind(
        station.REPORT_TYPE_EQUIPMENT,
        (number("count", 2), hexed("time", 5), hex_to_end("can")),
    ),
    0x0800: Kind(station.REPORT_TYPE_EVENTS, _MEDIA),
    MEDIA: Kind(station.REPORT_TYPE_EVENTS, (*_MEDIA, hex_to_end())),
    0x0802: Kind(
        station.REPORT_TYPE_REPLY,
        (number("reply_serial", 2), number("total", 2), hex_to_end("items")),
    ),
    0x0805: Kind(
        station.REPORT_TYPE_REPLY,
        (number("reply_serial", 2), number("result", 1), hex_to_end("multimedia_ids")),
        required=2,
    ),
    0x0900: Kind(station.REPORT_TYPE_EQUIPMENT, (hexed("type", 1), hex_to_end())),
    0x0901: Kind(station.REPORT_TYPE_EQUIPMENT, (number("length", 4), hex_to_end())),
    0x0A00: Kind(station.REPORT_TYPE_SETTINGS, (number("e", 4), hex_to_end("n"))),
}
_SINCE_2019: Final = {
    REGISTRATION: KINDS[REGISTRATION]._replace(layout=_REGISTRATION_2019),
    AUTHENTICATION: KINDS[AUTHENTICATION]._replace(layout=_AUTHENTICATION_2019, required=1),
    PROPERTIES: KINDS[PROPERTIES]._replace(
        layout=(
            hexed("type", 2),
            text("manufacturer", 5),
            text("model", 30),
            text("terminal_id", 30),
            *_PROPERTIES_TAIL,
        )
    ),
}


def kind_of(message_id: int) -> Kind:
    """Return a message's kind; vendors' own ones have no layout."""
    return KINDS.get(message_id, _UNKNOWN)


def read_body(frame: Frame) -> list[Pair]:
    """Return what a body that is no position says.

    Raises:
        Untranslatable: The body is shorter than its layout.
    """
    kind, body = kind_of(frame.id), frame.body
    if frame.version >= 0:
        kind = _SINCE_2019.get(frame.id, kind)
    elif frame.id == REGISTRATION and len(body) < _SHORTEST_2013:
        kind = kind._replace(layout=_REGISTRATION_2011)
    if frame.id == DRIVER and not _has_status(body):
        return read(body, _DRIVER_2011)
    if not body and not kind.layout:
        return []
    return read(body, kind.layout, required=kind.required)


def code_of(frame: Frame) -> str:
    """Return the code of an authentication (0102)."""
    return dict(read_body(frame)).get("code", "")


def _has_status(body: bytes) -> bool:
    """Tell whether a driver's report begins with status and time, as it does since 2013.

    In 2011 it begins with the length of a name, which is no 1 or 2 in GBK before a date.
    """
    return body[:1] in {b"\x01", b"\x02"} and body[1:7].hex().isdecimal()
