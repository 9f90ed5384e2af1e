"""What a department writes by hand on its own subjects, under another's name, is nobody's."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import grpc
import pytest

from broker.connection import Bus
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import feed_subject, past_subject, record_name, share_subject
from broker.users import feeds_stream
from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1 import catalog_pb2, catalog_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import City, level, listed

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


async def write(bus_of: Connect, agency: str, subject: str, payload: bytes, stream: str) -> None:
    """Write bytes as a department that uses its own key without an adapter."""
    async with bus_of(agency) as bus, Publisher(bus, stream) as publisher:
        await publisher.publish(Outgoing(subject, payload, uuid.uuid4().hex))


async def refused(city: City, count: int) -> None:
    """Wait until the gateway has refused so many."""
    async with asyncio.timeout(10):
        while city.gateway.view.refused < count:  # noqa: ASYNC110 - it counts, and does not tell
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("beside", [False, True])
async def test_a_record_that_names_another_department_is_none(
    city: City, station: str, bus_of: Connect, *, beside: bool
) -> None:
    """It is neither shown nor in the past of either, and what it names stays as it was."""
    true = level(station, 1.0)
    await city.share(true)
    own = share_subject(record_name("police", "water.level", station))
    forged = level(station, 99.0).SerializeToString()
    before = city.gateway.view.refused

    await write(bus_of, "police", past_subject(own) if beside else own, forged, "POLICE")
    if not beside:
        await refused(city, before + 1)

    for agency in ("water", "police"):
        async with city.stub(agency) as stub:
            assert await stub.GetRecord(api.GetRecordRequest(name=true.name)) == true
            ours = [
                one for one in await listed(stub, api.ListRecordsRequest()) if station in one.name
            ]
            assert ours == [true]
    async with city.stub("police") as stub:
        own_name = record_name("police", "water.level", station)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await stub.ListRevisions(api.ListRevisionsRequest(name=own_name))
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    async with city.stub("water") as stub:
        told = await stub.ListRevisions(api.ListRevisionsRequest(name=true.name))
        assert [one.record for one in told.revisions] == [true]


async def test_bytes_that_are_no_record_are_counted_and_harm_nobody(
    city: City, station: str, bus_of: Connect
) -> None:
    """Nor does a record of another entity than its subject's."""
    subject = share_subject(record_name("water", "water.level", station))
    before = city.gateway.view.refused
    for payload in (b"\xff" * 40, b"", Record(name="no-slashes").SerializeToString()):
        await write(bus_of, "water", subject, payload, "WATER")
    await write(bus_of, "water", subject, level(f"{station}x", 2.0).SerializeToString(), "WATER")

    await refused(city, before + 4)
    await city.share(level(station, 3.0))

    async with city.stub("water") as stub:
        found = [one for one in await listed(stub, api.ListRecordsRequest()) if station in one.name]
    assert found == [level(station, 3.0)]


async def test_a_feed_that_names_another_department_is_none(
    city: City, station: str, bus_of: Connect
) -> None:
    """Its state would make another department's feed look well, or silent."""
    own = Feed(name=f"police/{station}", agency="police", received=1)
    forged = [
        Feed(name=f"water/{station}", agency="water", received=9),
        Feed(name=f"police/{station}", agency="water", received=9),
        Feed(name=f"water/{station}", agency="police", received=9),
    ]
    subject = feed_subject("police", station)
    for feed in (*forged, own):
        await write(bus_of, "police", subject, feed.SerializeToString(), feeds_stream("police"))

    async with city.channel("ops") as channel, asyncio.timeout(10):
        stub = catalog_pb2_grpc.CatalogServiceStub(channel)
        while True:
            page = await stub.ListFeeds(catalog_pb2.ListFeedsRequest(page_size=1000))
            found = [one for one in page.feeds if one.name.endswith(station)]
            assert all(one.received == 1 for one in found)
            if found:
                break
    assert found == [own]
