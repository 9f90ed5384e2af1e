"""The adapter for GTFS-Realtime."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal

import msgspec
from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import AHEAD, EARLIEST, require_plausible
from adapters.sdk.unchanged import Unchanged
from adapters.transport.gtfs_rt.alerts import alert, expiry
from adapters.transport.gtfs_rt.dataset import (
    MAX_BYTES,
    GtfsDataset,
    GtfsEntity,
    GtfsRtDecoder,
)
from adapters.transport.gtfs_rt.reports import (
    dataset_report,
    other_report,
    trip_name,
    trip_report,
)
from adapters.transport.gtfs_rt.standing import StandingAlerts
from adapters.transport.gtfs_rt.vehicles import (
    NOWHERE,
    is_nowhere,
    vehicle,
    vehicle_location,
    vehicle_name,
)
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality
from liandong.record.v1.record_pb2 import Record
from liandong.station.v1.station_pb2 import REPORT_TYPE_EVENTS, Report
from liandong.traffic.v1 import traffic_pb2 as traffic

VEHICLE: Final = "traffic.vehicle"
ALERT: Final = "traffic.alert"
REPORT: Final = "station.report"
_OTHERS: Final = ("shape", "stop", "trip_modifications")
_NO_TIME: Final = "the feed says no time that can be true: this is when it came"
_NOTE: Final = 512
_MILLISECONDS: Final = 10**12
_VEHICLES: Final = ("vehicle",)
_TYPES: Final = {
    "": traffic.VEHICLE_TYPE_UNSPECIFIED,
    "bus": traffic.VEHICLE_TYPE_BUS,
    "coach": traffic.VEHICLE_TYPE_COACH,
    "rail": traffic.VEHICLE_TYPE_RAIL,
    "vessel": traffic.VEHICLE_TYPE_VESSEL,
}


class GtfsRtOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of GTFS-Realtime.

    Attributes:
        vehicle_type: What its vehicles are, which GTFS-Realtime does not say.
        languages: The languages of an alert's text, the best first; the others become
            attributes.
        max_document_bytes: FeedMessages beyond this go to quarantine, cut to this length.
    """

    vehicle_type: Literal["", "bus", "coach", "rail", "vessel"] = ""
    languages: tuple[str, ...] = ("zh", "en")
    max_document_bytes: int = MAX_BYTES


class GtfsRt(Adapter[GtfsEntity | GtfsDataset, GtfsRtOptions]):
    """GTFS-Realtime 1.0 and 2.0, polled or in files, full datasets or differences.

    Positions become ``traffic.vehicle``, alerts ``traffic.alert``, trip updates and the
    rest ``station.report``. What a dataset merely repeats has the id that it had.
    """

    name: ClassVar[str] = "transport/gtfs_rt"
    options_type: ClassVar[type[msgspec.Struct]] = GtfsRtOptions

    def __init__(self, feed: FeedConfig, options: GtfsRtOptions) -> None:
        super().__init__(feed, options)
        self._unchanged = Unchanged()
        self._standing = StandingAlerts()
        self._newest = EARLIEST

    def decoder(self) -> GtfsRtDecoder:
        """Return a decoder for one file or response."""
        return GtfsRtDecoder(self.options.max_document_bytes)

    def recalls(self) -> tuple[str, ...]:
        """Return the alerts: those that went while the feed was stopped must end."""
        return (ALERT,)

    def recall(self, record: Record) -> None:
        """Take up an alert that stands, or that has ended."""
        alert_id = record.traffic_alert.alert_id
        at = record.observed_at.ToDatetime(UTC)
        if record.HasField("expires_at") and record.expires_at.ToDatetime(UTC) <= at:
            self._standing.forget(alert_id)
            self._unchanged.forget(f"{ALERT}/{alert_id}")
        else:
            self._standing.remember(alert_id, record)
            self._unchanged.since(f"{ALERT}/{alert_id}", record.provenance.raw_sha256, at)

    def translate(self, message: GtfsEntity | GtfsDataset) -> Iterator[Translated]:
        """Yield the records of an entity, or the alerts that a dataset ends and its report.

        Raises:
            Untranslatable: The entity holds nothing, or what cannot be true.
        """
        if isinstance(message, GtfsDataset):
            yield from self._dataset(message)
            return
        entity = message.entity
        if entity.is_deleted:
            yield from self._deleted(message)
            return
        found = False
        if entity.HasField("vehicle"):
            found = True
            yield self._vehicle(message)
        if entity.HasField("alert"):
            found = True
            yield self._alert(message)
        if entity.HasField("trip_update"):
            found = True
            stamp = entity.trip_update.timestamp
            yield self._report(message, trip_name(entity), trip_report(entity), stamp)
        for kind in _OTHERS:
            if entity.HasField(kind):
                found = True
                report = other_report(entity, kind, getattr(entity, kind))
                yield self._report(message, f"{kind}:{entity.id}", report, 0)
        if not found:
            raise Untranslatable(
                f"entity {entity.id[:64]}",
                "",
                expected="a vehicle, an alert, a trip update or another part (FeedEntity)",
                cause="missing",
            )

    def _vehicle(self, message: GtfsEntity) -> Translated:
        """Return a vehicle's position."""
        seen = message.entity.vehicle
        location = vehicle_location(seen)
        body, is_within = vehicle(
            message.entity, _TYPES[self.options.vehicle_type], message.delay_s
        )
        record, message_id = self._about(
            message,
            VEHICLE,
            vehicle_name(message.entity),
            stamp=seen.timestamp,
            content=message.raw + str(message.delay_s).encode(),
            location=location,
        )
        if is_nowhere(seen):
            record.quality.CopyFrom(NOWHERE)
        record.traffic_vehicle.CopyFrom(body)
        return Translated(record, message_id, _VEHICLES if is_within else None)

    def _alert(self, message: GtfsEntity) -> Translated:
        """Return an alert, and remember that it stands."""
        doubts: list[str] = []
        body = alert(message.entity, self.options.languages, doubts)
        record, message_id = self._about(
            message, ALERT, message.entity.id, stamp=0, content=message.raw, doubts=doubts
        )
        record.traffic_alert.CopyFrom(body)
        ends = expiry(body)
        if ends is not None:
            record.expires_at.FromDatetime(ends)
        self._standing.remember(body.alert_id, record)
        return Translated(record, message_id)

    def _report(self, message: GtfsEntity, name: str, body: Report, stamp: int) -> Translated:
        """Return a report."""
        record, message_id = self._about(message, REPORT, name, stamp=stamp, content=message.raw)
        record.station_report.CopyFrom(body)
        return Translated(record, message_id)

    def _deleted(self, message: GtfsEntity) -> Iterator[Translated]:
        """Yield the end of an alert, or a report that something is no more."""
        at, _ = self._time(message.header)
        entity_id = message.entity.id
        if self._standing.end(entity_id[:128], at):
            self._unchanged.forget(f"{ALERT}/{entity_id}")
            yield from self._ended(at, only=entity_id[:128])
            return
        body = Report(
            station_id=f"entity:{entity_id}"[:64], type=REPORT_TYPE_EVENTS, function="is_deleted"
        )
        yield self._report(message, f"entity:{entity_id}", body, 0)

    def _dataset(self, dataset: GtfsDataset) -> Iterator[Translated]:
        """Yield the alerts that are over, and the dataset's report."""
        at, doubts = self._time(dataset.header)
        # A cache may serve an older dataset after a newer one; it ends nothing.
        if at >= self._newest:
            self._newest = at
            if dataset.is_full:
                for alert_id in self._standing.end_missing(_cut(dataset.alerts), at):
                    self._unchanged.forget(f"{ALERT}/{alert_id}")
            yield from self._ended(at)
        body = dataset_report(dataset, self.feed.id)
        content = dataset.raw + body.SerializeToString(deterministic=True)
        since = self._unchanged.since("dataset", content, at)
        record = self.record(
            REPORT,
            self.feed.id,
            observed_at=since,
            raw=dataset.raw,
            quality=_quality(doubts),
            format_version=dataset.header.gtfs_realtime_version[:32],
        )
        record.station_report.CopyFrom(body)
        digest = hashlib.sha256(content).hexdigest()
        yield Translated(record, f"dataset|{since.isoformat()}|{digest}")

    def _ended(self, at: datetime, only: str = "") -> Iterator[Translated]:
        """Yield the alerts that have ended lately."""
        for alert_id, record in self._standing.ended(at):
            if not only or alert_id == only:
                record.received_at.FromDatetime(self.now())
                end = record.expires_at.ToDatetime(UTC)
                yield Translated(record, f"end|{alert_id}|{end.isoformat()}")

    def _about(
        self,
        message: GtfsEntity,
        kind: str,
        name: str,
        *,
        stamp: int,
        content: bytes,
        doubts: Sequence[str] = (),
        location: Location | None = None,
    ) -> tuple[Record, str]:
        """Return a record without body, and the id of its message.

        Args:
            message: The entity.
            kind: The record's kind.
            name: What it is about.
            stamp: The entity's own time, seconds since 1970; 0: it has none.
            content: What makes it the same as the last time.
            doubts: What could not be read.
            location: Where it is.
        """
        found: list[str] = []
        if stamp:
            at = _moment(stamp)
            require_plausible("timestamp", at, self.now())
        else:
            at, found = self._time(message.header)
            # An alert is compared by the digest that its stored record has, too.
            told = hashlib.sha256(message.raw).digest() if content is message.raw else content
            at = self._unchanged.since(f"{kind}/{name}", told, at)
        record = self.record(
            kind,
            name,
            observed_at=at,
            raw=message.raw,
            source_message_id=message.entity.id[:512],
            quality=_quality([*found, *doubts]),
            location=location,
            format_version=message.header.gtfs_realtime_version[:32],
        )
        said = hashlib.sha256(content).hexdigest()
        return record, f"{message.entity.id}|{at.isoformat()}|{said}"

    def _time(self, header: gtfs.FeedHeader) -> tuple[datetime, list[str]]:
        """Return a dataset's time, UTC; without one that can be true, now."""
        now = self.now()
        if header.timestamp:
            at = _moment(header.timestamp)
            if EARLIEST <= at <= now + AHEAD:
                return at, []
        return now, [_NO_TIME]


def _moment(seconds: int) -> datetime:
    """Return a POSIX time as a datetime, UTC; one beyond all calendars as their end.

    What would be in the year 33,000 and later are milliseconds, as some producers write.
    """
    if seconds >= _MILLISECONDS:
        seconds //= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _cut(alert_ids: frozenset[str]) -> frozenset[str]:
    """Return ids as records hold them."""
    return frozenset(alert_id[:128] for alert_id in alert_ids)


def _quality(doubts: list[str]) -> Quality:
    """Return how far an entity may be trusted."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
