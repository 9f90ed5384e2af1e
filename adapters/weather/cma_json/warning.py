"""Read a warning of any of the service's shapes into the alert that CAP would carry."""

import contextlib
import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from adapters.sdk.errors import Untranslatable
from adapters.weather.cap.alert import MESSAGE_TYPES, Alert, Info, ReferenceText
from adapters.weather.cap.areas import AreaText
from adapters.weather.cap.china import PROFILE, event_of_headline, identifiers, issuer_district
from adapters.weather.cap.colours import color_of_headline
from adapters.weather.cma_json.document import CmaItem
from adapters.weather.cma_json.fields import time_of, words
from liandong.record.v1.record_pb2 import STATUS_ACTUAL
from liandong.weather.v1 import weather_pb2 as weather

# Rows of weather.com.cn's list: place, file, longitude, latitude, identifier, identifier of
# the warning it refers to, title, outline.
_ROW: Final = {"0": "place", "4": "identifier", "6": "title"}
_NAMES: Final = {
    "identifier": ("identifier", "id", "alertid"),
    "title": ("title", "head", "headline"),
    "type": ("eventType", "type"),
    "event": ("signaltype", "SIGNALTYPE"),
    "level": ("severity", "signallevel", "SIGNALLEVEL"),
    "sender": ("STATIONNAME", "sender"),
    "text": ("description", "ISSUECONTENT"),
    "place": ("place",),
}
_TIMES: Final = ("effective", "ISSUETIME", "issuetime", "sendTime")
_ISSUER: Final = re.compile(r"(.+?(?:气象台|气象局|气象站|中心))(?:发布|更新|变更|升级|继续|解除)")
_DIGITS: Final = re.compile(r"_(\d{14})")
_EVENT_TYPE: Final = re.compile(r"\d{2}[A-Z]\d{2}")
_LIFTED: Final = re.compile(r"解除")


def alert_of(item: CmaItem, zone: tzinfo) -> Alert:
    """Return the warning as an alert of the Chinese profile.

    It is as of the minute at which it was issued, or that its identifier names if earlier.
    The CAP message of the same identifier says to the second when it was sent: of one minute,
    the fuller message prevails in the shared state.

    Args:
        item: The part of a document that says it.
        zone: The zone of times that name none.

    Raises:
        Untranslatable: It has no identifier of GB/T 35965.1, or no time.
    """
    fields = item.fields
    if item.form == "row":
        fields = {name: fields.get(position) for position, name in _ROW.items()}
    identifier = words(fields, *_NAMES["identifier"])
    if identifiers(identifier) != (identifier,):
        raise Untranslatable(
            "identifier",
            identifier,
            expected="an identifier of GB/T 35965.1, as 32010041600000_20260701173000: by it a "
            "warning is one in all its forms",
            cause="identifier",
        )
    title = words(fields, *_NAMES["title"])
    issuer = _ISSUER.match(title)
    sender = words(fields, *_NAMES["sender"]) or (issuer[1] if issuer else "")
    return Alert(
        profile=PROFILE,
        identifier=identifier,
        sender=sender,
        sent=_sent(fields, identifier, zone),
        status=STATUS_ACTUAL,
        message_type=_message_type(fields, title),
        scope=weather.SCOPE_PUBLIC,
        references=tuple(map(ReferenceText, identifiers(words(fields, "references")))),
        infos=(_info(fields, title, sender, zone),),
        issuer_district=issuer_district(identifier),
    )


def _sent(fields: dict[str, Any], identifier: str, zone: tzinfo) -> datetime:
    """Return the minute of issue: the earlier of the document's time and the identifier's."""
    times = [time_of(fields, zone, *_TIMES)] if words(fields, *_TIMES) else []
    digits = _DIGITS.search(identifier)
    with contextlib.suppress(ValueError):
        local = datetime.strptime(digits[1] if digits else "", "%Y%m%d%H%M%S")  # noqa: DTZ007
        times.append(local.replace(tzinfo=zone).astimezone(UTC))
    if not times:
        raise Untranslatable("identifier", identifier, expected="a time after the _", cause="time")
    return min(times).replace(second=0, microsecond=0)


def _message_type(fields: dict[str, Any], title: str) -> "weather.MessageType.ValueType":
    """Return what a message does: by its word, or by a title that says it lifts a warning."""
    written = words(fields, "msgType")
    if written:
        known = {name.casefold(): value for name, value in MESSAGE_TYPES.items()}
        if written.casefold() not in known:
            raise Untranslatable("msgType", written, expected=f"one of {', '.join(MESSAGE_TYPES)}")
        return known[written.casefold()]
    return weather.MESSAGE_TYPE_CANCEL if _LIFTED.search(title) else weather.MESSAGE_TYPE_ALERT


def _info(fields: dict[str, Any], title: str, sender: str, zone: tzinfo) -> Info:
    """Return the alert's one part."""
    event_type = words(fields, *_NAMES["type"])
    level = words(fields, *_NAMES["level"])
    if not level:
        color = color_of_headline(title)
        level = weather.Color.Name(color).removeprefix("COLOR_") if color else ""
    relieved = words(fields, "RELIEVETIME")
    place = words(fields, *_NAMES["place"])
    return Info(
        event=words(fields, *_NAMES["event"]) or event_of_headline(title),
        event_type=event_type if _EVENT_TYPE.fullmatch(event_type) else "",
        severity=level,
        effective=time_of(fields, zone, *_TIMES) if words(fields, *_TIMES) else None,
        expires=time_of(fields, zone, "RELIEVETIME") if relieved else None,
        sender_title=sender,
        headline=title,
        description=words(fields, *_NAMES["text"]),
        areas=(AreaText(description=place),) if place else (),
    )
