"""Whether the record of an alert keeps the bounds that the schema sets.

Words come from tables, numbers and times are read as such, and areas know of themselves
whether they fit; left are texts, and how many there are of what may repeat.
"""

from typing import Final

from adapters.sdk.limits import attributes_fit, fit, longest, most
from adapters.weather.cap.alert import Alert, Info
from adapters.weather.cap.areas import to_area
from liandong.record.v1.record_pb2 import Provenance
from liandong.weather.v1 import weather_pb2 as weather

_ALERT: Final = longest(
    weather.Warning, "identifier", "sender", "note", "source", "event", "event_type"
) + longest(Provenance, "format_version")
_INFO: Final = longest(
    weather.WarningInfo,
    "language",
    "event",
    "sender_title",
    "headline",
    "description",
    "instruction",
    "web",
    "contact",
    "audience",
    "source_severity",
)
_REFERENCE: Final = longest(weather.Reference, "sender", "identifier")
_MOST_INFOS: Final = most(weather.Warning, "infos")
_MOST_NAMES: Final = min(
    most(weather.Warning, field) for field in ("incidents", "codes", "references")
)
_MOST_WORDS: Final = min(
    most(weather.WarningInfo, field) for field in ("categories", "response_types")
)
_MOST_PARAMETERS: Final = most(weather.WarningInfo, "parameters")
_MOST_EVENT_CODES: Final = most(weather.WarningInfo, "event_codes")
_MOST_AREAS: Final = most(weather.WarningInfo, "areas")


def alert_fits(alert: Alert, event: str, event_type: str) -> bool:
    """Tell whether an alert's record surely keeps the bounds.

    Args:
        alert: The alert.
        event: Its event, in words.
        event_type: Its event's code.
    """
    texts = (
        alert.identifier,
        alert.sender,
        alert.note,
        alert.source,
        event,
        event_type,
        alert.profile,
    )
    return (
        alert.identifier != ""
        and fit(texts, _ALERT)
        and len(alert.infos) <= _MOST_INFOS
        and max(len(alert.incidents), len(alert.codes), len(alert.references)) <= _MOST_NAMES
        and all(
            one.identifier and fit((one.sender, one.identifier), _REFERENCE)
            for one in alert.references
        )
        and all(map(_info_fits, alert.infos))
    )


def _info_fits(info: Info) -> bool:
    """Tell whether a part surely keeps the bounds."""
    texts = (
        info.language,
        info.event,
        info.sender_title,
        info.headline,
        info.description,
        info.instruction,
        info.web,
        info.contact,
        info.audience,
        info.severity,
    )
    return (
        fit(texts, _INFO)
        and max(len(info.categories), len(info.response_types)) <= _MOST_WORDS
        and len(info.parameters) <= _MOST_PARAMETERS
        and len(info.event_codes) <= _MOST_EVENT_CODES
        and len(info.areas) <= _MOST_AREAS
        and attributes_fit(info.parameters)
        and attributes_fit(info.event_codes)
        and all(to_area(area).is_within for area in info.areas)
    )
