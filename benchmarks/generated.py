"""Records of a city of any size: vehicles, air stations, and warnings that cover areas."""

import math
import random
from collections.abc import Iterator

from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record

SOUTH, WEST, NORTH, EAST = 31.7, 118.5, 32.24, 119.14
"""Nanjing, some 60 km by 60 km, over which the records lie evenly."""
CITY_M = 60_000.0
START_S = 1_760_000_000
DAY_S = 86_400
WARNINGS = 200
FILTER = 'record.traffic_vehicle.speed_m_s > 16.0 && record.location.district.startsWith("3201")'


def records(count: int, seed: int = 7) -> Iterator[Record]:
    """Yield records, the same ones for the same count and seed; always the same object."""
    chance = random.Random(seed)
    record = Record(
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=record_pb2.Provenance(
            feed="transport.jt808",
            adapter="transport/jt808",
            adapter_version="0.1.0",
            raw_sha256=chance.randbytes(32),
        ),
    )
    for number in range(count):
        moment = START_S + chance.randrange(DAY_S)
        record.observed_at.seconds = record.received_at.seconds = moment
        place = record.location
        place.Clear()
        place.district = f"3201{chance.randrange(2, 18):02d}"
        latitude, longitude = chance.uniform(SOUTH, NORTH), chance.uniform(WEST, EAST)
        if number < WARNINGS:
            _warn(record, number, latitude, longitude, chance)
            yield record
            continue
        place.point.latitude_deg, place.point.longitude_deg = latitude, longitude
        if number % 4:
            record.name = f"transport/traffic.vehicle/{number:08d}"
            record.traffic_vehicle.vehicle_id = f"{number:08d}"
            record.traffic_vehicle.speed_m_s = chance.uniform(0, 32)
        else:
            record.name = f"environment/environment.air/{number:08d}"
            record.environment_air.station_id = f"{number:08d}"
        yield record


def _warn(
    record: Record, number: int, latitude: float, longitude: float, chance: random.Random
) -> None:
    """Make a record a warning over a ring of twelve corners, a few kilometres wide."""
    record.name = f"weather/weather.warning/{number:08d}"
    record.weather_warning.identifier = f"{number:08d}"
    ring = record.location.areas.add().polygons.add()
    reaches = [chance.uniform(0.005, 0.02) for _ in range(12)]
    for corner in range(13):
        angle, reach = math.tau * (corner % 12) / 12, reaches[corner % 12]
        ring.points.add(
            latitude_deg=latitude + reach * math.sin(angle),
            longitude_deg=longitude + reach * math.cos(angle),
        )
