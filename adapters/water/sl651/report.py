"""What a station says of itself: the body of a ``station.report``."""

from collections.abc import Iterable

from adapters.sdk.text import decode
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
            if value.code == codes.VOLTAGE and value.number is not None:
                told.supply_voltage_v = value.number
            elif value.number is not None or value.text:
                shown = value.text if value.number is None else f"{value.number:g}"
                told.attributes.append(Attribute(key=value.label, value=shown))
    if content.text:
        told.text = decode(content.text.strip(b" \x00"), "F2")
    if content.rest:
        told.attributes.append(Attribute(key="content", value=content.rest.hex().upper()))
    return told.SerializeToString()
