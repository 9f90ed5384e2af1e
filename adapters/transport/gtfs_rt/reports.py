"""What the schema has no body for becomes a report: trip updates, shapes, the dataset."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from google.protobuf.message import Message
from google.protobuf.text_format import MessageToString
from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.transport.gtfs_rt.dataset import GtfsDataset, delay_of
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.station.v1.station_pb2 import (
    REPORT_TYPE_EVENTS,
    REPORT_TYPE_KEEP_ALIVE,
    Report,
)

_STATION: Final = 64
_TEXT: Final = 16_384
_VALUE: Final = 8192
_STOPS: Final = 2000
_LATEST: Final = 253_402_300_799


def trip_name(entity: gtfs.FeedEntity) -> str:
    """Return what a trip is known by: its id and day, or its entity's id."""
    trip = entity.trip_update.trip
    parts = filter(None, (trip.trip_id or entity.id, trip.start_date, trip.start_time))
    return ":".join(("trip", *parts))


def trip_report(entity: gtfs.FeedEntity) -> Report:
    """Return a trip's delays, stop by stop."""
    update = entity.trip_update
    report = Report(
        station_id=trip_name(entity)[:_STATION], type=REPORT_TYPE_EVENTS, function="trip_update"
    )
    delay = delay_of(update)
    for key, value in (
        ("trip_id", update.trip.trip_id),
        ("route_id", update.trip.route_id),
        ("start_date", update.trip.start_date),
        ("start_time", update.trip.start_time),
        ("vehicle_id", update.vehicle.id),
        ("vehicle_label", update.vehicle.label),
        ("license_plate", update.vehicle.license_plate),
        ("delay_s", "" if delay is None else str(delay)),
        *rarities(update.trip, update.vehicle),
    ):
        if value:
            report.attributes.append(Attribute(key=key, value=value))
    if update.trip.HasField("direction_id"):
        direction = Attribute(key="direction_id", value=str(update.trip.direction_id))
        report.attributes.append(direction)
    if update.trip.HasField("schedule_relationship"):
        name = gtfs.TripDescriptor.ScheduleRelationship.Name(update.trip.schedule_relationship)
        report.attributes.append(Attribute(key="schedule_relationship", value=name))
    report.attributes.extend(_stops(update))
    if update.HasField("trip_properties"):
        report.text = _text(update.trip_properties)[:_TEXT]
    return report


def rarities(
    trip: gtfs.TripDescriptor, vehicle: gtfs.VehicleDescriptor
) -> Iterator[tuple[str, str]]:
    """Yield what few feeds say of a trip and its vehicle."""
    if trip.HasField("modified_trip"):
        yield "modified_trip", _text(trip.modified_trip, is_line=True)
    if vehicle.HasField("wheelchair_accessible"):
        names = gtfs.VehicleDescriptor.WheelchairAccessible
        yield "wheelchair_accessible", names.Name(vehicle.wheelchair_accessible)


def other_report(entity: gtfs.FeedEntity, kind: str, said: Message) -> Report:
    """Return an entity that is kept as its text: a shape, a stop, a modification of trips."""
    text = _text(said)
    report = Report(
        station_id=f"{kind}:{entity.id}"[:_STATION],
        type=REPORT_TYPE_EVENTS,
        function=kind[:32],
        text=text[:_TEXT],
    )
    if len(text) > _TEXT:
        left = str(len(text) - _TEXT)
        report.attributes.append(Attribute(key="characters_left_out", value=left))
    return report


def dataset_report(dataset: GtfsDataset, station: str) -> Report:
    """Return what a dataset says of itself: that the feed lives, and how much it holds."""
    header = dataset.header
    report = Report(
        station_id=station[:_STATION], type=REPORT_TYPE_KEEP_ALIVE, function="FeedHeader"
    )
    incrementality = gtfs.FeedHeader.Incrementality.Name(header.incrementality)
    for key, value in (
        ("gtfs_realtime_version", header.gtfs_realtime_version),
        ("incrementality", incrementality),
        ("feed_version", header.feed_version),
        *((kind, str(count)) for kind, count in sorted(dataset.counts.items())),
    ):
        if value:
            report.attributes.append(Attribute(key=key, value=value[:8192]))
    if 0 < header.timestamp <= _LATEST:
        report.station_clock.FromSeconds(header.timestamp)
    return report


def _stops(update: gtfs.TripUpdate) -> Iterator[Attribute]:
    """Yield what is said of each stop of a trip."""
    for stop in update.stop_time_update[:_STOPS]:
        parts = []
        if stop.HasField("schedule_relationship"):
            relationship = gtfs.TripUpdate.StopTimeUpdate.ScheduleRelationship
            parts.append(relationship.Name(stop.schedule_relationship))
        for name, event in (("arrival", stop.arrival), ("departure", stop.departure)):
            said = _event(event)
            if said:
                parts.append(f"{name} {said}")
        if stop.HasField("departure_occupancy_status"):
            occupancy = gtfs.VehiclePosition.OccupancyStatus.Name(stop.departure_occupancy_status)
            parts.append(f"departure {occupancy}")
        if stop.HasField("stop_time_properties"):
            parts.append(_text(stop.stop_time_properties, is_line=True))
        number = stop.stop_sequence if stop.HasField("stop_sequence") else ""
        key = ":".join(("stop", str(number), stop.stop_id))
        yield Attribute(key=key[:128], value=", ".join(parts)[:_VALUE])
    if len(update.stop_time_update) > _STOPS:
        left = str(len(update.stop_time_update) - _STOPS)
        yield Attribute(key="stops_left_out", value=left)


def _event(event: gtfs.TripUpdate.StopTimeEvent) -> str:
    """Return an arrival or departure: its time, UTC, and its delay in seconds."""
    parts = []
    if 0 < event.time <= _LATEST:
        parts.append(_instant(event.time))
    if event.HasField("delay"):
        parts.append(f"{event.delay:+d} s")
    if event.HasField("uncertainty"):
        parts.append(f"within {event.uncertainty} s")
    if event.HasField("scheduled_time"):
        parts.append(f"scheduled {_instant(event.scheduled_time)}")
    return " ".join(parts)


def _instant(seconds: int) -> str:
    """Return a POSIX time in ISO 8601, UTC; one beyond all calendars as it is."""
    if not 0 < seconds <= _LATEST:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(said: Message, *, is_line: bool = False) -> str:
    """Return a message in Protobuf's text form, with its words as people read them."""
    return MessageToString(said, as_utf8=True, as_one_line=is_line)
