"""Make the records of an alert: the warning, and those that it replaces or cancels."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.sdk.adapter import VALID, Adapter
from adapters.sdk.clock import moment_of
from adapters.sdk.limits import most
from adapters.weather.cap.alert import Alert, ReferenceText
from adapters.weather.cap.areas import to_location
from adapters.weather.cap.earlier import STATE_OF_REFERENCED, EarlierWarnings
from adapters.weather.cap.translate import classification, expiry, to_warning
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, Record
from liandong.weather.v1 import weather_pb2 as weather

KIND: Final = "weather.warning"
_NOTE: Final = 512
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_MOST_REFERENCES: Final = most(weather.Warning, "references")
Shape = tuple[object, ...] | None
"""What `Translated` calls a shape."""


class WarningRecords:
    """Makes records of alerts, in whatever form they came, under the alert's identifier.

    Args:
        adapter: Whose records they are.
        remembered: How many earlier warnings are kept whole in memory.
    """

    def __init__(self, adapter: Adapter[Any, Any], remembered: int) -> None:
        self._adapter = adapter
        self._earlier = EarlierWarnings(remembered)

    def of(self, alert: Alert, raw: bytes) -> Iterator[tuple[Record, Shape]]:
        """Yield the warning, then those that it replaces or cancels, each with its shape.

        Raises:
            Untranslatable: A part lacks what CAP demands of it.
        """
        doubts = []
        if len(alert.references) > _MOST_REFERENCES:
            doubts.append(
                f"of {len(alert.references)} references the latest {_MOST_REFERENCES} are kept"
            )
            alert = msgspec.structs.replace(alert, references=_latest(alert.references))
        warning, shape = self._warning(alert, raw, doubts)
        referenced = [self._referenced(alert, one, raw) for one in _replaced(alert)]
        for record in (*filter(None, referenced), warning):
            self._earlier.remember(record)
        yield warning, shape
        for earlier in filter(None, referenced):
            yield earlier, None

    def _warning(self, alert: Alert, raw: bytes, doubts: list[str]) -> tuple[Record, Shape]:
        """Return the record of the alert itself, and its shape."""
        doubts.extend(doubt for info in alert.infos for doubt in info.doubts)
        body, is_within = to_warning(alert, doubts)
        district = alert.issuer_district or self._adapter.feed.district
        areas = tuple(area for info in alert.infos for area in info.areas)
        located = to_location(areas, district)
        doubts.extend(located.doubts)
        record = self._about(
            alert,
            alert.identifier,
            raw,
            location=located.location,
            quality=_quality(doubts),
            expires_at=expiry(alert),
        )
        record.weather_warning.CopyFrom(body)
        return record, (KIND, located.location.district) if is_within else None

    def _referenced(self, alert: Alert, reference: ReferenceText, raw: bytes) -> Record | None:
        """Return an earlier warning's record as the alert leaves it.

        What is no longer known gets a short record, so that the shared state is right also
        after a restart. What was cancelled stays so; what had no end of its own ends now. A
        drill or a test (CAP 1.2, 3.2.1) ends nothing real, nor what might be.
        """
        state = STATE_OF_REFERENCED[alert.message_type]
        record = self._about(alert, reference.identifier, raw)
        known = self._earlier.get(record.name)
        if alert.status != STATUS_ACTUAL and (known is None or known.status != alert.status):
            return None
        if known is None:
            body = record.weather_warning
            body.identifier, body.sender = reference.identifier, reference.sender
            body.profile = alert.profile
        elif _stays_cancelled(known, state):
            return None
        else:
            record.classification = max(record.classification, known.classification)
            record.status = known.status
            record.quality.CopyFrom(known.quality)
            record.location.CopyFrom(known.location)
            record.weather_warning.CopyFrom(known.weather_warning)
            record.expires_at.CopyFrom(known.expires_at)
        record.weather_warning.state = state
        if state == weather.WARNING_STATE_CANCELLED or not record.expires_at.seconds:
            moment_of(alert.sent).write(record.expires_at)
        return record

    def _about(
        self,
        alert: Alert,
        identifier: str,
        raw: bytes,
        *,
        location: Location | None = None,
        quality: Quality = VALID,
        expires_at: datetime | None = None,
    ) -> Record:
        """Return a record about a warning, as of the moment at which an alert was sent."""
        record = self._adapter.record(
            KIND,
            identifier,
            observed_at=alert.sent,
            raw=raw,
            source_message_id=alert.identifier,
            sent_at=alert.sent,
            expires_at=expires_at,
            quality=quality,
            status=alert.status,
            location=location,
            format_version=alert.profile.removeprefix("CAP").strip(),
        )
        record.classification = classification(alert, record.classification)
        if location is None and alert.issuer_district:
            record.location.district = alert.issuer_district
        return record


def _latest(references: tuple[ReferenceText, ...]) -> tuple[ReferenceText, ...]:
    """Return as many references as a record holds: each makes a record of the whole message.

    An update names all that went before it; what those before it named, they have replaced.
    """
    by_time = sorted(references, key=lambda one: one.sent or _BEGINNING)
    return tuple(by_time[-_MOST_REFERENCES:])


def _replaced(alert: Alert) -> list[ReferenceText]:
    """Return the earlier warnings that an alert puts an end to, each once."""
    if alert.message_type not in STATE_OF_REFERENCED:
        return []
    named = {one.identifier: one for one in alert.references}
    named.pop(alert.identifier, None)
    return list(named.values())


def _stays_cancelled(known: Record, state: "weather.WarningState.ValueType") -> bool:
    """Tell whether a warning was cancelled, and is now said to be merely replaced."""
    cancelled = weather.WARNING_STATE_CANCELLED
    return known.weather_warning.state == cancelled != state


def _quality(doubts: list[str]) -> Quality:
    """Return how far a warning may be trusted, with what was left out of it."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
