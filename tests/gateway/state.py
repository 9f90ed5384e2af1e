"""A state in memory, filled by its own entrance, and what tests ask of it."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.delivery import Delivery
from broker.subjects import share_subject
from gateway.identity import Caller
from gateway.permit import Permit
from gateway.query import Queries
from gateway.search import Search
from gateway.view import StateView
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record

START = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
START_NS = int(START.timestamp()) * 1_000_000_000
CALLER = Caller("water", "client", "")
PERMIT = Permit(CALLER, ())


def reading(
    entity: str,
    latitude: float | None = None,
    longitude: float = 0.0,
    *,
    kind: str = "water.level",
    minutes: float = 0.0,
    **fields: Any,
) -> Record:
    """Make a record of the water department, some minutes after the start."""
    record = Record(
        name=f"water/{kind}/{entity}",
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        **fields,
    )
    record.observed_at.FromDatetime(START + timedelta(minutes=minutes))
    if latitude is not None:
        record.location.point.latitude_deg = latitude
        record.location.point.longitude_deg = longitude
    return record


def view_of(records: Iterable[Record]) -> StateView:
    """Return a view that has taken records, stored one a second from the start."""
    view = StateView()
    for number, record in enumerate(records):
        take(view, record, number + 1)
    return view


def take(view: StateView, record: Record, sequence: int) -> None:
    """Have a view take a record as the stream's message of a number."""
    stored = START_NS + sequence * 1_000_000_000 + 10**15
    view.take(
        Delivery(share_subject(record.name), record.SerializeToString(), {}, sequence, stored, 0)
    )


def page(
    view: StateView, request: api.ListRecordsRequest, token: str = "", permit: Permit = PERMIT
) -> tuple[list[str], str]:
    """Return the names of one page, and the next one's token."""
    asked = api.ListRecordsRequest()
    asked.CopyFrom(request)
    asked.page_token = token
    query = Queries().of(asked, permit)
    count = request.page_size or 100
    search = Search(view, query.selector, query.order, query.position(token), count)
    found, end = asyncio.run(search.page())
    return [entry.name for entry in found], "" if end is None else query.token(end)


def listed(view: StateView, request: api.ListRecordsRequest) -> list[str]:
    """Return the names of all pages."""
    names, token = page(view, request)
    while token:
        more, token = page(view, request, token)
        names += more
    return names


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    """Return a closed ring of latitudes and longitudes."""
    return {
        "points": [
            {"latitude_deg": latitude, "longitude_deg": longitude}
            for latitude, longitude in (*corners, corners[0])
        ]
    }


def circle(latitude: float, longitude: float, radius_m: float) -> dict[str, Any]:
    """Return a circle."""
    center = {"latitude_deg": latitude, "longitude_deg": longitude}
    return {"center": center, "radius_m": radius_m}
