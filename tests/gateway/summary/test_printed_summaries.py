"""What the clients' page prints about summaries runs as it stands."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import h3

from broker.subjects import record_name
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.place.v1.place_pb2 import Location, Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from tests.gateway.test_printed_questions import asking, printed
from tests.gateway.town import City

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def said(name: str, at: datetime, **body: Any) -> Record:
    """Make a record in the middle of the city."""
    record = Record(
        name=name,
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=record_pb2.Provenance(feed="test"),
        location=Location(district="320102", point=Point(latitude_deg=32.0, longitude_deg=118.8)),
        **body,
    )
    record.observed_at.FromDatetime(at)
    record.received_at.FromDatetime(at)
    return record


def called(function: Callable[..., Any], *arguments: Any) -> Callable[[grpc.Channel], Any]:
    """Return a call of a printed function by a channel."""
    return lambda channel: function(rpc.SharedStateServiceStub(channel), *arguments)


async def test_the_printed_maps_show_crowds_and_rain(city: City, station: str) -> None:
    """People of a cell are summed; of a station's revisions the most of an hour is shown."""
    now = datetime.now(UTC)
    await city.share(
        *(
            said(
                record_name("transport", "traffic.crowd", f"{station}-{number}"),
                now,
                traffic_crowd={"place_id": str(number), "present": 100 + number},
            )
            for number in range(2)
        ),
        *(
            said(
                record_name("water", "water.rainfall", station),
                HOUR + timedelta(minutes=30 * number),
                water_rainfall={"station_id": station, "last_5min_mm": float(millimetres)},
            )
            for number, millimetres in enumerate([3, 5, 4])
        ),
    )

    crowds = await asyncio.to_thread(
        asking(city, "transport"), called(printed("clients.md", "crowds"))
    )
    rain = await asyncio.to_thread(
        asking(city, "water"), called(printed("clients.md", "rain"), HOUR)
    )

    assert crowds[h3.latlng_to_cell(32.0, 118.8, 8)] == 201.0
    start = HOUR.replace(tzinfo=None)
    assert rain == [(start, "320102", 5.0), (start + timedelta(hours=1), "320102", 4.0)]
