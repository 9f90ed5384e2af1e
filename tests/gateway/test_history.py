"""What is asked of a time that the city no longer keeps is told as unknown, not as nothing."""

from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.test_time import OBSERVED, RECEIVED, publish
from tests.gateway.town import NOW, City, level, reason


def moment(minutes: float) -> Timestamp:
    """Return a time so many minutes from now."""
    at = Timestamp()
    at.FromDatetime(NOW + timedelta(minutes=minutes))
    return at


async def long_told(city: City, station: str) -> str:
    """Publish more revisions of a record than are kept, a minute each; return its name."""
    count = city.plan.history + 5
    said = [level(station, 1.0, at=NOW - timedelta(minutes=count - n)) for n in range(count)]
    await publish(city, *said)
    return said[0].name


@pytest.mark.parametrize("basis", [OBSERVED, RECEIVED])
async def test_a_time_before_what_is_kept_is_out_of_range(
    city: City, station: str, basis: api.TimeBasis.ValueType
) -> None:
    """With the time from when on it is kept; within what is kept it is told as it stood."""
    name = await long_told(city, station)
    early = moment(-city.plan.history - 3)

    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(api.GetRecordRequest(name=name, as_of=early, as_of_basis=basis))
        kept = await stub.GetRecord(api.GetRecordRequest(name=name, as_of=moment(-2)))

    assert raised.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert reason(raised.value) == "HISTORY_GONE"
    if basis == OBSERVED:
        since = NOW - timedelta(minutes=city.plan.history)
        assert f"is kept back to {since:%Y-%m-%dT%H:%M:%SZ}" in (raised.value.details() or "")
    assert kept.observed_at == moment(-2)


async def test_what_did_not_exist_yet_is_not_found(city: City, station: str) -> None:
    """All that was ever said of it is kept, so that is known."""
    record = level(station, 1.0)
    await city.share(record)
    request = api.GetRecordRequest(name=record.name, as_of=moment(-100_000))

    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(request)

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_time_before_1970_is_one_at_which_nothing_was(city: City, station: str) -> None:
    """It is no fault of the bus, and to try again brings nothing else."""
    record = level(station, 1.0)
    await city.share(record)
    long_ago = Timestamp(seconds=-62_135_596_800)

    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(api.GetRecordRequest(name=record.name, as_of=long_ago))

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_may_not_see_a_record_is_not_told_how_long_it_is_kept(
    city: City, station: str
) -> None:
    """It is refused as it is refused for the present."""
    name = await long_told(city, station)

    async with city.stub("health") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(api.GetRecordRequest(name=name, as_of=moment(-100_000)))

    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_lists_and_summaries_leave_out_what_is_not_known_and_count_it(
    city: City, station: str
) -> None:
    """Of several pages each counts its own; what did not exist yet is not counted."""
    lost = await long_told(city, f"{station}-b")
    new = level(f"{station}-c", 1.0)
    old = [level(f"{station}-{n}", 1.0, at=NOW - timedelta(days=1)) for n in ("a", "d")]
    await publish(city, new, *old)
    early = moment(-city.plan.history - 3)
    selection = api.Selection(filter=f"record.name.contains('{station}')")
    request = api.ListRecordsRequest(selection=selection, as_of=early, page_size=1)
    names, counts = list[str](), list[int]()

    async with city.stub("water") as stub:
        while not counts or request.page_token:
            page = await stub.ListRecords(request)
            names += [one.name for one in page.records]
            counts.append(page.unknown_count)
            request.page_token = page.next_page_token
        batch = await stub.BatchGetRecords(
            api.BatchGetRecordsRequest(names=[old[0].name, lost], as_of=early)
        )
        summary = await stub.SummarizeRecords(
            api.SummarizeRecordsRequest(selection=selection, as_of=early)
        )

    assert names == [one.name for one in old]
    assert sum(counts) == 1
    assert [one.name for one in batch.records] == [old[0].name]
    assert batch.unknown_count == 1
    assert [group.count for group in summary.groups] == [len(old)]
    assert summary.unknown_count == 1
