"""Departments whose own software speaks gRPC publish as adapters do."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.connection import Bus
from broker.errors import PublishDenied
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import share_subject
from broker.subscriber import scan
from liandong.gateway.v1 import publishing_pb2 as api
from liandong.gateway.v1 import publishing_pb2_grpc as rpc
from liandong.quantity.v1 import quantity_pb2
from liandong.record.v1.record_pb2 import STATUS_UNSPECIFIED, Record
from tests.gateway.town import NOW, City, level

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
STORED, DUPLICATE = api.PUBLISH_OUTCOME_STORED, api.PUBLISH_OUTCOME_DUPLICATE


def stated(station: str, metres: float, **fields: Any) -> Record:
    """Return a record as a department states it: without what the gateway adds."""
    record = level(station, metres, **fields)
    record.ClearField("provenance")
    record.ClearField("received_at")
    return record


async def publish(city: City, agency: str, *records: Record) -> api.PublishRecordsResponse:
    """Publish records as a department."""
    async with city.channel(agency) as channel:
        stub = rpc.PublishingServiceStub(channel)
        return await stub.PublishRecords(api.PublishRecordsRequest(records=records))


async def refusal(city: City, agency: str, *records: Record) -> grpc.aio.AioRpcError:
    """Return why records are refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await publish(city, agency, *records)
    return caught.value


def fields(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Return the fields that a refusal names."""
    details = next(
        detail
        for detail in rpc_status.from_call(error).details  # type: ignore[arg-type]  # it has what that reads
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR)
    )
    told = error_details_pb2.BadRequest()
    details.Unpack(told)
    return {one.field: one.description for one in told.field_violations}


async def test_what_is_published_is_on_disk_and_says_from_whom(
    city: City, station: str, bus_of: Connect
) -> None:
    """The gateway states what the department cannot: who, when, by which way."""
    record = stated(station, 7.5)
    record.provenance.source_message_id = "m-1"
    record.provenance.adapter = "water/sl651"

    answer = await publish(city, "water", record)

    async with bus_of("water") as bus:
        (held,) = [one async for one in scan(bus, "WATER", share_subject(record.name))]
    kept = Record.FromString(held.payload)
    assert [(one.outcome, one.sequence) for one in answer.records] == [(STORED, held.sequence)]
    assert (kept.provenance.feed, kept.provenance.adapter) == ("water.grpc", "gateway/grpc")
    assert kept.provenance.source_message_id == "m-1"
    assert len(kept.provenance.trace_id) == 32
    assert kept.HasField("received_at")
    assert kept.water_level == record.water_level


async def test_what_is_sent_again_is_stored_once(city: City, station: str) -> None:
    """As a client does whose answer was lost."""
    record = stated(station, 7.5)
    first = await publish(city, "water", record)

    again = await publish(city, "water", record, stated(station, 7.6))

    assert [one.outcome for one in first.records] == [STORED]
    assert [one.outcome for one in again.records] == [DUPLICATE, STORED]


async def test_a_department_publishes_under_its_own_name_only(city: City, station: str) -> None:
    """Whatever its records say."""
    error = await refusal(city, "police", stated(station, 7.5))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(error) == {
        "records[0].name": f"is 'water/water.level/{station}', a record of water: police "
        "publishes under police/ only"
    }


async def test_of_several_records_none_is_stored_when_one_is_wrong(
    city: City, station: str, bus_of: Connect
) -> None:
    """Each wrong field is named with the record it is in."""
    wrong = stated(station, 7.6)
    wrong.ClearField("observed_at")
    wrong.status = STATUS_UNSPECIFIED

    error = await refusal(city, "water", stated(station, 7.5), wrong)

    assert fields(error).keys() == {"records[1].observed_at", "records[1].status"}
    async with bus_of("water") as bus:
        assert [one async for one in scan(bus, "WATER", share_subject(wrong.name))] == []


async def test_a_name_must_say_what_the_record_states(city: City, station: str) -> None:
    """A level under the name of a rainfall would be open to whom rainfall is."""
    record = stated(station, 7.5)
    record.name = record.name.replace("water.level", "water.rainfall")

    error = await refusal(city, "water", record)

    assert "of the kind water.rainfall, but the record states water_level" in (
        error.details() or ""
    )


async def test_records_can_be_tried_without_being_stored(
    city: City, station: str, bus_of: Connect
) -> None:
    """As a department does that tests its software."""
    request = api.PublishRecordsRequest(records=[stated(station, 7.5)], validate_only=True)

    async with city.channel("water") as channel:
        answer = await rpc.PublishingServiceStub(channel).PublishRecords(request)

    assert len(answer.records) == 0
    async with bus_of("water") as bus:
        subject = share_subject(request.records[0].name)
        assert [one async for one in scan(bus, "WATER", subject)] == []


async def test_a_clock_that_is_ahead_is_flagged(city: City, station: str, bus_of: Connect) -> None:
    """As an adapter flags it."""
    record = stated(station, 7.5)
    record.observed_at.FromDatetime(NOW + timedelta(hours=2))

    await publish(city, "water", record)

    async with bus_of("water") as bus:
        (held,) = [one async for one in scan(bus, "WATER", share_subject(record.name))]
    quality = Record.FromString(held.payload).quality
    assert quality.level == quantity_pb2.QUALITY_LEVEL_SUSPECT
    assert "ahead of its receipt" in quality.note


async def test_departments_publish_at_the_same_time(city: City, station: str) -> None:
    """One hand each, opened once however many calls come."""
    stations = [f"{station}-{number}" for number in range(40)]

    answers = await asyncio.gather(
        *(publish(city, "water", stated(each, 1.0)) for each in stations)
    )

    assert all(one.records[0].outcome == STORED for one in answers)
    assert len({one.records[0].sequence for one in answers}) == 40


async def test_the_hand_of_one_agency_cannot_publish_for_another(bus_of: Connect) -> None:
    """The server refuses it, whatever the gateway might do wrong."""
    async with bus_of("gateway.water") as bus, Publisher(bus, "WATER") as publisher:
        with pytest.raises(PublishDenied):
            await publisher.publish(Outgoing("share.police.incident.report.x", b"1", "forged"))
