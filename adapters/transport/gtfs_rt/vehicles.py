"""A vehicle's position (GTFS-Realtime VehiclePosition)."""

import struct
from collections.abc import Iterator
from typing import Final

from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.sdk.errors import Untranslatable
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.traffic.v1.traffic_pb2 import Vehicle, VehicleType

_METRES: Final = 1000.0
_FLOAT: Final = struct.Struct("<f")


def vehicle_name(entity: gtfs.FeedEntity) -> str:
    """Return what a vehicle is known by."""
    descriptor = entity.vehicle.vehicle
    return descriptor.id or descriptor.label or entity.vehicle.trip.trip_id or entity.id


def vehicle(entity: gtfs.FeedEntity, kind: "VehicleType.ValueType", delay_s: int | None) -> Vehicle:
    """Return a vehicle as an entity describes it.

    Args:
        entity: The entity.
        kind: What the feed's vehicles are.
        delay_s: Its delay, seconds, if a trip update tells it.
    """
    seen = entity.vehicle
    body = Vehicle(
        vehicle_id=vehicle_name(entity)[:64],
        plate=seen.vehicle.license_plate[:32],
        type=kind,
        has_fix=seen.HasField("position"),
        route_id=seen.trip.route_id[:64],
        trip_id=seen.trip.trip_id[:128],
        stop_id=seen.stop_id[:64],
        attributes=list(_attributes(seen)),
    )
    if seen.position.HasField("speed"):
        body.speed_m_s = seen.position.speed
    if seen.position.HasField("bearing"):
        body.course_deg = seen.position.bearing
    if seen.position.HasField("odometer"):
        body.mileage_km = seen.position.odometer / _METRES
    if seen.HasField("occupancy_percentage"):
        body.occupancy_pct = seen.occupancy_percentage
    if delay_s is not None:
        body.delay_s = delay_s
    return body


def vehicle_location(seen: gtfs.VehiclePosition) -> Location | None:
    """Return where a vehicle is, WGS-84.

    Raises:
        Untranslatable: It is nowhere on Earth.
    """
    if not seen.HasField("position"):
        return None
    latitude, longitude = seen.position.latitude, seen.position.longitude
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # noqa: PLR2004
        raise Untranslatable(
            "vehicle.position", f"{latitude} {longitude}", expected="degrees north and east"
        )
    location = Location()
    location.point.latitude_deg = _shortest(latitude)
    location.point.longitude_deg = _shortest(longitude)
    location.point.source_coordinate_system = COORDINATE_SYSTEM_WGS84
    return location


def _shortest(value: float) -> float:
    """Return the shortest decimal that is the same 32-bit float: what the producer meant."""
    wanted = _FLOAT.pack(value)
    for digits in (6, 7, 8):
        found = float(f"{value:.{digits}g}")
        if _FLOAT.pack(found) == wanted:
            return found
    return value


def _attributes(seen: gtfs.VehiclePosition) -> Iterator[Attribute]:
    """Yield what the schema has no field for."""
    for key, value in (
        ("vehicle.label", seen.vehicle.label),
        ("trip.start_date", seen.trip.start_date),
        ("trip.start_time", seen.trip.start_time),
    ):
        if value:
            yield Attribute(key=key, value=value)
    if seen.trip.HasField("direction_id"):
        yield Attribute(key="trip.direction_id", value=str(seen.trip.direction_id))
    if seen.trip.HasField("schedule_relationship"):
        name = gtfs.TripDescriptor.ScheduleRelationship.Name(seen.trip.schedule_relationship)
        yield Attribute(key="trip.schedule_relationship", value=name)
    if seen.HasField("current_stop_sequence"):
        yield Attribute(key="current_stop_sequence", value=str(seen.current_stop_sequence))
    for key, present, name in (
        (
            "current_status",
            seen.HasField("current_status"),
            gtfs.VehiclePosition.VehicleStopStatus.Name(seen.current_status),
        ),
        (
            "congestion_level",
            seen.HasField("congestion_level"),
            gtfs.VehiclePosition.CongestionLevel.Name(seen.congestion_level),
        ),
        (
            "occupancy_status",
            seen.HasField("occupancy_status"),
            gtfs.VehiclePosition.OccupancyStatus.Name(seen.occupancy_status),
        ),
    ):
        if present:
            yield Attribute(key=key, value=name)
    for carriage in seen.multi_carriage_details:
        name = gtfs.VehiclePosition.OccupancyStatus.Name(carriage.occupancy_status)
        number = carriage.id or carriage.label or carriage.carriage_sequence
        value = f"{name} {carriage.occupancy_percentage} %"
        yield Attribute(key=f"carriage:{number}"[:128], value=value)
