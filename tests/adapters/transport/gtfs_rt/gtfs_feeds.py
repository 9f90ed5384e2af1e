"""GTFS-Realtime datasets of our own making, and the adapter that reads them."""

from datetime import UTC, datetime
from typing import Any

from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.transport.gtfs_rt import GtfsDataset, GtfsEntity, GtfsRt, GtfsRtOptions
from liandong.record.v1.record_pb2 import Record

START = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())


class Gtfs(GtfsRt):
    """The adapter at a time that the test sets."""

    at = datetime(2026, 7, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return that time."""
        return self.at


def adapter(**options: Any) -> Gtfs:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(
        id="transport.gtfs",
        adapter="transport/gtfs_rt",
        agency="transport",
        source="https://example.org/feed.pb",
        district="320100",
    )
    return Gtfs(feed, GtfsRtOptions(**options))


def dataset(*entities: gtfs.FeedEntity, at: int = START, differential: bool = False) -> bytes:
    """Return a dataset; a time of 0 is none."""
    message = gtfs.FeedMessage(entity=entities)
    message.header.gtfs_realtime_version = "2.0"
    if at:
        message.header.timestamp = at
    if differential:
        message.header.incrementality = gtfs.FeedHeader.DIFFERENTIAL
    return message.SerializeToString()


def bus(vehicle_id: str = "8801", *, latitude: float = 32.05, at: int = 0) -> gtfs.FeedEntity:
    """Return a bus."""
    entity = gtfs.FeedEntity(id=f"v{vehicle_id}")
    seen = entity.vehicle
    seen.vehicle.id, seen.vehicle.label = vehicle_id, "Line 1"
    seen.trip.trip_id, seen.trip.route_id, seen.trip.start_date = "T1", "R1", "20260701"
    seen.position.latitude, seen.position.longitude = latitude, 118.78
    seen.position.speed, seen.position.bearing = 8.5, 90.0
    seen.position.odometer = 12_500.0
    seen.stop_id, seen.occupancy_percentage = "S7", 80
    seen.current_status = gtfs.VehiclePosition.IN_TRANSIT_TO
    if at:
        seen.timestamp = at
    return entity


def closure(alert_id: str = "A1", text: str = "地铁停运", *, end: int = 0) -> gtfs.FeedEntity:
    """Return an alert."""
    entity = gtfs.FeedEntity(id=alert_id)
    said = entity.alert
    said.cause, said.effect = gtfs.Alert.ACCIDENT, gtfs.Alert.NO_SERVICE
    said.header_text.translation.add(text="Closed", language="en")
    said.header_text.translation.add(text=text, language="zh-CN")
    said.description_text.translation.add(text="全线停运")
    said.url.translation.add(text="https://example.org/a1")
    said.severity_level = gtfs.Alert.SEVERE
    said.informed_entity.add(route_id="1")
    said.informed_entity.add(route_id="2", stop_id="S1")
    said.informed_entity.add().trip.trip_id = "T1"
    period = said.active_period.add(start=START - 3600)
    if end:
        period.end = end
    return entity


def delays(trip_id: str = "T1", seconds: int = 120) -> gtfs.FeedEntity:
    """Return a trip update."""
    entity = gtfs.FeedEntity(id=f"u{trip_id}")
    update = entity.trip_update
    update.trip.trip_id, update.trip.start_date = trip_id, "20260701"
    stop = update.stop_time_update.add(stop_id="S7", stop_sequence=7)
    stop.arrival.delay, stop.arrival.time = seconds, START + 600
    update.stop_time_update.add(
        stop_id="S8", schedule_relationship=gtfs.TripUpdate.StopTimeUpdate.SKIPPED
    )
    return entity


def decoded(reader: GtfsRt, raw: bytes) -> list[GtfsEntity | GtfsDataset | Undecodable]:
    """Decode a dataset at once."""
    decoder = reader.decoder()
    return [*decoder.feed(raw), *decoder.close()]


def translated(reader: GtfsRt, raw: bytes) -> list[Translated]:
    """Return the records of a good dataset."""
    found: list[Translated] = []
    for item in decoded(reader, raw):
        assert not isinstance(item, Undecodable), item
        found += reader.translate(item)
    return found


def bodies(reader: GtfsRt, raw: bytes, kind: str) -> list[Record]:
    """Return the records of one body."""
    records = (found.record for found in translated(reader, raw))
    return [record for record in records if record.WhichOneof("body") == kind]
