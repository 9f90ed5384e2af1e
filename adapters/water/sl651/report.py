"""What a station says of itself: the body of a ``station.report``."""

from collections.abc import Iterable

from adapters.sdk.text import decode_chinese
from adapters.water.sl651 import codes
from adapters.water.sl651.content import Content, Group
from adapters.water.sl651.moments import Stated
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.station.v1.station_pb2 import Report


def report(
    function: int, content: Content, station: str, sent: Stated, groups: Iterable[Group]
) -> bytes:
    """Return an encoded report.

    Args:
        function: Function code of the message.
        content: Its body.
        station: Whose report.
        sent: What the station's clock says.
        groups: What to tell of voltage and status.

    Raises:
        Untranslatable: If an observer's entry is no text.
    """
    told = Report(station_id=station, function=f"{function:02X}", type=codes.report_type(function))
    sent.said.write(told.station_clock)
    for group in groups:
        told.alarms.extend(group.alarms)
        for value in group.values:
            is_first = not told.HasField("supply_voltage_v")
            if value.code == codes.VOLTAGE and value.number is not None and is_first:
                told.supply_voltage_v = value.number
            elif value.number is not None or value.text:
                shown = value.text if value.number is None else f"{value.number:g}"
                told.attributes.append(Attribute(key=value.label, value=shown))
    text = content.text or content.told
    if text:
        told.text = decode_chinese(text.strip(b" \x00"), "F2" if content.text else "body")
    if content.rest:
        told.attributes.append(Attribute(key="content", value=_shown(function, content.rest)))
    return told.SerializeToString()


def _shown(function: int, rest: bytes) -> str:
    """Return what a function carries, in hexadecimal digits; a password's as ``*``."""
    shown = rest.hex().upper()
    if function not in codes.WITH_PASSWORD:
        return shown
    at = 0
    while at + 2 <= len(rest):
        code, definition = rest[at], rest[at + 1]
        # The relay's table is the one parameter whose length takes the whole byte (table D.1).
        first, size = at + 2, definition if code == codes.RELAY_TABLE else definition >> 3
        if code == codes.PASSWORD:
            hidden = "*" * len(rest[first : first + size].hex())
            shown = shown[: 2 * first] + hidden + shown[2 * first + len(hidden) :]
        at = first + size
    return shown
