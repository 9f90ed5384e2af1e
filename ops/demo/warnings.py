"""The observatory's warnings of the evening, as CAP 1.2 files."""

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

from ops.demo.evening import rain_rate_mm_h

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SENDER = "observatory@weather.nanjing.example"
# A ring about the city's districts, latitude before longitude as CAP wants it.
_AREA = "32.35,118.60 32.40,118.85 32.25,119.10 32.00,119.05 31.85,118.85 31.95,118.62 32.35,118.60"


def identifier(sent: datetime) -> str:
    """Return the identifier of the warning sent then: issuer code and local time."""
    return f"32010041600000_{sent:%Y%m%d%H%M%S}"


def rainstorm(colour: str, sent: datetime, minute: float, replaces: datetime | None) -> bytes:
    """Write a rainstorm warning in CAP 1.2.

    Args:
        colour: ``yellow`` or ``orange``.
        sent: When it is sent, with its time zone.
        minute: Minute of the evening, for the rain that the text tells of.
        replaces: When the warning that this one updates was sent.
    """
    chinese, severity = {"yellow": ("黄色", "Moderate"), "orange": ("橙色", "Severe")}[colour]
    alert = ET.Element(_name("alert"))
    references = f"{_SENDER},{identifier(replaces)},{_iso(replaces)}" if replaces else ""
    _add(
        alert,
        identifier=identifier(sent),
        sender=_SENDER,
        sent=_iso(sent),
        status="Actual",
        msgType="Update" if replaces else "Alert",
        scope="Public",
        references=references,
    )
    info = ET.SubElement(alert, _name("info"))
    _add(
        info,
        language="zh-CN",
        category="Met",
        event="暴雨",
        urgency="Immediate",
        severity=severity,
        certainty="Observed",
        effective=_iso(sent),
        onset=_iso(sent),
        expires=_iso(sent + timedelta(hours=6)),
        senderName="南京市气象台",
        headline=f"南京市气象台发布暴雨{chinese}预警信号",
        description=(
            f"当前小时雨强约{rain_rate_mm_h(minute):.0f}毫米, "
            "预计未来6小时主城区、江宁、六合仍有强降水, 请注意防范城市内涝。"
        ),
        instruction="减少外出, 远离下穿通道、涵洞和河堤。",
    )
    code = ET.SubElement(info, _name("eventCode"))
    _add(code, valueName="GB/T 35965.1", value="11B03")
    area = ET.SubElement(info, _name("area"))
    _add(area, areaDesc="南京市", polygon=_AREA)
    geocode = ET.SubElement(area, _name("geocode"))
    _add(geocode, valueName="GB/T 2260", value="320100")
    ET.indent(alert)
    written: bytes = ET.tostring(
        alert, encoding="utf-8", xml_declaration=True, default_namespace=_NAMESPACE
    )
    return written


def _name(local: str) -> str:
    """Return an element's name in CAP's namespace."""
    return f"{{{_NAMESPACE}}}{local}"


def _iso(moment: datetime) -> str:
    """Return the moment as CAP writes it: to the second, with the offset."""
    return moment.isoformat(timespec="seconds")


def _add(parent: ET.Element, **texts: str) -> None:
    """Append one child for each text that is not empty, in order."""
    for name, text in texts.items():
        if text:
            ET.SubElement(parent, _name(name)).text = text
