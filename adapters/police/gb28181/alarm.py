"""Turn an alarm into an incident (GB/T 28181-2022, A.2.5.3)."""

import re
from datetime import datetime
from typing import Final

from adapters.police.gb28181.codes import (
    CROSSINGS,
    DEVICE_DIGITS,
    device_type,
    is_number,
    methods_of,
    title_of,
)
from adapters.police.gb28181.document import Notification
from adapters.sdk.errors import Untranslatable
from adapters.sdk.limits import attributes_fit, fit, longest, most
from adapters.sdk.privacy import masked
from liandong.incident.v1 import incident_pb2 as incident
from liandong.quantity.v1.quantity_pb2 import Attribute

# As some write it all the same; each can be read in one way only.
_TIMES: Final = (
    re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)[T ](\d\d?):(\d\d?):(\d\d?)", re.ASCII),
    re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII),
)
_LEVELS: Final = {
    "1": incident.LEVEL_I,
    "2": incident.LEVEL_II,
    "3": incident.LEVEL_III,
    "4": incident.LEVEL_IV,
}
# What has a field of its own, or is the place.
_TYPED: Final = frozenset({"CmdType", "AlarmTime", "AlarmDescription", "Longitude", "Latitude"})
_TYPE: Final = ("Info/AlarmType", "AlarmType")
_EVENT: Final = ("Info/AlarmTypeParam/EventType", "AlarmTypeParam/EventType")
_CODE: Final = 64
_LIMITS: Final = longest(incident.Incident, "number", "type", "description")
_MOST_ATTRIBUTES: Final = most(incident.Incident, "attributes")


def is_alarm(message: Notification) -> bool:
    """Tell whether a document is an alarm; stored ones often have lost their CmdType."""
    command = message.get("CmdType")
    if command:
        return message.root == "Notify" and command == "Alarm"
    return message.root == "Notify" and bool(message.get("AlarmTime", "AlarmMethod"))


def device_of(message: Notification) -> str:
    """Return the device that a document is about.

    Raises:
        Untranslatable: It names none.
    """
    device = message.get("DeviceID")
    if not device:
        expected = f"the device's number, {DEVICE_DIGITS} digits (A.2.5)"
        raise Untranslatable("DeviceID", device, expected=expected, cause="missing")
    return device


def alarm_time(message: Notification) -> datetime:
    """Return when an alarm was raised, with a zone only if it states one.

    Raises:
        Untranslatable: It is no time.
    """
    written = message.get("AlarmTime")
    found = next(filter(None, (known.fullmatch(written) for known in _TIMES)), None)
    try:
        if found is None:
            return datetime.fromisoformat(written)
        year, month, day, hour, minute, second = map(int, found.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - in the feed's zone.
    except ValueError as error:
        expected = "a local time as yyyy-MM-ddTHH:mm:ss"
        raise Untranslatable("AlarmTime", written, expected=expected, cause="time") from error


def to_incident(message: Notification, doubts: list[str]) -> tuple[incident.Incident, bool]:
    """Return what an alarm states, less its time and its place; and whether its texts fit.

    Args:
        message: The alarm.
        doubts: Gets a sentence for each code that is not known.

    Raises:
        Untranslatable: It names no device, or no time.
    """
    device, kind = device_of(message), message.get(*_TYPE)
    written = message.get("AlarmMethod")
    methods = methods_of(written)
    if not methods:
        doubts.append(f"AlarmMethod {written[:40]!r} is not known")
    if not is_number(device):
        doubts.append(f"DeviceID {device[:40]!r} has not {DEVICE_DIGITS} digits")
    priority = message.get("AlarmPriority")
    if priority not in _LEVELS:
        doubts.append(f"AlarmPriority {priority[:40]!r} is not known")
    stamp = alarm_time(message).strftime("%Y%m%d%H%M%S")
    code = ".".join(filter(None, (written, kind)))
    number = "-".join(filter(None, (device, stamp, code)))
    description = masked(message.get("AlarmDescription"))
    title = _title(methods, kind, message.get(*_EVENT))
    kept = attributes_of(message, _TYPED)
    body = incident.Incident(
        number=number,
        type=title,
        type_code=code[:_CODE],
        level=_LEVELS.get(priority, incident.LEVEL_UNSPECIFIED),
        lifecycle=incident.LIFECYCLE_REPORTED,
        description=description,
        attributes=[Attribute(key=path, value=text) for path, text in kept.items()],
    )
    is_within = fit((number, title, description), _LIMITS) and (
        len(kept) <= _MOST_ATTRIBUTES and attributes_fit(kept.items())
    )
    return body, is_within


def attributes_of(message: Notification, typed: frozenset[str]) -> dict[str, str]:
    """Return what has no field of its own, verbatim, and what the device is."""
    kept = {path: text for path, text in message.fields.items() if path not in typed}
    what = device_type(message.get("DeviceID"))
    if what:
        kept["device_type"] = what
    return kept


def _title(methods: list[str], kind: str, event: str) -> str:
    """Return what an alarm is called, with the way across a line where it says so."""
    crossing = CROSSINGS.get(event, "")
    title = title_of(methods, kind)
    return f"{title}（{crossing}）" if crossing else title  # noqa: RUF001 - Chinese brackets.
