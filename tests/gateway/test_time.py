"""The shared state and the past, by when it happened and by when the city knew it."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from broker.connection import Bus, BusSettings
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.subjects import share_subject
from gateway.history import History
from gateway.server import Gateway
from liandong.feed.v1.feed_pb2 import FEED_STATE_RUNNING, Feed
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import NOW, City, journal, level

OBSERVED, RECEIVED = api.TIME_BASIS_OBSERVED, api.TIME_BASIS_RECEIVED


async def publish(city: City, *records: Record) -> None:
    """Publish records of the water department, together, and wait until the city has them."""
    settings = BusSettings.of(city.home, city.plan, "water")
    async with Bus(settings) as bus, Publisher(bus, stream_name("water")) as publisher:
        await publisher.publish_all(
            [
                Outgoing(share_subject(one.name), one.SerializeToString(), f"{one.name}-{number}")
                for number, one in enumerate(records)
            ]
        )
    await city.share(level(uuid.uuid4().hex, 0.0))


async def test_back_fill_of_any_length_leaves_the_state_also_after_a_restart(
    city: City, station: str, tmp_path: Path
) -> None:
    """The city keeps a bounded number of revisions; old ones must not push the newest out."""
    newest = level(station, 9.0)
    await city.share(newest)
    old = [
        level(station, 1.0 + number / 100, at=NOW - timedelta(days=1, minutes=number))
        for number in range(2 * city.plan.history)
    ]

    await publish(city, *old)

    held = city.gateway.view.get(newest.name)
    assert held is not None
    assert held.payload == newest.SerializeToString()
    settings = msgspec.structs.replace(
        city.gateway._settings, audit=journal(tmp_path / "restarted")
    )
    async with Gateway(settings) as restarted:
        held = restarted.view.get(newest.name)
        assert held is not None
        assert held.payload == newest.SerializeToString()


async def test_only_what_advances_the_state_counts_as_a_change(city: City, station: str) -> None:
    """Back-fill is history, and nobody who watches is told of it."""
    newest = level(station, 9.0)
    await city.share(newest)
    changes = city.gateway.view.changes

    await publish(city, level(station, 1.0, at=NOW - timedelta(hours=1)))

    assert city.gateway.view.changes == changes + 1, "what was shared after it"


async def told(
    city: City, name: str, seconds: float, basis: api.TimeBasis.ValueType
) -> float | None:
    """Return the level that stood at a moment, in seconds from now."""
    settings = BusSettings.of(city.home, city.plan, "gateway")
    async with Bus(settings) as bus:
        at = int((NOW + timedelta(seconds=seconds)).timestamp() * 1e9)
        entry = (await History(bus).at([name], at, basis)).get(name)
    return None if entry is None else Record.FromString(entry.payload).water_level.level_m


async def test_the_past_is_told_by_when_it_happened_and_by_when_it_was_known(
    city: City, station: str
) -> None:
    """What came late counts in the one and not in the other."""
    first, second, late = (
        level(station, metres, at=NOW + timedelta(seconds=seconds))
        for metres, seconds in ((1.0, -600), (2.0, -300), (3.0, -450))
    )

    await publish(city, first, second, late)

    assert await told(city, first.name, -700, OBSERVED) is None
    assert await told(city, first.name, -500, OBSERVED) == 1.0
    assert await told(city, first.name, -400, OBSERVED) == 3.0
    assert await told(city, first.name, -100, OBSERVED) == 2.0
    assert await told(city, first.name, -100, RECEIVED) is None
    assert await told(city, first.name, 3600, RECEIVED) == 2.0


async def test_many_records_stand_as_they_stood(city: City, station: str) -> None:
    """Each with revisions that came after, in as few questions as the server takes."""
    names = [f"{station}-{number}" for number in range(1200)]
    for metres, seconds in ((1.0, -600), (2.0, -300)):
        at = NOW + timedelta(seconds=seconds)
        await publish(city, *(level(name, metres, at=at) for name in names))

    settings = BusSettings.of(city.home, city.plan, "gateway")
    async with Bus(settings) as bus:
        at_ns = int((NOW - timedelta(seconds=400)).timestamp() * 1e9)
        full = [level(name, 0.0).name for name in names]
        held = await History(bus).at(full, at_ns, OBSERVED)

    levels = {Record.FromString(one.payload).water_level.level_m for one in held.values()}
    assert (len(held), levels) == (1200, {1.0})


async def test_revisions_are_listed_in_the_order_asked(city: City, station: str) -> None:
    """By when they happened, with what was back-filled flagged; paged; or by when they came."""
    said = [
        level(station, metres, at=NOW + timedelta(seconds=seconds))
        for metres, seconds in ((1.0, -600), (2.0, -300), (3.0, -450))
    ]
    await publish(city, *said)
    await city.share(said[1])

    async with city.stub("water") as stub:
        request = api.ListRevisionsRequest(name=said[0].name, page_size=2)
        page = await stub.ListRevisions(request)
        request.page_token = page.next_page_token
        rest = await stub.ListRevisions(request)
        by_storing = await stub.ListRevisions(
            api.ListRevisionsRequest(name=said[0].name, basis=RECEIVED)
        )

    told = [*page.revisions, *rest.revisions]
    assert [(one.record.water_level.level_m, one.back_filled) for one in told] == [
        (1.0, False),
        (3.0, True),
        (2.0, False),
        (2.0, False),
    ]
    assert rest.next_page_token == ""
    order = [one.record.water_level.level_m for one in by_storing.revisions]
    assert order == [1.0, 2.0, 3.0, 2.0]


async def test_a_window_narrows_revisions(city: City, station: str) -> None:
    """The start belongs to it, the end does not."""
    said = [level(station, float(n), at=NOW + timedelta(minutes=n)) for n in range(-5, 0)]
    await city.share(*said)
    request = api.ListRevisionsRequest(name=said[0].name)
    request.window.start_at.FromDatetime(NOW - timedelta(minutes=4))
    request.window.end_at.FromDatetime(NOW - timedelta(minutes=2))

    async with city.stub("water") as stub:
        found = await stub.ListRevisions(request)

    assert [one.record.water_level.level_m for one in found.revisions] == [-4.0, -3.0]


async def test_a_record_is_read_as_it_stood(city: City, station: str) -> None:
    """By name, several at once, and in a list; before it was there it is not found."""
    said = [
        level(station, metres, at=NOW + timedelta(seconds=seconds))
        for metres, seconds in ((1.0, -600), (2.0, -300))
    ]
    await publish(city, *said)
    name, at = said[0].name, Timestamp()
    at.FromDatetime(NOW - timedelta(seconds=400))
    selection = api.Selection(kinds=["water.level"], filter=f"record.name == '{name}'")

    async with city.stub("water") as stub:
        got = await stub.GetRecord(api.GetRecordRequest(name=name, as_of=at))
        several = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[name], as_of=at))
        listed = [
            record
            async for record in pages(stub, api.ListRecordsRequest(selection=selection, as_of=at))
        ]
        at.FromDatetime(NOW - timedelta(seconds=700))
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await stub.GetRecord(api.GetRecordRequest(name=name, as_of=at))

    assert [one.water_level.level_m for one in (got, *several.records, *listed)] == [1.0] * 3
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


async def pages(
    stub: "rpc.SharedStateServiceAsyncStub", request: api.ListRecordsRequest
) -> AsyncIterator[Record]:
    """Yield the records of all pages."""
    while True:
        page = await stub.ListRecords(request)
        for record in page.records:
            yield record
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


async def test_a_warning_stands_in_the_past_until_its_end(city: City, station: str) -> None:
    """What has ended since was true then."""
    record = level(station, 1.0, at=NOW - timedelta(seconds=600))
    record.expires_at.FromDatetime(NOW - timedelta(seconds=300))
    await publish(city, record)
    selection = api.Selection(filter=f"record.name == '{record.name}'")
    told = []

    async with city.stub("water") as stub:
        for seconds in (-500, -200):
            request = api.ListRecordsRequest(selection=selection)
            request.as_of.FromDatetime(NOW + timedelta(seconds=seconds))
            told.append([one.name async for one in pages(stub, request)])

    assert told == [[record.name], []]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"as_of": {"seconds": 4_000_000_000}}, "as_of"),
        ({"as_of": {"seconds": 1_700_000_000}, "order_by": "observed_at"}, "order_by"),
        ({"as_of": {"seconds": 1_700_000_000}, "as_of_basis": 9}, "as_of_basis"),
    ],
)
async def test_a_wrong_time_names_its_field(
    city: City, request_: dict[str, Any], field: str
) -> None:
    """A time that lies ahead, an order that the past has not, a basis that is none."""
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match=field) as refused:
            await stub.ListRecords(api.ListRecordsRequest(**request_))

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_answers_say_how_their_feeds_fare(city: City, station: str) -> None:
    """Lists, several records at once, a single one, a watch's bookmark, and summaries."""
    feed = Feed(name="water/test", agency="water", state=FEED_STATE_RUNNING)
    for field in (feed.last_received_at, feed.updated_at):
        field.GetCurrentTime()
    city.gateway.ages.take(feed)
    record = level(station, 1.0)
    await city.share(record)
    selection = api.Selection(filter=f"record.name == '{record.name}'")

    async with city.stub("water") as stub:
        listed = await stub.ListRecords(api.ListRecordsRequest(selection=selection))
        several = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[record.name]))
        getting = stub.GetRecord(api.GetRecordRequest(name=record.name))
        await getting
        trailing = dict(await getting.trailing_metadata())
        told = []
        async for response in stub.WatchRecords(api.WatchRecordsRequest(selection=selection)):
            told += [
                event.feeds for event in response.events if event.type == api.EVENT_TYPE_BOOKMARK
            ]
            if told:
                break
        summary = await stub.SummarizeRecords(api.SummarizeRecordsRequest(selection=selection))

    encoded = trailing["liandong-feed-bin"]
    assert isinstance(encoded, bytes)
    alone = api.FeedAge.FromString(encoded)
    for age in (listed.feeds[0], several.feeds[0], alone, told[0][0], summary.feeds[0]):
        assert (age.feed, age.state) == ("water/test", FEED_STATE_RUNNING)
        assert age.age.seconds < 60
