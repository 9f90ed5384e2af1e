"""A disruption (GTFS-Realtime Alert), and when it has ended."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from google.transit import gtfs_realtime_pb2 as gtfs

from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.traffic.v1 import traffic_pb2 as traffic

_HEADLINE: Final = 1024
_DESCRIPTION: Final = 16_384
_VALUE: Final = 8192
# The last second of a Protobuf timestamp; producers write "for ever" as a larger one.
_LATEST: Final = 253_402_300_799
_TEXTS: Final = (
    "header_text",
    "description_text",
    "url",
    "tts_header_text",
    "tts_description_text",
    "cause_detail",
    "effect_detail",
    "image_alternative_text",
)


def alert(entity: gtfs.FeedEntity, languages: Sequence[str], doubts: list[str]) -> traffic.Alert:
    """Return an alert as an entity describes it.

    Args:
        entity: The entity.
        languages: Which language its text is to be in, the best first.
        doubts: Gets a sentence for each text that was too long.
    """
    said = entity.alert
    return traffic.Alert(
        alert_id=entity.id[:128],
        cause=gtfs.Alert.Cause.Name(said.cause),
        effect=gtfs.Alert.Effect.Name(said.effect),
        headline=_cut(_best(said.header_text, languages), _HEADLINE, "header_text", doubts),
        description=_cut(
            _best(said.description_text, languages), _DESCRIPTION, "description_text", doubts
        ),
        affected=list(dict.fromkeys(filter(None, map(_selector, said.informed_entity)))),
        periods=list(_periods(said.active_period)),
        attributes=list(_attributes(said, languages)),
    )


def expiry(body: traffic.Alert) -> datetime | None:
    """Return when an alert ends of itself: after its last period, if each has an end."""
    if not body.periods or not all(period.HasField("end_at") for period in body.periods):
        return None
    return max(period.end_at.ToDatetime(UTC) for period in body.periods)


def end(body: traffic.Alert, at: datetime) -> None:
    """Let an alert's periods end at a time, as it has ended before they did."""
    kept = []
    for period in body.periods:
        if period.HasField("start_at") and period.start_at.ToDatetime(UTC) >= at:
            continue
        if not period.HasField("end_at") or period.end_at.ToDatetime(UTC) > at:
            period.end_at.FromDatetime(at)
        kept.append(period)
    periods = [traffic.Period.FromString(period.SerializeToString()) for period in kept]
    del body.periods[:]
    body.periods.extend(periods)


def _best(text: gtfs.TranslatedString, languages: Sequence[str]) -> str:
    """Return a text in the best language that there is, else in the first.

    One that is marked up (``en-html``) gives way to the same language without.
    """
    plain = [one for one in text.translation if not one.language.casefold().endswith("-html")]
    for language in (*languages, ""):
        for one in (*plain, *text.translation):
            if one.language.casefold().partition("-")[0] == language.casefold():
                return one.text
    return next((one.text for one in text.translation), "")


def _cut(text: str, most: int, name: str, doubts: list[str]) -> str:
    """Return a text of bounded length, and tell when something of it is missing."""
    if len(text) > most:
        doubts.append(f"{name} has {len(text)} characters, of which {most} are kept")
    return text[:most]


def _selector(chosen: gtfs.EntitySelector) -> str:
    """Return what is affected; several conditions hold together."""
    parts = [
        f"{name}:{value}"
        for name, value in (
            ("agency", chosen.agency_id),
            ("route", chosen.route_id or chosen.trip.route_id),
            ("trip", chosen.trip.trip_id),
            ("stop", chosen.stop_id),
        )
        if value
    ]
    if chosen.HasField("route_type"):
        parts.append(f"route_type:{chosen.route_type}")
    if chosen.HasField("direction_id"):
        parts.append(f"direction:{chosen.direction_id}")
    return "&".join(parts)


def _periods(ranges: Iterable[gtfs.TimeRange]) -> Iterator[traffic.Period]:
    """Yield spans; 0, and an end beyond all time, are no bound."""
    for span in ranges:
        period = traffic.Period()
        if 0 < span.start <= _LATEST:
            period.start_at.FromSeconds(span.start)
        if 0 < span.end <= _LATEST:
            period.end_at.FromSeconds(span.end)
        yield period


def _attributes(said: gtfs.Alert, languages: Sequence[str]) -> Iterator[Attribute]:
    """Yield what the schema has no field for, with the texts in other languages."""
    if said.HasField("severity_level"):
        name = gtfs.Alert.SeverityLevel.Name(said.severity_level)
        yield Attribute(key="severity_level", value=name)
    for field in _TEXTS:
        text = getattr(said, field)
        shown = _best(text, languages) if field in _TEXTS[:2] else None
        for one in text.translation:
            if one.text and one.text != shown:
                key = f"{field}[{one.language}]" if one.language else field
                yield Attribute(key=key[:128], value=one.text[:_VALUE])
    for image in said.image.localized_image:
        yield Attribute(key=f"image[{image.language}]"[:128], value=image.url[:_VALUE])
    for field in ("communication_period", "impact_period"):
        for span in getattr(said, field):
            yield Attribute(key=field, value=f"{span.start or ''}/{span.end or ''}")
