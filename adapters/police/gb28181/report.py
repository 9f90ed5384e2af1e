"""Turn what is no alarm into a device's report of itself."""

from typing import Final

from adapters.police.gb28181.alarm import attributes_of
from adapters.police.gb28181.document import Notification
from adapters.sdk.limits import attributes_fit, fit, longest
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.station.v1 import station_pb2 as station

_TYPES: Final = {
    "Keepalive": station.REPORT_TYPE_KEEP_ALIVE,
    "Catalog": station.REPORT_TYPE_EQUIPMENT,
    "DeviceStatus": station.REPORT_TYPE_EQUIPMENT,
    "DeviceInfo": station.REPORT_TYPE_EQUIPMENT,
    "ConfigDownload": station.REPORT_TYPE_SETTINGS,
    "MediaStatus": station.REPORT_TYPE_EVENTS,
    "MobilePosition": station.REPORT_TYPE_EVENTS,
    "VideoUploadNotify": station.REPORT_TYPE_EVENTS,
}
# A device that registers lives, as one does that asks what is spoken here.
_SIGNALS: Final = {
    "REGISTER": station.REPORT_TYPE_KEEP_ALIVE,
    "OPTIONS": station.REPORT_TYPE_KEEP_ALIVE,
    "NOTIFY": station.REPORT_TYPE_EVENTS,
    "": station.REPORT_TYPE_REPLY,
}
_ASKING: Final = frozenset({"Query", "Control"})
_TYPED: Final = frozenset({"CmdType", "DeviceID", "Info/DeviceID"})
_LISTED: Final = "Info/DeviceID["
_FUNCTION: Final = 32
_LIMITS: Final = longest(station.Report, "station_id")
_MOST_ALARMS: Final = 64
_MOST_ATTRIBUTES: Final = 2048


def to_report(message: Notification, device: str) -> tuple[station.Report, bool]:
    """Return a report, and whether its texts are as short as they must be.

    Args:
        message: A document that is no alarm, or a SIP message without one.
        device: The device that it is about.
    """
    command = message.get("CmdType")
    if not message.is_document:
        kind = _SIGNALS.get(message.root, station.REPORT_TYPE_UNSPECIFIED)
        function = message.root or "response"
    elif message.root in _ASKING:
        # Nobody here has what a device has: it is kept that somebody asked.
        kind, function = station.REPORT_TYPE_UNSPECIFIED, f"{message.root} {command}"
    else:
        is_reply = message.root == "Response"
        usual = station.REPORT_TYPE_REPLY if is_reply else station.REPORT_TYPE_UNSPECIFIED
        kind, function = _TYPES.get(command, usual), command
    report = station.Report(
        station_id=device,
        type=kind,
        function=function[:_FUNCTION],
        alarms=[f"faulty device {one}"[:128] for one in message.devices[:_MOST_ALARMS]],
    )
    if message.get("Status") == "ERROR":
        report.alarms.insert(0, "status ERROR")
        del report.alarms[_MOST_ALARMS:]
    shown = frozenset(message.devices[:_MOST_ALARMS])
    kept = [
        (path, text)
        for path, text in attributes_of(message, _TYPED).items()
        if not (path.startswith(_LISTED) and text in shown)
    ]
    if len(kept) > _MOST_ATTRIBUTES:
        left_out = str(len(kept) - _MOST_ATTRIBUTES + 1)
        kept[_MOST_ATTRIBUTES - 1 :] = [("elements_left_out", left_out)]
    report.attributes.extend(Attribute(key=path, value=text) for path, text in kept)
    return report, fit((device,), _LIMITS) and attributes_fit(kept)
