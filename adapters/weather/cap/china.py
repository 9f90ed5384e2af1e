r"""Parse the Chinese national early-warning message, which only resembles CAP.

GB/T 35965.1-2018 with GB/T 34283-2017: no namespace, ``sendTime`` for ``sent``,
``eventType`` for ``event``, a colour for a severity, ``code`` with the messages of each
channel inside, bare identifiers as references, and lists of 12-digit division codes.
Messages that went through JSON carry ``\n`` and ``\"`` as written there.
"""

import re
from datetime import datetime, tzinfo
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sdk.elements import children, required, text, texts
from adapters.sdk.errors import Untranslatable
from adapters.sdk.moments import moment
from adapters.weather.cap.alert import (
    MESSAGE_TYPES,
    SCOPES,
    STATUSES,
    Alert,
    Info,
    ReferenceText,
    optional_moment,
    word,
)
from adapters.weather.cap.areas import AreaText, division

PROFILE: Final = "GB/T 35965.1"
DIVISIONS: Final = "GB/T 2260"
_CLAUSE: Final = "GB/T 35965.1"
# Codes that real messages and FORMATS' sources agree on; other events are read from headlines.
_EVENTS: Final = {"11B03": "暴雨", "11B06": "大风", "11B14": "雷电", "11B21": "道路结冰"}
_EVENT: Final = re.compile(
    r"(?:发布|变更|升级|继续|解除|将)(?:为)?([一-鿿]{1,12}?)(?:红|橙|黄|蓝)色"
)
_ISSUER: Final = re.compile(r"([1-9]\d{5})\d{8}_\d{14}(_\d+)?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[,，;；、\\\s]+")  # noqa: RUF001 - Chinese commas are meant.
_ESCAPED: Final = re.compile(r"\\(r\\n|[nrt\"/\\])")
_ESCAPES: Final = {"r\\n": "\n", "n": "\n", "r": "\n", "t": "\t", '"': '"', "/": "/", "\\": "\\"}
_OPEN: Final = frozenset({"", "none", "无", "公开", "public", "null"})
# An office; anything else in senderName is the name of whoever was on duty.
_OFFICE: Final = re.compile(r"(局|台|站|所|中心|办|办公室|部|厅|委|委员会|政府|指挥部|大队|支队)$")


def is_chinese(alert: Element) -> bool:
    """Tell whether an alert is of the Chinese profile."""
    if text(alert, "sendTime") and not text(alert, "sent"):
        return True
    return not alert.tag.startswith("{") and any(
        text(info, "eventType") for info in children(alert, "info")
    )


def parse_china(alert: Element, zone: tzinfo) -> Alert:
    """Return a Chinese warning message.

    Args:
        alert: The ``alert`` element.
        zone: The zone of times that name none; China has one.

    Raises:
        Untranslatable: A required element is missing or says what the standard does not know.
    """
    identifier = required(alert, "identifier", _CLAUSE).strip("\\")
    classified = text(alert, "secClassification")
    methods = _methods(alert)
    sender = required(alert, "sender", _CLAUSE)
    return Alert(
        profile=PROFILE,
        identifier=identifier,
        sender=sender,
        sent=_sent(alert, zone),
        status=word(alert, "status", STATUSES),
        message_type=word(alert, "msgType", MESSAGE_TYPES),
        scope=word(alert, "scope", SCOPES),
        source=text(alert, "source"),
        note=_unescaped(text(alert, "note")),
        codes=tuple(dict.fromkeys(name for name, _ in methods)) or texts(alert, "code"),
        incidents=tuple(" ".join(texts(alert, "incidents")).split()),
        references=_references(" ".join(texts(alert, "references")), zone),
        infos=tuple(
            _info(info, zone, sender, _extras(alert, methods) if first == 0 else ())
            for first, info in enumerate(children(alert, "info"))
        ),
        classified="" if classified.casefold() in _OPEN else classified,
        issuer_district=issuer_district(identifier),
    )


def issuer_district(identifier: str) -> str:
    """Return the division in the issuer's code with which an identifier begins, or nothing."""
    issuer = _ISSUER.fullmatch(identifier)
    return division(issuer[1]) if issuer else ""


def identifiers(written: str) -> tuple[str, ...]:
    """Return the identifiers of Chinese warnings that a text names."""
    return tuple(found[0] for found in _ISSUER.finditer(written))


def event_of_headline(headline: str) -> str:
    """Return the event that a headline names: ``发布暴雨红色预警``; empty if none."""
    named = _EVENT.search(headline)
    return named[1] if named else ""


def _sent(alert: Element, zone: tzinfo) -> datetime:
    """Return when a message was sent."""
    name = "sendTime" if text(alert, "sendTime") else "sent"
    return moment(required(alert, name, _CLAUSE), f"alert.{name}", zone)


def _methods(alert: Element) -> tuple[tuple[str, str], ...]:
    """Return each channel's name and its message."""
    return tuple(
        (text(method, "methodName"), _unescaped(text(method, "message")))
        for code in children(alert, "code")
        for method in children(code, "method")
        if text(method, "methodName")
    )


def _extras(alert: Element, methods: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return what CAP has no element for; groups of recipients stay with the sender."""
    plain = ((name, text(alert, name)) for name in ("senderCode", "secClassification"))
    return (
        *((name, value) for name, value in plain if value),
        *((f"method.{name}", message) for name, message in methods if message),
    )


def _references(written: str, zone: tzinfo) -> tuple[ReferenceText, ...]:
    """Read bare identifiers, or triples as CAP has them, whose time may hold a space."""
    known = identifiers(written)
    if known:
        return tuple(map(ReferenceText, known))
    parts = [part for part in written.strip("\\ ,").split(",") if part]
    if len(parts) == 3:  # noqa: PLR2004 - sender, identifier, sent.
        try:
            return (ReferenceText(parts[1], parts[0], moment(parts[2], "references", zone)),)
        except Untranslatable:
            pass
    return tuple(ReferenceText(one) for one in _SEPARATORS.split(written) if one)


def _info(info: Element, zone: tzinfo, sender: str, extras: tuple[tuple[str, str], ...]) -> Info:
    """Read one ``info``."""
    event_type = text(info, "eventType") or text(info, "event")
    headline = _unescaped(text(info, "headline"))
    return Info(
        language=text(info, "language"),
        categories=texts(info, "category"),
        event=_EVENTS.get(event_type) or event_of_headline(headline) or event_type,
        event_type=event_type,
        urgency=text(info, "urgency"),
        severity=text(info, "severity"),
        certainty=text(info, "certainty"),
        effective=optional_moment(info, "effective", zone),
        onset=optional_moment(info, "onset", zone),
        expires=optional_moment(info, "expires", zone),
        sender_title=_office(text(info, "senderName")) or sender,
        headline=headline,
        description=_unescaped(text(info, "description")),
        instruction=_unescaped(text(info, "instruction")),
        response_types=texts(info, "responseType"),
        web=text(info, "web"),
        contact=text(info, "contact"),
        audience=text(info, "audience"),
        parameters=extras,
        areas=tuple(_area(area) for area in children(info, "area")),
    )


def _office(name: str) -> str:
    """Return a sender's name if it is an office's; a person's is nobody's business."""
    return name if _OFFICE.search(name) else ""


def _area(area: Element) -> AreaText:
    """Read one ``area``; lists repeat what they say, once for each level of administration."""
    named = re.split(r"\s*[,，]\s*", _unescaped(text(area, "areaDesc")))  # noqa: RUF001 - Chinese commas are meant.
    codes = [
        one
        for geocode in children(area, "geocode")
        for one in _SEPARATORS.split((geocode.text or "").strip() or text(geocode, "value"))
        if one
    ]
    return AreaText(
        description=",".join(filter(None, dict.fromkeys(named))),
        polygons=texts(area, "polygon"),
        circles=texts(area, "circle"),
        geocodes=tuple((DIVISIONS, code) for code in dict.fromkeys(codes)),
        altitude_ft=text(area, "altitude"),
        ceiling_ft=text(area, "ceiling"),
    )


def _unescaped(written: str) -> str:
    """Undo what JSON or Java left in a text."""
    return _ESCAPED.sub(lambda found: _ESCAPES[found[1]], written)
