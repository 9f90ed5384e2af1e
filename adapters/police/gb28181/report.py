"""Turn what is no alarm into a device's report of itself."""

from typing import Final

from adapters.police.gb28181.alarm import attributes_of
from adapters.police.gb28181.document import Notification
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
_TYPED: Final = frozenset({"CmdType", "DeviceID", "Info/DeviceID"})
_FUNCTION: Final = 32
_MOST_ALARMS: Final = 64
_MOST_ATTRIBUTES: Final = 2048


def to_report(message: Notification, device: str) -> station.Report:
    """Return a report.

    Args:
        message: A document that is no alarm.
        device: The device that it is about.
    """
    command = message.get("CmdType")
    is_reply = message.root == "Response"
    usual = station.REPORT_TYPE_REPLY if is_reply else station.REPORT_TYPE_UNSPECIFIED
    report = station.Report(
        station_id=device,
        type=_TYPES.get(command, usual),
        function=command[:_FUNCTION],
        alarms=[f"faulty device {one}"[:128] for one in message.devices[:_MOST_ALARMS]],
    )
    if message.get("Status") == "ERROR":
        report.alarms.insert(0, "status ERROR")
        del report.alarms[_MOST_ALARMS:]
    report.attributes.extend(attributes_of(message, _TYPED)[:_MOST_ATTRIBUTES])
    return report
