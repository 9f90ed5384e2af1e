"""A city's state in parts: a gateway of each, over one bus, beside one of the whole."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import grpc
import msgspec
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.delivery import Delivery
from broker.state_part import StatePart
from broker.subjects import record_name, share_subject
from gateway.server import Gateway
from liandong.gateway.v1 import (
    agreement_pb2,
    agreement_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    publishing_pb2_grpc,
)
from liandong.gateway.v1 import publishing_pb2 as publishing
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.incident.v1 import incident_pb2
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from tests.gateway.audit.reading import reader_of
from tests.gateway.test_time import publish
from tests.gateway.town import AGREEMENTS, NOW, City, journal, level, reason
from tests.gateway.watching import (
    BOOKMARK,
    CHANGE,
    REMOVAL,
    SNAPSHOT,
    metres,
    risen,
    store,
    watching,
)

WATER = StatePart("water", kinds=("water.*",), address="water.city.example:7443")
STREETS = StatePart("streets", kinds=("traffic.*", "incident.report"))
POLICE = StatePart("police", agencies=("police", "emergency"))
PARTS = (WATER, STREETS, POLICE)
EMERGENCY = """
[[agreement]]
id = "water-in-an-emergency"
provider = "water"
consumer = "health"
kinds = ["water.*"]
opens_at_level = "II"
districts = ["{district}"]
"""
Ask = Callable[[Any], Any]


class Seen:
    """Looks on at which subjects a gateway takes."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def around(self, handler: Any) -> Any:
        """Serve the same."""
        return handler

    def passed(self, delivery: Delivery) -> None:
        """Note a subject."""
        self.subjects.append(delivery.subject)


class Split:
    """Gateways of parts beside the one of the whole."""

    def __init__(self, whole: City, stack: AsyncExitStack) -> None:
        self.whole = whole
        self._stack = stack

    async def part(self, part: StatePart, seen: Seen | None = None) -> City:
        """Run a gateway of a part, until the test ends."""
        settings = msgspec.structs.replace(
            self.whole.gateway._settings,
            part=part,
            parts=PARTS,
            audit=journal(self.whole.agreements.parent),
        )
        gateway = await self._stack.enter_async_context(Gateway(settings, seen))
        return City(self.whole.home, self.whole.plan, gateway, self.whole.agreements)


@pytest.fixture
def district() -> str:
    """Return a district that no other test uses."""
    return f"3201{uuid.uuid4().int % 10**8:08}"


@pytest.fixture
async def split(city: City) -> AsyncIterator[Split]:
    """Return a city whose parts can be run."""
    async with AsyncExitStack() as stack:
        yield Split(city, stack)


def vehicle(number: str) -> Record:
    """Make a record of the transport department."""
    return _bare("transport", "traffic.vehicle", number, traffic_vehicle={"vehicle_id": number})


def incident(number: str, district: str = "320102") -> Record:
    """Make an incident of the police."""
    stated = {
        "number": number,
        "level": incident_pb2.LEVEL_II,
        "lifecycle": incident_pb2.LIFECYCLE_RESPONDING,
    }
    return _bare("police", "incident.report", number, district, incident=stated)


def _bare(agency: str, kind: str, entity: str, district: str = "320102", **body: Any) -> Record:
    record = Record(
        name=record_name(agency, kind, entity),
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=record_pb2.Provenance(feed="test"),
        location=Location(district=district),
        **body,
    )
    record.observed_at.FromDatetime(NOW)
    record.received_at.FromDatetime(NOW)
    return record


def facts(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Return the facts that go with a refusal's reason."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has what that reads
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    status.details[0].Unpack(info)
    return dict(info.metadata)


async def refused(city: City, agency: str, ask: Ask) -> grpc.aio.AioRpcError:
    """Return why a part does not answer."""
    async with city.stub(agency) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(stub)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "BEYOND_PART"
    return caught.value


async def test_a_part_reads_and_holds_its_own_only(split: Split, station: str) -> None:
    """What was there, and what comes; a kind that no schema has yet belongs to its domain."""
    before, after = level(station, 1.0), _bare("water", "water.tide", station)
    await split.whole.share(before, vehicle(station), incident(station))
    seen = Seen()

    water = await split.part(WATER, seen)
    police = await split.part(POLICE)
    await split.whole.share(vehicle(f"{station}-2"))
    await water.share(after)

    assert all(subject.split(".")[2] == "water" for subject in seen.subjects)
    held = {share_subject(entry.name) for entry in water.gateway.view.entries()}
    assert held <= set(seen.subjects)
    assert len(held) < len(split.whole.gateway.view)
    assert water.gateway.view.get(before.name) is not None
    assert {entry.key.agency for entry in police.gateway.view.entries()} <= {"police", "emergency"}
    assert police.gateway.view.get(incident(station).name) is not None
    async with water.stub("water") as stub:
        selection = api.Selection(kinds=["water.*"], filter=f"record.name.endsWith('{station}')")
        page = await stub.ListRecords(api.ListRecordsRequest(selection=selection))
    assert [one.name for one in page.records] == [before.name, after.name]


def _at(seconds: float) -> Timestamp:
    at = Timestamp()
    at.FromDatetime(NOW + timedelta(seconds=seconds))
    return at


def _within(name: str, district: str) -> list[Ask]:
    """Return requests that lie in the water's part, of each method."""
    here = api.Selection(kinds=["water.level"], districts=[district])
    wide = api.Selection(kinds=["water.*"], agencies=["water", "police"], districts=[district])
    since = api.TimeWindow(start_at=_at(-7200))
    over_time = api.Selection(kinds=["water.level"], districts=[district], observed=since)
    return [
        lambda stub: stub.GetRecord(api.GetRecordRequest(name=name)),
        lambda stub: stub.GetRecord(api.GetRecordRequest(name=name, as_of=_at(-1800))),
        lambda stub: stub.BatchGetRecords(api.BatchGetRecordsRequest(names=[name, name])),
        lambda stub: stub.ListRecords(api.ListRecordsRequest(selection=wide)),
        lambda stub: stub.ListRecords(
            api.ListRecordsRequest(selection=here, order_by="observed_at desc", page_size=1)
        ),
        lambda stub: stub.ListRecords(api.ListRecordsRequest(selection=here, as_of=_at(-1800))),
        lambda stub: stub.ListRevisions(api.ListRevisionsRequest(name=name)),
        lambda stub: stub.SummarizeRecords(
            api.SummarizeRecordsRequest(selection=wide, value="water_level.level_m")
        ),
        lambda stub: stub.SummarizeRecords(
            api.SummarizeRecordsRequest(
                selection=over_time, value="water_level.level_m", bucket=Duration(seconds=3600)
            )
        ),
    ]


async def test_what_lies_in_a_part_is_answered_there_as_by_the_whole(
    split: Split, station: str, district: str
) -> None:
    """Also of the past, and what came late beside its record."""
    water = await split.part(WATER)
    name = level(station, 9.0).name
    late = [level(station, 1.0, at=NOW - timedelta(hours=1), district=district)]
    await split.whole.share(level(station, 9.0, district=district))
    await publish(split.whole, *late)
    await split.whole.share(level(f"{station}-2", 3.0, district=district))
    await water.share(level(f"{station}-2", 3.0, district=district))

    async with split.whole.stub("water") as whole, water.stub("water") as part:
        for ask in _within(name, district):
            expected = await ask(whole)
            assert expected.ByteSize(), "an answer to compare"
            assert await ask(part) == expected
        held = await part.GetRecord(api.GetRecordRequest(name=name, as_of=_at(-1800)))
    assert held.water_level.level_m == 1.0


NAME = "transport/traffic.vehicle/1"


@pytest.mark.parametrize(
    ("ask", "asked", "holders"),
    [
        (
            lambda stub: stub.GetRecord(api.GetRecordRequest(name=NAME)),
            "traffic.vehicle of transport",
            "streets",
        ),
        (
            lambda stub: stub.BatchGetRecords(
                api.BatchGetRecordsRequest(
                    names=["police/incident.report/1", "water/water.level/1"]
                )
            ),
            "incident.report of police",
            "",
        ),
        (
            lambda stub: stub.ListRevisions(
                api.ListRevisionsRequest(name="police/incident.report/1")
            ),
            "incident.report of police",
            "streets,police",
        ),
        (
            lambda stub: stub.ListRecords(api.ListRecordsRequest()),
            "every kind of every department",
            "",
        ),
        (
            lambda stub: stub.ListRecords(
                api.ListRecordsRequest(selection=api.Selection(agencies=["water"]))
            ),
            "every kind of water",
            "",
        ),
        (
            lambda stub: stub.SummarizeRecords(
                api.SummarizeRecordsRequest(
                    selection=api.Selection(kinds=["water.level", "traffic.*"])
                )
            ),
            "water.level, traffic.* of every department",
            "",
        ),
        (
            lambda stub: stub.WatchRecords(
                api.WatchRecordsRequest(selection=api.Selection(agencies=["police"]))
            ).read(),
            "every kind of police",
            "police",
        ),
    ],
)
async def test_what_reaches_beyond_a_part_is_refused_and_told_who_holds_it(
    split: Split, ask: Ask, asked: str, holders: str
) -> None:
    """Whatever the method; never answered with what happens to be there."""
    water = await split.part(WATER)

    error = await refused(water, "water", ask)

    assert facts(error) == {"part": "water", "asked": asked, "holders": holders, "addresses": ""}
    assert f"holds part water of the state (water.* of every department), and {asked}" in (
        error.details() or ""
    )


async def test_an_explanation_of_a_record_elsewhere_is_refused_too(split: Split) -> None:
    """It would say that there is none; traits need no record."""
    streets = await split.part(STREETS)
    asked = agreement_pb2.ExplainAccessRequest(consumer="police", name="water/water.level/1")
    traits = agreement_pb2.RecordTraits(provider="water", kind="water.level")

    async with streets.channel("water") as channel:
        stub = agreement_pb2_grpc.AgreementServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ExplainAccess(asked)
        explained = await stub.ExplainAccess(
            agreement_pb2.ExplainAccessRequest(consumer="police", traits=traits)
        )

    assert reason(caught.value) == "BEYOND_PART"
    assert facts(caught.value)["addresses"] == "water.city.example:7443"
    assert explained.sentence


async def test_a_wrong_request_is_told_so_wherever_it_reaches(split: Split) -> None:
    """Another part would only say the same."""
    water = await split.part(WATER)

    async with water.stub("water") as stub:
        selection = api.Selection(kinds=["traffic.vehicles"])
        with pytest.raises(grpc.aio.AioRpcError, match=r"did you mean traffic\.vehicle") as caught:
            await stub.ListRecords(api.ListRecordsRequest(selection=selection))
        with pytest.raises(grpc.aio.AioRpcError) as unnamed:
            await stub.GetRecord(api.GetRecordRequest(name="nothing"))
        with pytest.raises(grpc.aio.AioRpcError) as longer:
            await stub.GetRecord(api.GetRecordRequest(name="water/water.level/a/b"))

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    for error in (unnamed, longer):
        assert error.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_part_of_some_kinds_does_not_answer_for_a_domain(split: Split) -> None:
    """A kind may come that it would not have."""
    part = await split.part(StatePart("levels", kinds=("water.level", "water.rainfall")))
    both = api.Selection(kinds=["water.level", "water.rainfall"])
    domain = api.Selection(kinds=["water.*"])

    async with part.stub("water") as stub:
        await stub.ListRecords(api.ListRecordsRequest(selection=both))
    error = await refused(
        part, "water", lambda stub: stub.ListRecords(api.ListRecordsRequest(selection=domain))
    )

    assert facts(error)["holders"] == "water"


@pytest.mark.parametrize("every", [False, True])
async def test_a_watch_goes_on_between_a_part_and_another_and_the_whole(
    split: Split, station: str, district: str, *, every: bool
) -> None:
    """Nothing twice, nothing left out, though most of the stream is not the part's."""
    first, second = await split.part(WATER), await split.part(WATER)
    here = api.Selection(kinds=["water.level"], districts=[district])
    ways = [(first, second), (second, split.whole), (split.whole, first)]

    for number, (left, taken) in enumerate(ways):
        async with watching(left, "water", here, every_revision=every) as watch:
            await watch.until(BOOKMARK)
        # The stream goes on with what is not the part's, before the break and after it.
        await split.whole.share(vehicle(f"{station}-{number}"))
        async with watching(left, "water", here, watch.token, every_revision=every) as watch:
            assert [event.type for event in await watch.until(BOOKMARK)] == [BOOKMARK]
        first_new = 2 * number
        await store(split.whole, risen(station, 2, start=first_new, district=district))
        await split.whole.share(vehicle(f"{station}-{number}-then"))
        async with watching(taken, "water", here, watch.token, every_revision=every) as watch:
            events = [await watch.next()]
            while metres(events)[-1:] != [first_new + 1]:
                events.append(await watch.next())
        assert SNAPSHOT not in {event.type for event in events}
        told = metres(events)
        assert told == [first_new, first_new + 1] or (told == [first_new + 1] and not every)


@pytest.mark.parametrize("every", [False, True])
async def test_a_part_knows_how_far_the_stream_is_read_though_nothing_of_it_came(
    split: Split, station: str, district: str, *, every: bool
) -> None:
    """The whole has seen what is no state of the part; there is nothing to tell anew for that."""
    await split.whole.share(level(station, 1.0, district=district))
    water = await split.part(WATER)
    here = api.Selection(kinds=["water.level"], agencies=["water"], districts=[district])
    await split.whole.share(vehicle(station))
    async with watching(split.whole, "water", here, every_revision=every) as watch:
        await watch.until(BOOKMARK)

    async with watching(water, "water", here, watch.token, every_revision=every) as resumed:
        events = await resumed.until(BOOKMARK)

    assert [event.type for event in events] == [BOOKMARK]


async def test_tokens_of_another_part_are_refused_with_where_to_go(
    split: Split, station: str
) -> None:
    """A token belongs to its selection, and that to its part."""
    water, streets = await split.part(WATER), await split.part(STREETS)
    await split.whole.share(level(station, 1.0), level(f"{station}-2", 1.0))
    await water.share(level(station, 1.0), level(f"{station}-2", 1.0))
    here, there = api.Selection(kinds=["water.level"]), api.Selection(kinds=["traffic.*"])
    request = api.ListRecordsRequest(selection=here, page_size=1)
    async with water.stub("water") as stub:
        request.page_token = (await stub.ListRecords(request)).next_page_token
    async with watching(water, "water", here) as watch:
        await watch.until(BOOKMARK)

    listing = await refused(streets, "water", lambda stub: stub.ListRecords(request))
    resumed = api.WatchRecordsRequest(selection=here, resume_token=watch.token)
    await refused(streets, "water", lambda stub: stub.WatchRecords(resumed).read())
    async with streets.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match="resume_token") as other:
            await stub.WatchRecords(
                api.WatchRecordsRequest(selection=there, resume_token=watch.token)
            ).read()

    assert facts(listing)["holders"] == "water"
    assert other.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_incident_of_another_part_opens_and_closes_agreements(
    split: Split, station: str, district: str
) -> None:
    """A part follows what opens doors in full, and keeps no record of it."""
    split.whole.agreements.write_text(AGREEMENTS + EMERGENCY.format(district=district))
    await split.whole.share(level(station, 4.0, district=district))
    declared = incident(station, district)
    water = await split.part(WATER)
    here = api.Selection(kinds=["water.level"], districts=[district])

    async with watching(water, "health", here) as watch:
        await watch.until(BOOKMARK)
        await split.whole.share(declared)
        opened = await watch.next()
        declared.incident.lifecycle = incident_pb2.LIFECYCLE_CLOSED
        declared.observed_at.FromDatetime(NOW + timedelta(seconds=1))
        await split.whole.share(declared)
        closed = await watch.next()

    assert (opened.type, metres([opened])) == (CHANGE, [4.0])
    assert (closed.type, closed.removal_reason) == (REMOVAL, api.REMOVAL_REASON_NOT_SHARED)
    assert water.gateway.view.get(declared.name) is None


async def test_a_part_that_starts_in_an_emergency_knows_of_it(
    split: Split, station: str, district: str
) -> None:
    """Before it answers the first call."""
    split.whole.agreements.write_text(AGREEMENTS + EMERGENCY.format(district=district))
    await split.whole.share(level(station, 4.0, district=district), incident(station, district))

    water = await split.part(WATER)

    async with water.stub("health") as stub:
        record = await stub.GetRecord(api.GetRecordRequest(name=level(station, 4.0).name))
    assert record.water_level.level_m == 4.0


async def test_a_part_tells_the_parts_and_which_it_is(split: Split) -> None:
    """So that clients know whom to ask; the whole is none of them."""
    told = {}
    for name, city in (("police", await split.part(POLICE)), ("", split.whole)):
        async with city.channel("health") as channel:
            stub = catalog_pb2_grpc.CatalogServiceStub(channel)
            told[name] = await stub.ListParts(catalog_pb2.ListPartsRequest())

    assert {name: answer.held for name, answer in told.items()} == {"police": "police", "": ""}
    assert list(told[""].parts) == []
    assert [
        (one.name, list(one.kinds), list(one.agencies), one.address) for one in told["police"].parts
    ] == [
        ("water", ["water.*"], [], "water.city.example:7443"),
        ("streets", ["traffic.*", "incident.report"], [], ""),
        ("police", [], ["police", "emergency"], ""),
    ]


async def test_a_part_takes_what_belongs_to_others_and_puts_refusals_on_record(
    split: Split, station: str
) -> None:
    """Publishing needs no state; each part keeps a log of its own."""
    streets = await split.part(STREETS)
    record = level(station, 2.0)
    record.ClearField("provenance")
    record.ClearField("received_at")

    async with streets.channel("water") as channel:
        stub = publishing_pb2_grpc.PublishingServiceStub(channel)
        await stub.PublishRecords(publishing.PublishRecordsRequest(records=[record]))
    await refused(
        streets, "water", lambda stub: stub.GetRecord(api.GetRecordRequest(name=record.name))
    )

    await split.whole._seen(record)
    async with reader_of(streets) as log:
        entries = [(one.method, one.reason) for one in await log.recorded()]
    assert entries == [
        ("PublishingService/PublishRecords", ""),
        ("SharedStateService/GetRecord", "BEYOND_PART"),
    ]
