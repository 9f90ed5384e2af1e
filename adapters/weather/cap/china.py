r"""Parse the Chinese national early-warning message, which only resembles CAP.

GB/T 35965.1-2018 with GB/T 34283-2017: no namespace, ``sendTime`` for ``sent``,
``eventType`` for ``event``, a colour for a severity, ``code`` with the messages of each
channel inside, bare identifiers as references, and lists of 12-digit division codes.
Messages that went through JSON carry ``\n`` and ``\"`` as written there.
"""

import re
from datetime import datetime, tzinfo
from typing import Final

from adapters.sdk.elements import Children
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
_COMMA: Final = re.compile("[,，]")  # noqa: RUF001 - Chinese commas are meant.
_SEPARATORS: Final = re.compile(r"[,，;；、\\\s]+")  # noqa: RUF001 - Chinese commas are meant.
_ESCAPED: Final = re.compile(r"\\(r\\n|[nrt\"/\\])")
_ESCAPES: Final = {"r\\n": "\n", "n": "\n", "r": "\n", "t": "\t", '"': '"', "/": "/", "\\": "\\"}
_OPEN: Final = frozenset({"", "none", "无", "公开", "public", "null"})
# An office; anything else in senderName is the name of whoever was on duty.
_OFFICE: Final = re.compile(r"(局|台|站|所|中心|办|办公室|部|厅|委|委员会|政府|指挥部|大队|支队)$")


def is_chinese(alert: Children, namespace: str) -> bool:
    """Tell whether an alert is of the Chinese profile."""
    if alert.text("sendTime") and not alert.text("sent"):
        return True
    return not namespace and any(info.text("eventType") for info in alert.of("info"))


def parse_china(alert: Children, zone: tzinfo) -> Alert:
    """Return a Chinese warning message.

    Args:
        alert: The children of the ``alert`` element.
        zone: The zone of times that name none; China has one.

    Raises:
        Untranslatable: A required element is missing or says what the standard does not know.
    """
    identifier = alert.required("identifier", _CLAUSE).strip("\\")
    classified = alert.text("secClassification")
    methods = _methods(alert)
    sender = alert.required("sender", _CLAUSE)
    return Alert(
        profile=PROFILE,
        identifier=identifier,
        sender=sender,
        sent=_sent(alert, zone),
        status=word(alert, "status", STATUSES),
        message_type=word(alert, "msgType", MESSAGE_TYPES),
        scope=word(alert, "scope", SCOPES),
        source=alert.text("source"),
        note=_unescaped(alert.text("note")),
        codes=tuple(dict.fromkeys(name for name, _ in methods)) or alert.texts("code"),
        incidents=tuple(" ".join(alert.texts("incidents")).split()),
        references=_references(" ".join(alert.texts("references")), zone),
        infos=tuple(
            _info(info, zone, sender, _extras(alert, methods) if first == 0 else ())
            for first, info in enumerate(alert.of("info"))
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


def _sent(alert: Children, zone: tzinfo) -> datetime:
    """Return when a message was sent."""
    name = "sendTime" if alert.text("sendTime") else "sent"
    return moment(alert.required(name, _CLAUSE), f"alert.{name}", zone)


def _methods(alert: Children) -> tuple[tuple[str, str], ...]:
    """Return each channel's name and its message."""
    return tuple(
        (method.text("methodName"), _unescaped(method.text("message")))
        for code in alert.of("code")
        for method in code.of("method")
        if method.text("methodName")
    )


def _extras(alert: Children, methods: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return what CAP has no element for; groups of recipients stay with the sender."""
    plain = ((name, alert.text(name)) for name in ("senderCode", "secClassification"))
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


def _info(info: Children, zone: tzinfo, sender: str, extras: tuple[tuple[str, str], ...]) -> Info:
    """Read one ``info``."""
    event_type = info.text("eventType") or info.text("event")
    headline = _unescaped(info.text("headline"))
    return Info(
        language=info.text("language"),
        categories=info.texts("category"),
        event=_EVENTS.get(event_type) or event_of_headline(headline) or event_type,
        event_type=event_type,
        urgency=info.text("urgency"),
        severity=info.text("severity"),
        certainty=info.text("certainty"),
        effective=optional_moment(info, "effective", zone),
        onset=optional_moment(info, "onset", zone),
        expires=optional_moment(info, "expires", zone),
        sender_title=_office(info.text("senderName")) or sender,
        headline=headline,
        description=_unescaped(info.text("description")),
        instruction=_unescaped(info.text("instruction")),
        response_types=info.texts("responseType"),
        web=info.text("web"),
        contact=info.text("contact"),
        audience=info.text("audience"),
        parameters=extras,
        areas=tuple(_area(area) for area in info.of("area")),
    )


def _office(name: str) -> str:
    """Return a sender's name if it is an office's; a person's is nobody's business."""
    return name if _OFFICE.search(name) else ""


def _area(area: Children) -> AreaText:
    """Read one ``area``; lists repeat what they say, once for each level of administration."""
    named = map(str.strip, _COMMA.split(_unescaped(area.text("areaDesc"))))
    codes = [
        one
        for geocode in area.named("geocode")
        for one in _SEPARATORS.split(
            (geocode.text or "").strip() or Children(geocode).text("value")
        )
        if one
    ]
    return AreaText(
        description=",".join(filter(None, dict.fromkeys(named))),
        polygons=area.texts("polygon"),
        circles=area.texts("circle"),
        geocodes=tuple((DIVISIONS, code) for code in dict.fromkeys(codes)),
        altitude_ft=area.text("altitude"),
        ceiling_ft=area.text("ceiling"),
    )


def _unescaped(written: str) -> str:
    """Undo what JSON or Java left in a text."""
    return _ESCAPED.sub(lambda found: _ESCAPES[found[1]], written)
