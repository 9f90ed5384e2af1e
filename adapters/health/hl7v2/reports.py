"""What becomes of messages that are no movement: a report without the patient.

Results stay in the hospital, except those whose code the city has named as notifiable, and
of these only what is coded or a number. Which segments a message had is told of every one.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from adapters.health.hl7v2.message import Hl7Message, Segment
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.station.v1.station_pb2 import (
    REPORT_TYPE_EVENTS,
    REPORT_TYPE_REPLY,
    Report,
)

_EVENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.+-]{1,40}")
_NUMBER: Final = re.compile(r"[<>=]{0,2}[+-]?\d{1,12}(\.\d{1,12})?([-+/:]\d{1,12})?", re.ASCII)
# A code that could be a name is not told: codes have digits, or few letters as POS has.
_FINDING: Final = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9_.+-]{1,40}|[A-Z]{1,4}[+-]{0,4}")
_STATUS: Final = re.compile(r"[A-Z]")
_UNIT: Final = re.compile(r"[A-Za-z0-9%*/.^{}\[\]_-]{1,32}")
_CODED: Final = frozenset({"CE", "CWE", "CNE", "IS", "ID"})
_NUMERIC: Final = frozenset({"NM", "SN"})
_MOST: Final = 2000


def report(message: Hl7Message, station: str, notifiable: Collection[str]) -> Report:
    """Return the report that a message makes.

    Args:
        message: The message.
        station: Who sent it.
        notifiable: Codes whose results may be told.
    """
    kind, event = message.header(9), message.header(9, 2)
    if not _EVENT.fullmatch(event):
        event = ""
    body = Report(
        station_id=station,
        type=REPORT_TYPE_REPLY if kind == "ACK" else REPORT_TYPE_EVENTS,
        function="^".join(filter(None, (kind, event)))[:32],
    )
    body.attributes.append(Attribute(key="segments", value=" ".join(message.names)[:8192]))
    for msa in message.every("MSA"):
        body.attributes.extend(_coded("MSA-1", message.value(msa, 1)))
    results = message.every("OBX")
    if results:
        body.attributes.append(Attribute(key="results", value=str(len(results))))
    for obr in message.every("OBR")[:_MOST]:
        body.attributes.extend(_coded("OBR-4", message.value(obr, 4)))
    told = [each for obx in results for each in _result(message, obx, notifiable)]
    body.attributes.extend(told[: _MOST - len(body.attributes)])
    return body


def tells_results(body: Report) -> bool:
    """Tell whether a report holds a result."""
    return any(attribute.key.startswith("OBX:") for attribute in body.attributes)


def _coded(key: str, value: str) -> Iterator[Attribute]:
    """Yield a value that is a code and no text."""
    if _CODE.fullmatch(value):
        yield Attribute(key=key, value=value)


def _result(message: Hl7Message, obx: Segment, notifiable: Collection[str]) -> Iterator[Attribute]:
    """Yield a result that may be told: its code, value, unit and status."""
    code, kind, value = message.value(obx, 3), message.value(obx, 2), message.value(obx, 5)
    named = code in notifiable or (kind in _CODED and value in notifiable)
    if not named or not _CODE.fullmatch(code):
        return
    if kind in _CODED:
        shape, detail, detail_shape = _FINDING, message.value(obx, 5, 3), _CODE
    elif kind in _NUMERIC:
        value = "".join(message.value(obx, 5, part) for part in (1, 2, 3, 4))
        shape, detail, detail_shape = _NUMBER, message.value(obx, 6), _UNIT
    else:
        return
    if shape.fullmatch(value):
        status = message.value(obx, 11)
        parts = (
            value,
            detail if detail_shape.fullmatch(detail) else "",
            status if _STATUS.fullmatch(status) else "",
        )
        yield Attribute(key=f"OBX:{code}", value=" ".join(filter(None, parts)))
