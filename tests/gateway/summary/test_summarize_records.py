"""Summaries over real gRPC and a real stream: of now, of the past, and what is refused."""

import uuid
from datetime import timedelta
from typing import Any

import grpc
import h3
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from broker.connection import Bus, BusSettings
from gateway.errors import SummaryTooLarge
from gateway.summary.told import Span, Telling
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.audit.reading import reader_of
from tests.gateway.summary.naive import expected_of, facts
from tests.gateway.test_selections import violations
from tests.gateway.town import NOW, City, level

LEVEL = "water_level.level_m"
MINUTE = 60_000_000_000
HOUR = NOW - timedelta(hours=2)


def of(station: str, **fields: Any) -> api.SummarizeRecordsRequest:
    """Return a request for the records of a test's own stations."""
    request = api.SummarizeRecordsRequest(**fields)
    request.selection.filter = f'record.name.contains("{station}")'
    return request


def stamp(record: Record) -> int:
    """Return when a record was observed, nanoseconds since 1970 UTC."""
    return record.observed_at.ToNanoseconds()


async def test_levels_are_averaged_by_cell_and_district(city: City, station: str) -> None:
    """Each record once, as it stands now."""
    shared = [level(f"{station}-{i}", float(i), district=f"32010{2 + i % 2}") for i in range(4)]
    shared.append(level(f"{station}-0", 8.0, at=NOW + timedelta(seconds=1)))
    await city.share(*shared)
    by = [api.GROUP_BY_H3_CELL, api.GROUP_BY_DISTRICT]

    async with city.stub("police") as stub:
        answered = await stub.SummarizeRecords(of(station, group_by=by, value=LEVEL))

    cell = h3.latlng_to_cell(32.0, 118.8, 7)
    assert facts(answered) == {
        (cell, "320102", "", "", 0): (2, 2, 10.0, 5.0, 2.0, 8.0),
        (cell, "320103", "", "", 0): (2, 2, 4.0, 2.0, 1.0, 3.0),
    }


async def test_the_whole_state_is_what_a_list_shows(city: City, station: str) -> None:
    """By keys alone, and for each caller what its agreements open."""
    await city.share(level(station, 1.0), level(f"{station}-far", 1.0, district="330100"))
    request = api.SummarizeRecordsRequest(group_by=[api.GROUP_BY_DISTRICT])

    for agency in ("water", "police", "health"):
        async with city.stub(agency) as stub:
            answered = await stub.SummarizeRecords(request)
            listed, token = list[Record](), " "
            while token:
                page = await stub.ListRecords(
                    api.ListRecordsRequest(page_size=1000, page_token=token.strip())
                )
                listed += page.records
                token = page.next_page_token

        assert facts(answered) == expected_of([(one, 0) for one in listed], request)


async def test_buckets_count_all_that_was_said_also_what_came_late(
    city: City, station: str
) -> None:
    """Revisions, by when they happened; back-fill lies where it belongs."""
    said = [level(station, float(i), at=HOUR + timedelta(minutes=7 * i)) for i in range(9)]
    for record in (*said[:3], *said[6:], *said[3:6]):
        await city.publish(record)
    await city.share(level(f"{station}-last", 1.0, at=NOW))
    request = of(station, group_by=[api.GROUP_BY_AGENCY], value=LEVEL)
    request.bucket.FromSeconds(15 * 60)
    request.selection.observed.start_at.FromDatetime(HOUR)
    request.selection.observed.end_at.FromDatetime(HOUR + timedelta(minutes=50))

    async with city.stub("water") as stub:
        answered = await stub.SummarizeRecords(request)

    within = [(one, stamp(one) // (15 * MINUTE) * 15 * MINUTE) for one in said[:8]]
    assert facts(answered) == expected_of(within, request)
    assert sum(group.count for group in answered.groups) == 8


async def test_as_of_is_the_state_then_by_either_time(city: City, station: str) -> None:
    """What came late had happened, but was not known."""
    early, late = level(station, 1.0, at=HOUR), level(station, 2.0, at=HOUR + timedelta(hours=1))
    await city.share(early)
    request = of(station, value=LEVEL)
    request.selection.kinds.append("water.level")
    request.as_of.FromDatetime(HOUR + timedelta(minutes=30))

    async with city.stub("water") as stub:
        happened = await stub.SummarizeRecords(request)
        request.as_of_basis = api.TIME_BASIS_RECEIVED
        known = await stub.SummarizeRecords(request)
        await city.share(late)
        request.as_of_basis = api.TIME_BASIS_OBSERVED
        after = await stub.SummarizeRecords(request)

    assert [group.sum for group in happened.groups] == [1.0]
    assert not known.groups
    assert happened == after


async def test_buckets_as_of_a_time_know_nothing_later(city: City, station: str) -> None:
    """By when the city had them, or by when they happened."""
    await city.share(*[level(station, 1.0, at=HOUR + timedelta(minutes=i)) for i in range(4)])
    request = of(station, bucket=Duration(seconds=3600))
    request.selection.observed.start_at.FromDatetime(HOUR)
    request.as_of.FromDatetime(HOUR + timedelta(minutes=2))

    async with city.stub("water") as stub:
        happened = await stub.SummarizeRecords(request)
        request.as_of_basis = api.TIME_BASIS_RECEIVED
        known = await stub.SummarizeRecords(request)

    assert sum(group.count for group in happened.groups) == 3
    assert not known.groups


async def test_a_summary_is_on_record_with_how_many_records_it_counted(
    city: City, station: str
) -> None:
    """A mean of three records reads three."""
    await city.share(*[level(f"{station}-{i}", 1.0) for i in range(3)])
    async with city.stub("police") as stub:
        await stub.SummarizeRecords(of(station))
    async with reader_of(city) as reader:
        (access,) = await reader.listed("water", consumer="police")

    (disclosed,) = access.disclosed
    assert (disclosed.kind, disclosed.records) == ("water.level", 3)
    assert station in access.asked


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"value": "water_level.levl_m"}, "value", "did you mean water_level.level_m"),
        ({"value": "status"}, "value", "no number"),
        ({"value": "x" * 257}, "value", ""),
        ({"h3_resolution": 16}, "h3_resolution", ""),
        ({"h3_resolution": -1}, "h3_resolution", ""),
        ({"district_digits": 5}, "district_digits", ""),
        ({"group_by": [0]}, "group_by[0]", ""),
        ({"group_by": [9]}, "group_by[0]", ""),
        ({"group_by": [1, 1]}, "group_by", ""),
        ({"as_of": Timestamp(seconds=4_000_000_000)}, "as_of", "lies ahead"),
        ({"as_of_basis": 7}, "as_of_basis", ""),
        ({"bucket": Duration(nanos=1)}, "bucket", ""),
        ({"bucket": Duration(seconds=60)}, "selection.observed.start_at", "is missing"),
        (
            {
                "bucket": Duration(seconds=60),
                "selection": {"observed": {"end_at": Timestamp(seconds=1)}},
            },
            "selection.observed.start_at",
            "is missing",
        ),
        ({"selection": {"kinds": ["water.lvl"]}}, "selection.kinds[0]", "did you mean"),
        ({"selection": {"filter": "record.x"}}, "selection.filter", ""),
    ],
)
async def test_a_malformed_request_is_an_invalid_argument_with_its_field(
    city: City, fields: dict[str, Any], field: str, said: str
) -> None:
    """BadRequest names the field; the sentence says what was expected."""
    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.SummarizeRecords(api.SummarizeRecordsRequest(**fields))

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert [one.field for one in violations(raised.value)] == [field]
    assert said in violations(raised.value)[0].description


async def test_a_department_that_nothing_is_open_of_is_refused(city: City) -> None:
    """As a list of it would be."""
    async with city.stub("health") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.SummarizeRecords(
                api.SummarizeRecordsRequest(selection=api.Selection(agencies=["water"]))
            )

    assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED


async def test_more_than_may_be_read_is_refused_before_it_is_read(city: City) -> None:
    """With what to do, instead of minutes of reading."""
    await city.share(*[level(uuid.uuid4().hex, 1.0) for _ in range(3)])
    async with Bus(BusSettings.of(city.home, city.plan, "gateway")) as bus:
        with pytest.raises(SummaryTooLarge, match=r"begin selection\.observed later"):
            _ = [lot async for lot in Telling(bus, 2).told(api.Selection(), Span(0, None, None))]
