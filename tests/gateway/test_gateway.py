"""The gateway over real gRPC, TLS and the bus."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from broker.connection import Bus
from broker.subjects import record_name
from broker.toml import FileWrong
from gateway import errors, tokens
from gateway.agreements_file import read_agreements
from gateway.resume import Place
from gateway.selection import digest
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import AGREEMENTS, NOW, City, level

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


async def test_a_department_reads_its_own_record_byte_for_byte(city: City, station: str) -> None:
    """What was stored is what is answered."""
    record = level(station, 9.25)
    await city.share(record)

    async with city.stub("water") as stub:
        assert await stub.GetRecord(api.GetRecordRequest(name=record.name)) == record


async def test_what_an_agreement_leaves_out_does_not_exist(city: City, station: str) -> None:
    """Default deny, told as NOT_FOUND with the resource that was asked for."""
    record = level(station, 9.25, classification=record_pb2.CLASSIFICATION_RESTRICTED)
    await city.share(record)

    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(api.GetRecordRequest(name=record.name))

    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    status = rpc_status.from_call(raised.value)  # type: ignore[arg-type]  # it has what that reads
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    assert info.reason == "NO_SUCH_RECORD"


@pytest.mark.parametrize(
    ("fields", "visible"),
    [
        ({}, True),
        ({"classification": record_pb2.CLASSIFICATION_RESTRICTED}, False),
        ({"status": record_pb2.STATUS_TEST}, False),
    ],
)
async def test_an_agreement_opens_what_it_says_and_no_more(
    city: City, station: str, fields: dict[str, Any], *, visible: bool
) -> None:
    """The ceiling holds, and a drill does not mix with the real thing."""
    record = level(station, 9.25, **fields)
    await city.share(record)

    async with city.stub("police") as stub:
        names = [name async for name in pages(stub, api.Selection(kinds=["water.level"]))]

    assert (record.name in names) == visible


async def pages(
    stub: "rpc.SharedStateServiceAsyncStub", selection: api.Selection, size: int = 0
) -> AsyncIterator[str]:
    """Yield the names of all that is selected, page by page."""
    token = ""
    while True:
        request = api.ListRecordsRequest(selection=selection, page_size=size, page_token=token)
        response = await stub.ListRecords(request)
        for record in response.records:
            yield record.name
        token = response.next_page_token
        if not token:
            return


async def test_pages_hold_everything_once(city: City, station: str) -> None:
    """Page after page, in order, nothing twice and nothing missed."""
    records = [level(f"{station}-{number:02d}", number, district="340199") for number in range(7)]
    await city.share(*records)

    async with city.stub("water") as stub:
        selection = api.Selection(districts=["340199"])
        names = [name async for name in pages(stub, selection, 3) if station in name]

    assert names == [record.name for record in records]


async def test_large_records_come_in_messages_that_any_client_takes(
    city: City, station: str
) -> None:
    """Pages and watches stay below gRPC's usual limit of 4 MiB, and hold everything."""
    records = [level(f"{station}-{number}", 1.0, district="340198") for number in range(9)]
    for record in records:
        record.water_level.alarms.extend(["x" * 64] * 64)
        record.provenance.source_message_id = "y" * 512
        for _ in range(16):
            series = record.water_level.series.add(code="39")
            series.starts_at.FromDatetime(NOW)
            series.step.FromSeconds(300)
            for _ in range(4000):
                series.steps.add(value=1.0)
    await city.share(*records)
    selection = api.Selection(districts=["340198"])
    async with city.stub("water") as stub:
        names = [name async for name in pages(stub, selection, 1000)]
        watch = events(stub.WatchRecords(api.WatchRecordsRequest(selection=selection)))
        seen = [event.record.name async for event in until(watch, api.EVENT_TYPE_BOOKMARK)]

    assert sum(record.ByteSize() for record in records) > 4 << 20
    assert names == [record.name for record in records]
    assert seen[:-1] == names


async def test_a_selection_narrows_by_box_and_time(city: City, station: str) -> None:
    """All that is set must hold."""
    old = level(f"{station}-old", 1.0, at=NOW - timedelta(hours=5))
    new = level(f"{station}-new", 1.0)
    await city.share(old, new)
    window = api.TimeWindow()
    window.start_at.FromDatetime(NOW - timedelta(hours=1))
    inside = api.BoundingBox(south_deg=31, west_deg=118, north_deg=33, east_deg=119)
    outside = api.BoundingBox(south_deg=33, west_deg=118, north_deg=34, east_deg=119)

    async with city.stub("water") as stub:
        found = [n async for n in pages(stub, api.Selection(bounding_box=inside, observed=window))]
        none = [name async for name in pages(stub, api.Selection(bounding_box=outside))]

    assert new.name in found
    assert old.name not in found
    assert new.name not in none


async def test_the_shared_state_never_goes_back_in_time(city: City, station: str) -> None:
    """A back-filled reading enters history and changes nothing here."""
    await city.share(level(station, 9.5), level(station, 8.1, at=NOW - timedelta(hours=1)))

    async with city.stub("water") as stub:
        name = record_name("water", "water.level", station)
        record = await stub.GetRecord(api.GetRecordRequest(name=name))

    assert record.water_level.level_m == 9.5


async def test_a_clock_that_is_ahead_does_not_hold_the_state(city: City, station: str) -> None:
    """Read an hour before its own time, it gives way to the next true reading at once."""
    name = record_name("water", "water.level", station)
    changes = asyncio.Queue[float]()
    await city.share(level(station, 9.5, at=NOW + timedelta(hours=1)))
    end = city.gateway.view.listen(
        lambda entry: changes.put_nowait(Record.FromString(entry.payload).water_level.level_m)
    )

    await city.publish(level(station, 8.1, at=datetime.now(UTC)))
    async with asyncio.timeout(10):
        assert await changes.get() == 8.1
    end()

    async with city.stub("water") as stub:
        record = await stub.GetRecord(api.GetRecordRequest(name=name))
    assert record.water_level.level_m == 8.1


async def test_of_two_that_are_ahead_the_one_stored_later_holds(city: City, station: str) -> None:
    """Also when it claims to be the earlier one; what was observed before both changes nothing."""
    await city.share(level(station, 9.5, at=NOW + timedelta(hours=2)))
    await city.publish(level(station, 9.1, at=NOW + timedelta(hours=1)))
    await city.publish(level(station, 8.1, at=NOW - timedelta(hours=1)))
    await city.share(level(f"{station}-last", 7.0))

    entry = city.gateway.view.get(record_name("water", "water.level", station))

    assert entry is not None
    assert Record.FromString(entry.payload).water_level.level_m == 9.1


async def test_a_wrong_request_names_the_field(city: City) -> None:
    """BadRequest says which field and what was expected."""
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.ListRecords(api.ListRecordsRequest(page_size=-1))

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "page_size" in (raised.value.details() or "")


async def test_a_token_of_another_selection_is_refused(city: City, station: str) -> None:
    """A page token belongs to its selection."""
    await city.share(level(f"{station}-1", 1.0), level(f"{station}-2", 1.0))
    async with city.stub("water") as stub:
        first = await stub.ListRecords(api.ListRecordsRequest(page_size=1))
        other = api.ListRecordsRequest(
            selection=api.Selection(kinds=["water.level"]), page_token=first.next_page_token
        )

        with pytest.raises(grpc.aio.AioRpcError, match="another selection"):
            await stub.ListRecords(other)


async def test_a_watch_sends_snapshot_bookmark_and_changes(city: City, station: str) -> None:
    """A change arrives after the bookmark; its token goes on where the watch was."""
    await city.share(level(station, 9.0))
    name = record_name("water", "water.level", station)
    selection = api.Selection(kinds=["water.level"], filter=f"record.name == '{name}'")
    request = api.WatchRecordsRequest(selection=selection)
    async with city.stub("water") as stub:
        watch = events(stub.WatchRecords(request))
        seen = [event async for event in until(watch, api.EVENT_TYPE_BOOKMARK)]
        assert name in {event.record.name for event in seen}

        await city.share(level(station, 9.1, at=NOW + timedelta(seconds=1)))
        change = await anext(watch)
        assert change.record.water_level.level_m == 9.1

        await city.share(level(station, 9.2, at=NOW + timedelta(seconds=2)))
        again = events(
            stub.WatchRecords(
                api.WatchRecordsRequest(
                    selection=request.selection, resume_token=change.resume_token
                )
            )
        )
        resumed = await anext(again)
        assert (resumed.type, resumed.record.water_level.level_m) == (api.EVENT_TYPE_CHANGE, 9.2)


async def test_a_resumed_watch_says_when_it_has_caught_up(city: City, station: str) -> None:
    """After a token come the changes since, then a bookmark, and no snapshot."""
    await city.share(level(station, 9.0))
    selection = api.Selection(agencies=["water"])
    async with city.stub("water") as stub:
        first = events(stub.WatchRecords(api.WatchRecordsRequest(selection=selection)))
        seen = [event async for event in until(first, api.EVENT_TYPE_BOOKMARK)]
        request = api.WatchRecordsRequest(selection=selection, resume_token=seen[-1].resume_token)

        resumed = events(stub.WatchRecords(request))
        told = [event async for event in until(resumed, api.EVENT_TYPE_BOOKMARK)]

    # What ended within a minute of the token is told again, for clocks differ.
    assert {event.removal_reason for event in told[:-1]} <= {api.REMOVAL_REASON_EXPIRED}


async def test_a_token_from_beyond_the_stream_gives_a_snapshot(city: City, station: str) -> None:
    """After a power cut the last sequences may be given anew; nothing may be missed then."""
    await city.share(level(station, 9.0))
    selection = api.Selection(agencies=["water"])
    async with city.stub("water") as stub:
        first = events(stub.WatchRecords(api.WatchRecordsRequest(selection=selection)))
        *_, last = [event async for event in until(first, api.EVENT_TYPE_BOOKMARK)]
        place = Place.of(last.resume_token, digest(selection))
        token = dataclasses.replace(place, sequence=10**12).token(digest(selection))
        request = api.WatchRecordsRequest(selection=selection, resume_token=token)

        watch = events(stub.WatchRecords(request))

        assert (await anext(watch)).type == api.EVENT_TYPE_SNAPSHOT


@pytest.mark.parametrize("position", ["", "x", "-1", "1" * 40])
async def test_a_made_up_token_is_refused(city: City, position: str) -> None:
    """A token that no gateway made is a wrong field, not a failure."""
    selection = api.Selection(agencies=["water"])
    token = tokens.encode("watch", digest(selection), position)
    async with city.stub("water") as stub:
        request = api.WatchRecordsRequest(selection=selection, resume_token=token)

        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await anext(events(stub.WatchRecords(request)))

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_before_the_view_is_whole_callers_are_told_to_come_back(city: City) -> None:
    """Half of the state must not look like all of it."""
    city.gateway._entrance.is_open = False
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.ListRecords(api.ListRecordsRequest())

    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_bytes_that_are_no_request_are_told_as_such(city: City) -> None:
    """A client of another schema learns it, with details; nothing is logged as our failure."""
    async with city.channel("water") as channel:
        call = channel.unary_unary(
            "/liandong.gateway.v1.SharedStateService/ListRecords", None, None
        )

        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(b"\xff\xff\xff")

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "ListRecordsRequest" in (raised.value.details() or "")


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (api.Selection(kinds=["water"]), "selection.kinds[0]: is 'water', expected a kind such"),
        (api.Selection(kinds=["water.*", "water.levl"]), "selection.kinds[1]: is 'water.levl'"),
        (api.Selection(districts=["Nanjing"]), "selection.districts[0]: is 'Nanjing', expected"),
    ],
)
async def test_a_wrong_selection_is_told_with_what_it_holds_and_what_was_expected(
    city: City, selection: api.Selection, said: str
) -> None:
    """A misspelt kind would otherwise be an empty list, and a watch silent for ever."""
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.ListRecords(api.ListRecordsRequest(selection=selection))

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert said in (raised.value.details() or "")


def test_an_agreement_with_a_department_that_the_city_lacks_is_refused(tmp_path: Path) -> None:
    """It would never open anything, and nobody would know why."""
    file = tmp_path / "agreements.toml"
    file.write_text(AGREEMENTS)

    with pytest.raises(FileWrong, match="provider is 'water', which the city does not have"):
        read_agreements(file, ("police", "health"))


@pytest.mark.parametrize("agency", ["watr", ""])
async def test_a_department_that_the_city_lacks_is_told_as_such(
    asked_city: City, agency: str
) -> None:
    """In lists, watches and summaries; a record's name of one is not found."""
    selection = api.Selection(agencies=[agency])
    async with asked_city.stub("police") as stub:
        listing = stub.ListRecords(api.ListRecordsRequest(selection=selection))
        summing = stub.SummarizeRecords(api.SummarizeRecordsRequest(selection=selection))
        watch = stub.WatchRecords(api.WatchRecordsRequest(selection=selection))
        for answer in (listing, summing, watch.read()):
            with pytest.raises(grpc.aio.AioRpcError, match="no department of the city") as raised:
                await answer
            assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await stub.GetRecord(api.GetRecordRequest(name="watr/water.level/1"))
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_kind_that_is_none_is_told_before_the_agreements_are_looked_at(city: City) -> None:
    """Nobody could agree on it."""
    selection = api.Selection(agencies=["health"], kinds=["health.bed"])
    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match="did you mean health") as raised:
            await stub.ListRecords(api.ListRecordsRequest(selection=selection))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_every_error_has_its_status() -> None:
    """What a caller can be told is in the one table."""
    assert set(errors.TABLE) == set(errors.GatewayError.__subclasses__())


async def events(
    call: "grpc.aio.UnaryStreamCall[api.WatchRecordsRequest, api.WatchRecordsResponse]",
) -> AsyncIterator[api.RecordEvent]:
    """Yield a watch's events one by one."""
    async for response in call:
        for event in response.events:
            yield event


async def until(watch: AsyncIterator[api.RecordEvent], kind: int) -> AsyncIterator[api.RecordEvent]:
    """Yield events up to the first of a kind."""
    async with asyncio.timeout(10):
        async for event in watch:
            yield event
            if event.type == kind:
                return


async def test_a_changed_agreement_takes_effect_in_an_open_watch(city: City, station: str) -> None:
    """What is no longer shared is removed at once."""
    await city.share(level(station, 9.0))
    async with city.stub("police") as stub:
        watch = events(stub.WatchRecords(api.WatchRecordsRequest()))
        async for _ in until(watch, api.EVENT_TYPE_BOOKMARK):
            pass

        city.agreements.write_text("")

        removed = {event.name async for event in until(watch, api.EVENT_TYPE_REMOVAL)}
        assert all(name.startswith("water/") for name in removed)


async def test_an_agreement_that_ends_closes_an_open_watch(city: City, station: str) -> None:
    """No file has changed; the moment has come."""
    await city.share(level(station, 9.0))
    ends = datetime.now(UTC) + timedelta(seconds=2)
    city.agreements.write_text(f"{AGREEMENTS}\nvalid_until = {ends.isoformat()}\n")
    async with city.stub("police") as stub:
        watch = events(stub.WatchRecords(api.WatchRecordsRequest()))
        seen = [event async for event in until(watch, api.EVENT_TYPE_BOOKMARK)]
        assert any(event.record.name.endswith(station) for event in seen)

        removed = [event async for event in until(watch, api.EVENT_TYPE_REMOVAL)]

        assert removed[-1].name.startswith("water/")


async def test_health_says_that_it_serves(city: City) -> None:
    """The standard health service answers for every service."""
    async with city.channel("police") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(
            health_pb2.HealthCheckRequest(service="liandong.gateway.v1.SharedStateService")
        )

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
