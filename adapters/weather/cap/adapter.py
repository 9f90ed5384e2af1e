"""The adapter for warnings in CAP and in the Chinese national profile."""

from collections.abc import Iterator
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import require_plausible
from adapters.weather.cap.alert import Alert, ReferenceText, parse_cap
from adapters.weather.cap.areas import to_location
from adapters.weather.cap.china import is_chinese, parse_china
from adapters.weather.cap.document import MAX_DOCUMENT_BYTES, CapDecoder, CapDocument
from adapters.weather.cap.earlier import REMEMBERED, STATE_OF_REFERENCED, EarlierWarnings
from adapters.weather.cap.translate import classification, expiry, to_warning
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality
from liandong.record.v1.record_pb2 import Record
from liandong.weather.v1 import weather_pb2 as weather

KIND: Final = "weather.warning"
_CHINA: Final = ZoneInfo("Asia/Shanghai")
_NOTE: Final = 512


class CapOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of warnings.

    Attributes:
        max_document_bytes: Documents beyond this go to quarantine, cut to this length.
        remembered_warnings: How many earlier warnings are kept whole in memory, so that an
            update or a cancellation can repeat them with their new state.
    """

    max_document_bytes: int = msgspec.field(default=MAX_DOCUMENT_BYTES)
    remembered_warnings: int = msgspec.field(default=REMEMBERED)


class Cap(Adapter[CapDocument, CapOptions]):
    """Warnings as CAP 1.1 and 1.2 (OASIS) and GB/T 35965.1 write them.

    An alert becomes the record ``<agency>/weather.warning/<identifier>``. An update or a
    cancellation also makes a record of each warning that it refers to, superseded or
    cancelled from the moment at which it was sent.
    """

    name: ClassVar[str] = "weather/cap"
    options_type: ClassVar[type[msgspec.Struct]] = CapOptions

    def __init__(self, feed: FeedConfig, options: CapOptions) -> None:
        super().__init__(feed, options)
        self._earlier = EarlierWarnings(options.remembered_warnings)

    def decoder(self) -> CapDecoder:
        """Return a decoder for one file or response."""
        return CapDecoder(self.options.max_document_bytes)

    def translate(self, message: CapDocument) -> Iterator[Translated]:
        """Yield the warning, then those that it replaces or cancels.

        Raises:
            Untranslatable: An element that the profile demands is missing or wrong.
        """
        alert = self._parse(message)
        message_id = f"{alert.identifier}|{alert.sender}|{alert.sent.isoformat()}"
        warning = self._warning(alert, message.raw)
        referenced = [self._referenced(alert, one, message.raw) for one in self._replaced(alert)]
        for record in (*filter(None, referenced), warning):
            self._earlier.remember(record)
        for record in (warning, *filter(None, referenced)):
            yield Translated(record, message_id)

    def _parse(self, message: CapDocument) -> Alert:
        """Read the alert by its profile."""
        if is_chinese(message.alert):
            alert = parse_china(message.alert, _CHINA)
        else:
            alert = parse_cap(message.alert, self.zone)
        require_plausible("alert.sent", alert.sent, self.now())
        return alert

    def _warning(self, alert: Alert, raw: bytes) -> Record:
        """Return the record of the alert itself."""
        doubts: list[str] = []
        body = to_warning(alert, doubts)
        areas = (area for info in body.infos for area in info.areas)
        record = self._about(alert, alert.identifier, raw)
        record.quality.CopyFrom(_quality(doubts))
        record.location.CopyFrom(to_location(areas, record.location.district))
        end = expiry(alert)
        if end is not None:
            record.expires_at.FromDatetime(end)
        record.weather_warning.CopyFrom(body)
        return record

    def _replaced(self, alert: Alert) -> list[ReferenceText]:
        """Return the earlier warnings that an alert puts an end to, each once."""
        if alert.message_type not in STATE_OF_REFERENCED:
            return []
        named = {one.identifier: one for one in alert.references}
        named.pop(alert.identifier, None)
        return list(named.values())

    def _referenced(self, alert: Alert, reference: ReferenceText, raw: bytes) -> Record | None:
        """Return an earlier warning's record as the alert leaves it.

        What is no longer known gets a short record, so that the shared state is right also
        after a restart. What was cancelled stays so.
        """
        state = STATE_OF_REFERENCED[alert.message_type]
        record = self._about(alert, reference.identifier, raw)
        known = self._earlier.get(record.name)
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
            if known.HasField("expires_at"):
                record.expires_at.CopyFrom(known.expires_at)
        record.weather_warning.state = state
        if state == weather.WARNING_STATE_CANCELLED:
            record.expires_at.FromDatetime(alert.sent)
        return record

    def _about(self, alert: Alert, identifier: str, raw: bytes) -> Record:
        """Return a record about a warning, as of the moment at which an alert was sent."""
        record = self.record(
            KIND,
            identifier,
            observed_at=alert.sent,
            raw=raw,
            source_message_id=alert.identifier,
            sent_at=alert.sent,
            status=alert.status,
            format_version=alert.profile.removeprefix("CAP").strip(),
        )
        record.classification = classification(alert, record.classification)
        if alert.issuer_district:
            record.location.district = alert.issuer_district
        return record


def _stays_cancelled(known: Record, state: "weather.WarningState.ValueType") -> bool:
    """Tell whether a warning was cancelled, and is now said to be merely replaced."""
    cancelled = weather.WARNING_STATE_CANCELLED
    return known.weather_warning.state == cancelled != state


def _quality(doubts: list[str]) -> Quality:
    """Return how far a warning may be trusted, with what was left out of it."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
