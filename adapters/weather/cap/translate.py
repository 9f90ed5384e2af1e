"""Turn an alert into liandong's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

from adapters.sdk.clock import moment_of
from adapters.sdk.errors import Untranslatable
from adapters.weather.cap.alert import Alert, Info, ReferenceText
from adapters.weather.cap.areas import AreaText, to_area
from adapters.weather.cap.bounds import alert_fits
from adapters.weather.cap.china import PROFILE as CHINESE
from adapters.weather.cap.colours import (
    SEVERITY_OF,
    Color,
    Severity,
    color_of_headline,
    color_of_level,
    color_of_parameters,
    color_of_word,
    gravest,
)
from adapters.weather.cap.trim import trimmed
from liandong.place.v1.place_pb2 import Area
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.record.v1 import record_pb2 as record
from liandong.weather.v1 import weather_pb2 as weather

T = TypeVar("T")

_URGENCIES: Final = {
    "Immediate": weather.URGENCY_IMMEDIATE,
    "Expected": weather.URGENCY_EXPECTED,
    "Future": weather.URGENCY_FUTURE,
    "Past": weather.URGENCY_PAST,
    "Unknown": weather.URGENCY_UNKNOWN,
}
_SEVERITIES: Final = {
    "Extreme": weather.SEVERITY_EXTREME,
    "Severe": weather.SEVERITY_SEVERE,
    "Moderate": weather.SEVERITY_MODERATE,
    "Minor": weather.SEVERITY_MINOR,
    "Unknown": weather.SEVERITY_UNKNOWN,
}
_CERTAINTIES: Final = {
    "Observed": weather.CERTAINTY_OBSERVED,
    "Likely": weather.CERTAINTY_LIKELY,
    # CAP 1.0's word, which 1.1 deprecated in favour of Likely.
    "Very Likely": weather.CERTAINTY_LIKELY,
    "Possible": weather.CERTAINTY_POSSIBLE,
    "Unlikely": weather.CERTAINTY_UNLIKELY,
    "Unknown": weather.CERTAINTY_UNKNOWN,
}
_STATES: Final = {
    weather.MESSAGE_TYPE_ALERT: weather.WARNING_STATE_IN_FORCE,
    weather.MESSAGE_TYPE_UPDATE: weather.WARNING_STATE_IN_FORCE,
    weather.MESSAGE_TYPE_CANCEL: weather.WARNING_STATE_CANCELLED,
}
_FORCELESS: Final = frozenset(
    {weather.MESSAGE_TYPE_CANCEL, weather.MESSAGE_TYPE_ACK, weather.MESSAGE_TYPE_ERROR}
)
# Names of event codes that say what 11B03 and the like say.
_CHINESE_CODES: Final = ("gb/t 35965", "gb/t35965", "gb/t 34283", "gb/t34283")


def to_warning(alert: Alert, doubts: list[str]) -> tuple[weather.Warning, bool]:
    """Return the warning that an alert states, and whether it keeps the schema's bounds.

    Args:
        alert: The alert.
        doubts: Gets a sentence for each thing that could not be read and was left out.

    Raises:
        Untranslatable: A part lacks what CAP demands of it.
    """
    infos = [_info(alert, info, doubts) for info in alert.infos]
    event = next((info.event for info in alert.infos if info.event), "")
    event_type = next(filter(None, map(_event_type, alert.infos)), "")
    warning = weather.Warning(
        identifier=alert.identifier,
        sender=alert.sender,
        message_type=alert.message_type,
        scope=alert.scope,
        references=[_reference(one) for one in alert.references],
        state=_STATES.get(alert.message_type, weather.WARNING_STATE_UNSPECIFIED),
        infos=infos,
        note=alert.note,
        profile=alert.profile,
        incidents=alert.incidents,
        codes=alert.codes,
        source=alert.source,
        color=gravest(info.color for info in infos),
        event=event,
        event_type=event_type,
    )
    return warning, alert_fits(alert, event, event_type)


def expiry(alert: Alert) -> datetime | None:
    """Return when a warning ends: with its last part; a cancellation stands for no time.

    A part without an end lasts until something ends it (CAP 1.2, 3.2.2 leaves it to the
    recipient), and with it the warning.
    """
    if alert.message_type == weather.MESSAGE_TYPE_CANCEL:
        return alert.sent
    ends = [info.expires for info in alert.infos if info.expires]
    return max(ends) if ends and len(ends) == len(alert.infos) else None


def classification(
    alert: Alert, usual: "record.Classification.ValueType"
) -> "record.Classification.ValueType":
    """Return how far a warning may travel: as the feed says, less if the alert says less."""
    if alert.classified or alert.scope != weather.SCOPE_PUBLIC:
        return max(usual, record.CLASSIFICATION_RESTRICTED)
    return usual


def _reference(written: ReferenceText) -> weather.Reference:
    """Return an earlier message's name."""
    reference = weather.Reference(sender=written.sender, identifier=written.identifier)
    if written.sent is not None:
        moment_of(written.sent).write(reference.sent_at)
    return reference


def _info(alert: Alert, info: Info, doubts: list[str]) -> weather.WarningInfo:
    """Return one part."""
    info = trimmed(info, doubts)
    chinese = alert.profile == CHINESE
    # A message that warns of nothing has no need to say how grave it is.
    lenient = chinese or alert.message_type in _FORCELESS
    color = _color(info, chinese=chinese)
    part = weather.WarningInfo(
        language=info.language,
        categories=info.categories,
        event=_event(info, lenient=lenient),
        urgency=_word("urgency", info.urgency, _URGENCIES, lenient=lenient),
        severity=_severity(info, color, chinese=chinese, lenient=lenient),
        certainty=_word("certainty", info.certainty, _CERTAINTIES, lenient=lenient),
        sender_title=info.sender_title,
        headline=info.headline,
        description=info.description,
        instruction=info.instruction,
        response_types=info.response_types,
        web=info.web,
        contact=info.contact,
        parameters=[Attribute(key=key, value=value) for key, value in info.parameters],
        event_codes=[Attribute(key=key, value=value) for key, value in info.event_codes],
        areas=[_area(area, doubts) for area in info.areas],
        audience=info.audience,
        color=color,
        source_severity=info.severity,
    )
    for moment, field in (
        (info.effective, part.effective_at),
        (info.onset, part.onset_at),
        (info.expires, part.expires_at),
    ):
        if moment is not None:
            moment_of(moment).write(field)
    return part


def _area(written: AreaText, doubts: list[str]) -> Area:
    """Return one area."""
    drawn = to_area(written)
    doubts.extend(drawn.doubts)
    return drawn.area


def _event(info: Info, *, lenient: bool) -> str:
    """Return the event in words, which CAP demands."""
    if not (info.event or lenient):
        raise Untranslatable("info.event", "", expected="a value (CAP 1.2, 3.2.2)", cause="missing")
    return info.event


def _event_type(info: Info) -> str:
    """Return the event's code in the Chinese profile, also where CAP carries it."""
    if info.event_type:
        return info.event_type
    codes = (code for name, code in info.event_codes if name.lower().startswith(_CHINESE_CODES))
    return next(codes, "")


def _color(info: Info, *, chinese: bool) -> Color:
    """Return a part's colour, which is not what CAP calls severity."""
    return (
        (chinese and color_of_word(info.severity))
        or color_of_parameters((*info.parameters, *info.event_codes))
        or color_of_headline(info.headline)
        or (color_of_level(info.severity) if chinese else weather.COLOR_UNSPECIFIED)
    )


def _severity(info: Info, color: Color, *, chinese: bool, lenient: bool) -> Severity:
    """Return a part's severity: by its word, in the Chinese profile by its colour."""
    if chinese and color:
        return SEVERITY_OF[color]
    return _word("severity", info.severity, _SEVERITIES, lenient=lenient)


def _word(name: str, written: str, known: Mapping[str, T], *, lenient: bool) -> T:
    """Return what a word stands for; where a profile is loose, what it does not say is unknown.

    Raises:
        Untranslatable: CAP demands the element, and its word is missing or not CAP's.
    """
    if written in known:
        return known[written]
    for expected, meaning in known.items():
        if expected.casefold() == written.casefold():
            return meaning
    if lenient:
        return known["Unknown"]
    expected = f"one of {', '.join(known)} (CAP 1.2, 3.2.2)"
    cause = "value" if written else "missing"
    raise Untranslatable(f"info.{name}", written, expected=expected, cause=cause)
