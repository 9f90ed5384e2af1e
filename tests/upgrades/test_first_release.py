"""What the first release wrote is read today, and what is written today it reads without loss."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from broker.connection import Bus, BusSettings
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import record_name, share_subject
from gateway.key import BODIES
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import City, listed
from tests.gateway.watching import SNAPSHOT, watching
from tests.upgrades.first_release import bodies, filled, first, names

_SERVICE = "/liandong.gateway.v1.SharedStateService"
_OLD_RECORD = "liandong.record.v1.Record"


def today(name: str) -> type[Message]:
    """Return a message's class as it is."""
    described = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(described)


def stated(record: Any, district: str) -> Any:
    """Make a filled record one of the water department, in a district of its own."""
    body = record.WhichOneof("body")
    kind = next(kind for kind, field in BODIES.items() if field == body)
    record.name = record_name("water", kind, uuid.uuid4().hex)
    for moment in (record.observed_at, record.received_at):
        moment.FromDatetime(datetime.now(UTC))
    record.ClearField("expires_at")
    record.classification, record.status, record.location.district = 2, 1, district
    return record


async def published(city: City, record: Message, name: str) -> bytes:
    """Publish a record as its adapter's bytes, and wait until the gateway's view holds it."""
    payload = record.SerializeToString(deterministic=True)
    seen = asyncio.Event()
    end = city.gateway.view.listen(lambda entry: seen.set() if entry.name == name else None)
    settings = BusSettings.of(city.home, city.plan, "water")
    async with Bus(settings) as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(Outgoing(share_subject(name), payload, uuid.uuid4().hex))
    async with asyncio.timeout(10):
        await seen.wait()
    end()
    return payload


@pytest.fixture
def district() -> str:
    """Return a district that no other test uses."""
    return str(uuid.uuid4().int)[:12]


@pytest.mark.parametrize("name", names())
def test_a_message_of_the_first_release_says_the_same_today(name: str) -> None:
    """Every field has kept its number, type and name, every enum value its own."""
    old = filled(first(name))

    new = today(name).FromString(old.SerializeToString())

    assert len(old.SerializeToString()) > 0 or not old.DESCRIPTOR.fields
    assert MessageToDict(new) == MessageToDict(old)
    assert new.SerializeToString(deterministic=True) == old.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", names())
def test_a_message_of_today_passes_through_the_first_release_whole(name: str) -> None:
    """What it does not know it keeps."""
    new = filled(today(name))

    old = first(name).FromString(new.SerializeToString())

    assert today(name).FromString(old.SerializeToString()) == new


@pytest.mark.parametrize("body", bodies())
async def test_an_old_adapters_record_is_listed_and_watched(
    city: City, district: str, body: str
) -> None:
    """The gateway of today reads what the first release stored, whatever it states."""
    old = stated(filled(first(_OLD_RECORD), body=body), district)
    selection = api.Selection(districts=[district], statuses=[old.status])

    payload = await published(city, old, old.name)

    async with city.stub("water") as stub:
        (found,) = await listed(stub, api.ListRecordsRequest(selection=selection))
    async with watching(city, "water", selection) as watch:
        event = await watch.next()
    assert found == event.record == Record.FromString(payload)
    assert (event.type, found.WhichOneof("body")) == (SNAPSHOT, body)


async def test_an_old_client_keeps_what_a_new_adapter_says(city: City, district: str) -> None:
    """It gets fields that it has no names for, and hands them on as they came."""
    new = stated(filled(Record, body="health_facility"), district)
    await published(city, new, new.name)
    request = first("liandong.gateway.v1.ListRecordsRequest")()
    request.selection.districts.append(district)  # type: ignore[attr-defined]
    async with city.channel("water") as channel:
        ask = channel.unary_unary(
            f"{_SERVICE}/ListRecords",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=first("liandong.gateway.v1.ListRecordsResponse").FromString,
        )

        answer: Any = await ask(request, timeout=10)

    (held,) = answer.records
    assert held.name == new.name
    assert held.health_facility.facility_id == new.health_facility.facility_id
    assert len(UnknownFieldSet(held.health_facility)) == 1
    assert Record.FromString(held.SerializeToString()) == new
    again = api.ListRecordsResponse.FromString(answer.SerializeToString())
    assert again.records[0].health_facility.attributes == new.health_facility.attributes


async def test_an_old_client_watches_and_lives_with_events_it_does_not_know(
    city: City, district: str
) -> None:
    """A kind of event that came later is a number to it; snapshot and bookmark are what they were.

    What it asked for in the first release's words is understood, too.
    """
    new = stated(filled(Record, body="health_facility"), district)
    await published(city, new, new.name)
    request = first("liandong.gateway.v1.WatchRecordsRequest")()
    request.selection.districts.append(district)  # type: ignore[attr-defined]
    respond = first("liandong.gateway.v1.WatchRecordsResponse")
    events: list[Any] = []
    async with city.channel("water") as channel, asyncio.timeout(10):
        call: Any = channel.unary_stream(
            f"{_SERVICE}/WatchRecords",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=respond.FromString,
        )(request)
        while not any(event.type == api.EVENT_TYPE_BOOKMARK for event in events):
            events += (await call.read()).events
        call.cancel()
    beat = api.WatchRecordsResponse(events=[api.RecordEvent(type=api.EVENT_TYPE_HEARTBEAT)])
    heard: Any = respond.FromString(beat.SerializeToString())

    assert Record.FromString(events[0].record.SerializeToString()) == new
    assert (
        "EVENT_TYPE_HEARTBEAT"
        not in respond.DESCRIPTOR.file.enum_types_by_name["EventType"].values_by_name
    )
    assert heard.events[0].type == api.EVENT_TYPE_HEARTBEAT
    assert heard.SerializeToString() == beat.SerializeToString()
