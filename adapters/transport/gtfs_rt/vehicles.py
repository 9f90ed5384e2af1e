"""A vehicle's position (GTFS-Realtime VehiclePosition)."""

import math
import struct
from collections.abc import Iterator
from typing import Final

from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.sdk.errors import Untranslatable
from adapters.sdk.limits import attributes_fit, most
from adapters.transport.gtfs_rt.reports import rarities
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_MISSING, Attribute, Quality
from liandong.traffic.v1.traffic_pb2 import Vehicle, VehicleType

_METRES: Final = 1000.0
_TURN: Final = 360.0
_MOST_ATTRIBUTES: Final = most(Vehicle, "attributes")
NOWHERE: Final = Quality(
    level=QUALITY_LEVEL_MISSING, note="The position is 0, 0: the vehicle does not know where it is."
)
_FLOAT: Final = struct.Struct("<f")


def vehicle_name(entity: gtfs.FeedEntity) -> str:
    """Return what a vehicle is known by."""
    descriptor = entity.vehicle.vehicle
    return descriptor.id or descriptor.label or entity.vehicle.trip.trip_id or entity.id


def vehicle(
    entity: gtfs.FeedEntity, kind: "VehicleType.ValueType", delay_s: int | None
) -> tuple[Vehicle, bool]:
    """Return a vehicle as an entity describes it, and whether numbers and texts are in bounds.

    Args:
        entity: The entity.
        kind: What the feed's vehicles are.
        delay_s: Its delay, seconds, if a trip update tells it.
    """
    seen = entity.vehicle
    position, trip = seen.position, seen.trip
    attributes = list(_attributes(seen))
    speed = position.speed if position.HasField("speed") else None
    bearing = position.bearing if position.HasField("bearing") else None
    odometer = position.odometer if position.HasField("odometer") else None
    # -1, 511 or no number at all is how producers say that they do not know.
    if speed is not None and not 0 <= speed < math.inf:
        attributes.append(("position.speed", str(speed)))
        speed = None
    if bearing is not None and not 0 <= bearing <= _TURN:
        attributes.append(("position.bearing", str(bearing)))
        bearing = None
    body = Vehicle(
        vehicle_id=vehicle_name(entity)[:64],
        plate=seen.vehicle.license_plate[:32],
        type=kind,
        has_fix=seen.HasField("position") and not is_nowhere(seen),
        route_id=trip.route_id[:64],
        trip_id=trip.trip_id[:128],
        stop_id=seen.stop_id[:64],
        attributes=[Attribute(key=key, value=value) for key, value in attributes],
        speed_m_s=speed,
        course_deg=bearing,
        mileage_km=None if odometer is None else odometer / _METRES,
        occupancy_pct=seen.occupancy_percentage if seen.HasField("occupancy_percentage") else None,
        delay_s=delay_s,
    )
    is_within = (
        math.isfinite(odometer or 0)
        and len(attributes) <= _MOST_ATTRIBUTES
        and attributes_fit(attributes)
    )
    return body, is_within


def vehicle_location(seen: gtfs.VehiclePosition) -> Location | None:
    """Return where a vehicle is, WGS-84; None: it does not say.

    Raises:
        Untranslatable: It is nowhere on Earth.
    """
    if not seen.HasField("position") or is_nowhere(seen):
        return None
    latitude, longitude = seen.position.latitude, seen.position.longitude
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # noqa: PLR2004
        raise Untranslatable(
            "vehicle.position", f"{latitude} {longitude}", expected="degrees north and east"
        )
    point = Point(
        latitude_deg=_shortest(latitude),
        longitude_deg=_shortest(longitude),
        source_coordinate_system=COORDINATE_SYSTEM_WGS84,
    )
    return Location(point=point)


def is_nowhere(seen: gtfs.VehiclePosition) -> bool:
    """Tell whether a position is 0, 0, which is how producers write one that they do not have."""
    position = seen.position
    return seen.HasField("position") and position.latitude == position.longitude == 0.0


def _shortest(value: float) -> float:
    """Return the shortest decimal that is the same 32-bit float: what the producer meant."""
    wanted = _FLOAT.pack(value)
    for digits in (6, 7, 8):
        found = float(f"{value:.{digits}g}")
        if _FLOAT.pack(found) == wanted:
            return found
    return value


def _attributes(seen: gtfs.VehiclePosition) -> Iterator[tuple[str, str]]:
    """Yield what the schema has no field for."""
    trip = seen.trip
    for key, value in (
        ("vehicle.label", seen.vehicle.label),
        ("trip.start_date", trip.start_date),
        ("trip.start_time", trip.start_time),
    ):
        if value:
            yield key, value
    yield from rarities(trip, seen.vehicle)
    if trip.HasField("direction_id"):
        yield "trip.direction_id", str(trip.direction_id)
    if trip.HasField("schedule_relationship"):
        name = gtfs.TripDescriptor.ScheduleRelationship.Name(trip.schedule_relationship)
        yield "trip.schedule_relationship", name
    if seen.HasField("current_stop_sequence"):
        yield "current_stop_sequence", str(seen.current_stop_sequence)
    if seen.HasField("current_status"):
        yield "current_status", gtfs.VehiclePosition.VehicleStopStatus.Name(seen.current_status)
    if seen.HasField("congestion_level"):
        yield "congestion_level", gtfs.VehiclePosition.CongestionLevel.Name(seen.congestion_level)
    if seen.HasField("occupancy_status"):
        yield "occupancy_status", gtfs.VehiclePosition.OccupancyStatus.Name(seen.occupancy_status)
    for carriage in seen.multi_carriage_details:
        name = gtfs.VehiclePosition.OccupancyStatus.Name(carriage.occupancy_status)
        number = carriage.id or carriage.label or carriage.carriage_sequence
        yield f"carriage:{number}"[:128], f"{name} {carriage.occupancy_percentage} %"
