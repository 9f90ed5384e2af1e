"""Agreements over the real gateway: hidden fields, purposes, emergencies, what is missing."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.subjects import record_name
from liandong.gateway.v1 import agreement_pb2, agreement_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.incident.v1 import incident_pb2
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import AGREEMENTS, NOW, City, level, listed

_HIDING = f'{AGREEMENTS}hidden = ["location.point", "water_level.level_m"]\n'
_PURPOSE = f'{AGREEMENTS}purposes = ["flood-response"]\n'
_EMERGENCY = """
[[agreement]]
id = "water-in-emergencies"
provider = "water"
consumer = "health"
kinds = ["water.level"]
districts = ["{district}"]
opens_at_level = "II"
"""


def _incident(district: str, *, seconds: int = 0, **fields: Any) -> Record:
    """Make an incident of the police, in a district."""
    record = Record(
        name=record_name("police", "incident.report", f"in-{district}"),
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=fields.get("status", record_pb2.STATUS_ACTUAL),
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=record_pb2.Provenance(feed="test"),
        location=Location(district=district),
        incident=incident_pb2.Incident(
            number=district,
            level=fields.get("level", incident_pb2.LEVEL_II),
            lifecycle=fields.get("lifecycle", incident_pb2.LIFECYCLE_RESPONDING),
        ),
    )
    record.observed_at.FromDatetime(NOW + timedelta(seconds=seconds))
    record.received_at.FromDatetime(NOW)
    return record


@pytest.fixture
def district() -> str:
    """Return a district that no other test uses."""
    return f"99{random.randrange(10**9, 10**10)}"


def _put(city: City, text: str) -> None:
    """Put a file of agreements in force."""
    city.agreements.write_text(text)
    city.gateway._agreements.refresh()


async def _events(
    call: "grpc.aio.UnaryStreamCall[api.WatchRecordsRequest, api.WatchRecordsResponse]",
) -> AsyncIterator[api.RecordEvent]:
    async for response in call:
        for event in response.events:
            yield event


async def _next(
    watch: AsyncIterator[api.RecordEvent], kind: int, name: str = ""
) -> api.RecordEvent:
    """Return the next event of a kind, of a record."""
    async with asyncio.timeout(10):
        async for event in watch:
            if event.type == kind and name in {"", event.record.name, event.name}:
                return event
    raise AssertionError("the watch has ended")


async def test_hidden_fields_stay_behind_in_get_list_and_watch(city: City, station: str) -> None:
    """And no selection finds a record by where it is when that is hidden."""
    record = level(station, 9.25)
    await city.share(record)
    _put(city, _HIDING)
    expected = Record()
    expected.CopyFrom(record)
    expected.location.ClearField("point")
    expected.water_level.ClearField("level_m")
    box = api.BoundingBox(south_deg=31, west_deg=118, north_deg=33, east_deg=119)

    async with city.stub("police") as stub:
        got = await stub.GetRecord(api.GetRecordRequest(name=record.name))
        batch = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[record.name]))
        named = api.Selection(filter=f"record.name == '{record.name}'")
        found = await listed(stub, api.ListRecordsRequest(selection=named))
        boxed = await stub.ListRecords(
            api.ListRecordsRequest(selection=api.Selection(bounding_box=box))
        )
        watch = _events(stub.WatchRecords(api.WatchRecordsRequest()))
        event = await _next(watch, api.EVENT_TYPE_SNAPSHOT, record.name)

    told = [got, *batch.records, *found, event.record]
    assert told == [expected] * 4
    assert record.name not in {one.name for one in boxed.records}


async def test_a_field_that_becomes_hidden_is_a_change_in_an_open_watch(
    city: City, station: str
) -> None:
    """The record stays; what is told of it is less, at once."""
    record = level(station, 9.25)
    await city.share(record)
    async with city.stub("police") as stub:
        watch = _events(stub.WatchRecords(api.WatchRecordsRequest()))
        before = await _next(watch, api.EVENT_TYPE_SNAPSHOT, record.name)
        await _next(watch, api.EVENT_TYPE_BOOKMARK)

        _put(city, _HIDING)
        after = await _next(watch, api.EVENT_TYPE_CHANGE, record.name)

    assert before.record == record
    assert not after.record.water_level.HasField("level_m")


async def test_an_agreement_for_a_purpose_opens_to_those_who_state_it(
    city: City, station: str
) -> None:
    """Without it the agreement that would open it is named."""
    record = level(station, 9.25)
    await city.share(record)
    _put(city, _PURPOSE)
    request = api.GetRecordRequest(name=record.name)

    async with city.stub("police") as stub:
        stated = await stub.GetRecord(request, metadata=[("liandong-purpose", "flood-response")])
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetRecord(request)

    assert stated == record
    assert raised.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert "water-to-police would, but holds only for flood-response" in (
        raised.value.details() or ""
    )


async def test_what_is_closed_does_not_tell_whether_it_exists(city: City, station: str) -> None:
    """Without any agreement, and with one that leaves it out: the same for there and not there."""
    there, left_out = level(station, 9.25), level(f"{station}-x", 9.25, district="110101")
    await city.share(there, left_out)

    async def answer(agency: str, name: str) -> tuple[object, ...]:
        async with city.stub(agency) as stub:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await stub.GetRecord(api.GetRecordRequest(name=name))
            with pytest.raises(grpc.aio.AioRpcError) as batched:
                await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[name]))
        status = rpc_status.from_call(raised.value)  # type: ignore[arg-type]  # it has what that reads
        assert status is not None
        assert raised.value.details() == batched.value.details()
        info = error_details_pb2.ErrorInfo()
        status.details[0].Unpack(info)
        said = status.SerializeToString().replace(name.encode(), b"?" * len(name))
        return raised.value.code(), said, dict(info.metadata)

    closed = await answer("health", there.name)
    nowhere = await answer("health", there.name[:-1] + "~")
    outside = await answer("police", left_out.name)
    missing = await answer("police", left_out.name[:-1] + "~")

    assert closed == nowhere
    assert closed[0] is grpc.StatusCode.PERMISSION_DENIED
    assert closed[2] == {"consumer": "health", "provider": "water", "kind": "water.level"}
    assert outside == missing
    assert outside[0] is grpc.StatusCode.NOT_FOUND


async def test_a_selection_of_what_is_closed_entirely_is_refused(city: City) -> None:
    """An empty list would look as if there were nothing."""
    selection = api.Selection(agencies=["water"], kinds=["water.quality"])
    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match=r"lets police read water\.quality of water"):
            await stub.ListRecords(api.ListRecordsRequest(selection=selection))
        with pytest.raises(grpc.aio.AioRpcError, match=r"lets police read water\.quality of water"):
            await anext(_events(stub.WatchRecords(api.WatchRecordsRequest(selection=selection))))


async def test_an_emergency_opens_a_door_at_once_and_shuts_it(
    city: City, station: str, district: str
) -> None:
    """In an open watch: gained with the incident, lost when it is closed; a drill opens nothing."""
    record = level(station, 9.25, district=district)
    await city.share(record)
    _put(city, _EMERGENCY.format(district=district))
    selection = api.Selection(agencies=["water"])
    async with city.stub("health") as stub:
        watch = _events(stub.WatchRecords(api.WatchRecordsRequest(selection=selection)))
        await _next(watch, api.EVENT_TYPE_BOOKMARK)
        await city.share(_incident(district, status=record_pb2.STATUS_EXERCISE))
        with pytest.raises(grpc.aio.AioRpcError, match="there is no record"):
            await stub.GetRecord(api.GetRecordRequest(name=record.name))

        await city.share(_incident(district, seconds=1))
        gained = await _next(watch, api.EVENT_TYPE_CHANGE)
        got = await stub.GetRecord(api.GetRecordRequest(name=record.name))
        await city.share(_incident(district, seconds=2, lifecycle=incident_pb2.LIFECYCLE_CLOSED))
        lost = await _next(watch, api.EVENT_TYPE_REMOVAL)
        with pytest.raises(grpc.aio.AioRpcError, match="only while an incident of level II"):
            await stub.GetRecord(api.GetRecordRequest(name=record.name))

    assert (gained.record, got, lost.name) == (record, record, record.name)


async def test_a_department_lists_the_agreements_that_concern_it(city: City, district: str) -> None:
    """With whether they hold, and why not; others' are not told, the operators are told all."""
    _put(city, AGREEMENTS + _EMERGENCY.format(district=district) + 'closes_after = "2h"\n')

    async def listed(agency: str) -> dict[str, agreement_pb2.Agreement]:
        async with city.channel(agency) as channel:
            stub = agreement_pb2_grpc.AgreementServiceStub(channel)
            request = agreement_pb2.ListAgreementsRequest(page_size=1)
            found: dict[str, agreement_pb2.Agreement] = {}
            while True:
                page = await stub.ListAgreements(request)
                found |= {one.id: one for one in page.agreements}
                request.page_token = page.next_page_token
                if not page.next_page_token:
                    return found

    water, police, ops = await listed("water"), await listed("police"), await listed("ops")

    assert set(water) == set(ops) == {"water-to-police", "water-in-emergencies"}
    assert set(police) == {"water-to-police"}
    assert police["water-to-police"].in_force
    assert police["water-to-police"].line == 2
    emergency = water["water-in-emergencies"]
    assert (emergency.in_force, emergency.opens_at_level) == (False, incident_pb2.LEVEL_II)
    assert emergency.closes_after.ToTimedelta() == timedelta(hours=2)
    assert list(emergency.reasons) == [
        "only while an incident of level II or graver is open; none is"
    ]


async def _explained(
    city: City, agency: str, **request: Any
) -> agreement_pb2.ExplainAccessResponse:
    async with city.channel(agency) as channel:
        stub = agreement_pb2_grpc.AgreementServiceStub(channel)
        return await stub.ExplainAccess(agreement_pb2.ExplainAccessRequest(**request))


async def test_a_decision_is_explained_with_its_line(city: City, station: str) -> None:
    """Allowed, or which condition of which line is not met."""
    shared, left_out = level(station, 1.0), level(f"{station}-x", 1.0, district="110101")
    await city.share(shared, left_out)

    allowed = await _explained(city, "water", consumer="police", name=shared.name)
    refused = await _explained(city, "ops", consumer="police", name=left_out.name)

    assert allowed.decision == agreement_pb2.ACCESS_DECISION_ALLOWED
    assert list(allowed.agreements) == ["water-to-police"]
    assert allowed.sentence == "police may read water.level of water by water-to-police"
    assert refused.decision == agreement_pb2.ACCESS_DECISION_REFUSED
    (explanation,) = refused.explanations
    (unmet,) = [one for one in explanation.conditions if not one.holds]
    assert (unmet.field, unmet.line) == ("districts", 8)
    assert unmet.sentence == "opens 320100; this lies in 110101"


async def test_an_explanation_does_not_tell_the_consumer_what_there_is(
    city: City, station: str
) -> None:
    """A record that it may not see, and one that does not exist, are explained alike."""
    left_out = level(station, 1.0, district="110101")
    await city.share(left_out)

    there = await _explained(city, "police", consumer="police", name=left_out.name)
    nowhere = await _explained(city, "police", consumer="police", name=f"{left_out.name}~")

    assert there == nowhere
    assert there.decision == agreement_pb2.ACCESS_DECISION_UNTOLD
    assert {one.field for one in there.explanations[0].conditions} == {
        "consumer",
        "provider",
        "kinds",
    }


async def test_a_hidden_district_is_not_told_by_an_explanation(city: City, station: str) -> None:
    """What stays behind in the record stays behind here."""
    record = level(station, 1.0)
    await city.share(record)
    _put(city, f'{AGREEMENTS}hidden = ["location.district"]\n')

    answer = await _explained(city, "police", consumer="police", name=record.name)

    assert answer.decision == agreement_pb2.ACCESS_DECISION_ALLOWED
    assert b"320102" not in answer.SerializeToString()


async def test_decisions_between_others_are_not_explained(city: City) -> None:
    """A department asks about its own; the owner learns that a record is not there."""
    traits = {"provider": "water", "kind": "water.level"}

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _explained(city, "health", consumer="police", traits=traits)
    with pytest.raises(grpc.aio.AioRpcError) as missing:
        await _explained(city, "water", consumer="police", name="water/water.level/none-such")
    own = await _explained(city, "water", consumer="water", traits=traits)

    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND
    assert own.sentence == "water may read water.level of water: it is its own"


async def test_an_emergency_that_ends_by_its_time_is_noticed(
    city: City, station: str, district: str
) -> None:
    """An incident that expires shuts the door without a word from anyone."""
    record, incident = level(station, 9.25, district=district), _incident(district)
    await city.share(record)
    _put(city, _EMERGENCY.format(district=district))
    async with city.stub("health") as stub:
        watch = _events(stub.WatchRecords(api.WatchRecordsRequest()))
        await _next(watch, api.EVENT_TYPE_BOOKMARK)

        incident.expires_at.FromDatetime(datetime.now(UTC) + timedelta(seconds=3))
        await city.share(incident)
        await _next(watch, api.EVENT_TYPE_CHANGE, record.name)
        lost = await _next(watch, api.EVENT_TYPE_REMOVAL)

    assert lost.name == record.name
