"""Parse CAP 1.0, 1.1 and 1.2 alerts (OASIS CAP-V1.2, section 3.2) into one plain shape."""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final, TypeVar

import msgspec

from adapters.sdk.elements import Children
from adapters.sdk.errors import Untranslatable
from adapters.sdk.moments import moment
from adapters.weather.cap.areas import AreaText
from adapters.weather.cap.document import NAMESPACE_1_0, NAMESPACE_PREFIX
from adapters.weather.cap.values import geocodes, named_values, resources, restriction, tight
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_EXERCISE, STATUS_TEST, Status
from liandong.weather.v1 import weather_pb2 as weather

T = TypeVar("T")

_CLAUSE: Final = "CAP 1.2, 3.2"
_PAIR: Final = 2
_TRIPLE: Final = 3
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT|\d{8}T", re.ASCII)
_GAP: Final = re.compile(r"[\s;]+")
_FIRST: Final = "CAP 1.0"


class ReferenceText(msgspec.Struct, frozen=True):
    """An earlier message that an alert names."""

    identifier: str
    sender: str = ""
    sent: datetime | None = None


class Info(msgspec.Struct, frozen=True):
    """One ``info`` of an alert; words are the alert's own, times in UTC.

    ``doubts`` has a sentence for each time that could not be read.
    """

    language: str = ""
    categories: tuple[str, ...] = ()
    event: str = ""
    event_type: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_title: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    response_types: tuple[str, ...] = ()
    web: str = ""
    contact: str = ""
    audience: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    event_codes: tuple[tuple[str, str], ...] = ()
    areas: tuple[AreaText, ...] = ()
    doubts: tuple[str, ...] = ()


class Alert(msgspec.Struct, frozen=True):
    """An alert of CAP or of the Chinese profile; times in UTC.

    ``classified`` is the profile's own word on secrecy, empty when there is none;
    ``issuer_district`` the division of the issuer's code (Chinese profile).
    """

    profile: str
    identifier: str
    sender: str
    sent: datetime
    status: "Status.ValueType"
    message_type: "weather.MessageType.ValueType"
    scope: "weather.Scope.ValueType"
    source: str = ""
    note: str = ""
    codes: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    references: tuple[ReferenceText, ...] = ()
    infos: tuple[Info, ...] = ()
    classified: str = ""
    issuer_district: str = ""


# CAP's System and Draft are no more to be acted on than its Test.
STATUSES: Final = {
    "Actual": STATUS_ACTUAL,
    "Exercise": STATUS_EXERCISE,
    "System": STATUS_TEST,
    "Test": STATUS_TEST,
    "Draft": STATUS_TEST,
}
MESSAGE_TYPES: Final = {
    "Alert": weather.MESSAGE_TYPE_ALERT,
    "Update": weather.MESSAGE_TYPE_UPDATE,
    "Cancel": weather.MESSAGE_TYPE_CANCEL,
    "Ack": weather.MESSAGE_TYPE_ACK,
    "Error": weather.MESSAGE_TYPE_ERROR,
}
SCOPES: Final = {
    "Public": weather.SCOPE_PUBLIC,
    "Restricted": weather.SCOPE_RESTRICTED,
    "Private": weather.SCOPE_PRIVATE,
}


def parse_cap(alert: Children, namespace: str, zone: tzinfo) -> Alert:
    """Return a CAP alert.

    CAP 1.0 may leave its scope open, and has no names in ``parameter``, ``eventCode`` and
    ``geocode`` but in their text: ``SAME=006109``.

    Args:
        alert: The children of the ``alert`` element.
        namespace: Its namespace, of any CAP or none.
        zone: The zone of times that name none, which CAP forbids and senders do.

    Raises:
        Untranslatable: A required element is missing or says what CAP does not know.
    """
    profile = _profile(namespace)
    scoped = profile != _FIRST or alert.text("scope")
    return Alert(
        profile=profile,
        identifier=alert.required("identifier", _CLAUSE),
        sender=alert.required("sender", _CLAUSE),
        sent=moment(alert.required("sent", _CLAUSE), "alert.sent", zone),
        status=word(alert, "status", STATUSES),
        message_type=word(alert, "msgType", MESSAGE_TYPES),
        scope=word(alert, "scope", SCOPES) if scoped else weather.SCOPE_UNSPECIFIED,
        source=alert.text("source"),
        note=alert.text("note"),
        codes=alert.texts("code"),
        incidents=tuple(" ".join(alert.texts("incidents")).split()),
        references=references(" ".join(alert.texts("references")), zone),
        infos=tuple(
            _info(info, zone, restriction(alert) if first == 0 else ())
            for first, info in enumerate(alert.of("info"))
        ),
    )


def word(alert: Children, name: str, known: Mapping[str, T]) -> T:
    """Return what a required element's word stands for; case is forgiven.

    Raises:
        Untranslatable: The element is missing, or its word is not known.
    """
    written = alert.required(name, _CLAUSE)
    if written in known:
        return known[written]
    for expected, meaning in known.items():
        if expected.casefold() == written.casefold():
            return meaning
    raise Untranslatable(f"alert.{name}", written, expected=f"one of {', '.join(known)}")


def references(written: str, zone: tzinfo) -> tuple[ReferenceText, ...]:
    """Read ``sender,identifier,sent`` triples; a bare identifier stands for itself.

    CAP 1.0 has ``identifier/sender``. A sender may have blanks in its name, which CAP forbids.
    """
    if not written:
        return ()
    triples = _triples(written)
    if triples is None:
        triples = [one.strip(",;").split(",") for one in tight(written).split()]
    return tuple(_reference(one, zone) for one in triples if any(one))


def _triples(written: str) -> list[list[str]] | None:
    """Part a list of triples where their times end; None: it is no such list."""
    parts = [part.strip() for part in written.strip(" \t\r\n,;").split(",")]
    found: list[list[str]] = []
    at, sender = 0, ""
    while at < len(parts) or sender:
        if not sender:
            sender, at = parts[at], at + 1
            continue
        if at + 1 >= len(parts) or not _TIME.match(parts[at + 1]):
            return None
        sent, *rest = _GAP.split(parts[at + 1], maxsplit=1)
        found.append([sender, parts[at], sent])
        at, sender = at + 2, "".join(rest)
    return found


def _reference(parts: list[str], zone: tzinfo) -> ReferenceText:
    """Read one reference; a time that cannot be read is left out, the name is what counts."""
    if len(parts) == _PAIR and all(parts):
        return ReferenceText(parts[1], parts[0])
    if len(parts) != _TRIPLE or not parts[1]:
        written = ",".join(parts)
        identifier, slash, sender = written.partition("/")
        is_pair = slash and identifier and "@" in sender and "/" not in sender
        return ReferenceText(identifier, sender) if is_pair else ReferenceText(written)
    try:
        sent = moment(parts[2], "alert.references", zone)
    except Untranslatable:
        sent = None
    return ReferenceText(parts[1], parts[0], sent)


def optional_moment(
    element: Children, name: str, zone: tzinfo, doubts: list[str]
) -> datetime | None:
    """Return a time that an element may hold; one that cannot be read leaves the warning be."""
    written = element.text(name)
    try:
        return moment(written, f"info.{name}", zone) if written else None
    except Untranslatable as error:
        doubts.append(str(error))
        return None


def _profile(namespace: str) -> str:
    """Return ``CAP 1.2`` and the like."""
    if namespace.startswith(NAMESPACE_1_0):
        return _FIRST
    return f"CAP {namespace.removeprefix(NAMESPACE_PREFIX)}"[:64] if namespace else "CAP"


def _info(info: Children, zone: tzinfo, extras: tuple[tuple[str, str], ...]) -> Info:
    """Read one ``info``."""
    doubts: list[str] = []
    return Info(
        language=info.text("language"),
        categories=info.texts("category"),
        event=info.text("event"),
        urgency=info.text("urgency"),
        severity=info.text("severity"),
        certainty=info.text("certainty"),
        effective=optional_moment(info, "effective", zone, doubts),
        onset=optional_moment(info, "onset", zone, doubts),
        expires=optional_moment(info, "expires", zone, doubts),
        sender_title=info.text("senderName"),
        headline=info.text("headline"),
        description=info.text("description"),
        instruction=info.text("instruction"),
        response_types=info.texts("responseType"),
        web=info.text("web"),
        contact=info.text("contact"),
        audience=info.text("audience"),
        parameters=(*named_values(info, "parameter"), *resources(info), *extras),
        event_codes=tuple(named_values(info, "eventCode")),
        areas=tuple(_area(area) for area in info.of("area")),
        doubts=tuple(doubts),
    )


def _area(area: Children) -> AreaText:
    """Read one ``area``."""
    return AreaText(
        description=area.text("areaDesc"),
        polygons=area.texts("polygon"),
        circles=area.texts("circle"),
        geocodes=tuple(geocodes(area)),
        altitude_ft=area.text("altitude"),
        ceiling_ft=area.text("ceiling"),
    )
