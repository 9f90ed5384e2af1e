"""What tests of watches share: watches read event by event, records by the dozen."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec

from broker.connection import Bus, BusSettings
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.subjects import share_subject
from gateway.server import Gateway
from gateway.watch import WatchLimits
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import NOW, City, journal, level

SNAPSHOT, BOOKMARK = api.EVENT_TYPE_SNAPSHOT, api.EVENT_TYPE_BOOKMARK
CHANGE, REMOVAL = api.EVENT_TYPE_CHANGE, api.EVENT_TYPE_REMOVAL
HEARTBEAT = api.EVENT_TYPE_HEARTBEAT


class Watch:
    """An open watch.

    Attributes:
        token: Token of the last event that had one.
    """

    def __init__(self, events: AsyncIterator[api.RecordEvent]) -> None:
        self._events = events
        self.token = ""

    async def next(self) -> api.RecordEvent:
        """Return the next event."""
        async with asyncio.timeout(10):
            event = await anext(self._events)
        self.token = event.resume_token or self.token
        return event

    async def until(self, kind: int) -> list[api.RecordEvent]:
        """Return the events up to the first of a kind, with it."""
        events = [await self.next()]
        while events[-1].type != kind:
            events.append(await self.next())
        return events


@asynccontextmanager
async def watching(
    city: City, agency: str, selection: api.Selection, token: str = "", **options: Any
) -> AsyncIterator[Watch]:
    """Open a watch, until the end of the block."""
    request = api.WatchRecordsRequest(
        selection=selection,
        resume_token=token,
        **options,
    )
    async with city.stub(agency) as stub, aclosing(_events(stub, request)) as events:
        yield Watch(events)


async def _events(
    stub: "rpc.SharedStateServiceAsyncStub", request: api.WatchRecordsRequest
) -> AsyncGenerator[api.RecordEvent]:
    """Yield events one by one, and end the call with the reader."""
    call = stub.WatchRecords(request)
    try:
        async for response in call:
            for event in response.events:
                yield event
    finally:
        call.cancel()


@asynccontextmanager
async def another(city: City, **limits: Any) -> AsyncIterator[City]:
    """Run another gateway of the same city."""
    settings = msgspec.structs.replace(
        city.gateway._settings,
        watches=WatchLimits(**limits) if limits else WatchLimits(),
        audit=journal(city.agreements.parent / uuid.uuid4().hex),
    )
    async with Gateway(settings) as gateway:
        yield City(city.home, city.plan, gateway, city.agreements)


async def store(city: City, records: Iterable[Record]) -> None:
    """Publish records of the water department in their order, each on its own."""
    settings = BusSettings.of(city.home, city.plan, "water")
    async with Bus(settings) as bus, Publisher(bus, stream_name("water")) as publisher:
        for record in records:
            subject = share_subject(record.name)
            await publisher.publish(Outgoing(subject, record.SerializeToString(), uuid.uuid4().hex))


def risen(station: str, count: int, start: int = 0, **fields: Any) -> list[Record]:
    """Make revisions of one station, a second and a metre apart."""
    return [
        level(station, float(number), at=NOW + timedelta(seconds=number - 1000), **fields)
        for number in range(start, start + count)
    ]


def metres(events: Iterable[api.RecordEvent]) -> list[float]:
    """Return the levels that events bring."""
    return [event.record.water_level.level_m for event in events if event.HasField("record")]
