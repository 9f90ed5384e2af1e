"""Every access is on record before its answer leaves, and shown to those it concerns."""

import asyncio

import grpc
import pytest

from broker.tls import Authority
from gateway.audit import Verifier
from liandong.gateway.v1 import audit_pb2 as audit
from liandong.gateway.v1 import audit_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1 import record_pb2
from tests.gateway.audit.reading import Reader, name_of, verified
from tests.gateway.town import City, level

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_read_is_recorded_with_who_what_and_by_which_agreement(
    city: City, log: Reader, station: str
) -> None:
    """The entry is on disk when the answer has come."""
    record = level(station, 9.25)
    await city.share(record)

    async with city.stub("police") as stub:
        await stub.GetRecord(
            api.GetRecordRequest(name=record.name),
            metadata=(
                ("liandong-purpose", "rescue"),
                ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),
            ),
        )
        written = city.gateway.journal.head.sequence
    (entry,) = await log.recorded()

    assert written == 1
    assert (entry.sequence, entry.previous_hash) == (1, bytes(32))
    assert (entry.agency, entry.role, entry.purpose) == ("police", "client", "rescue")
    assert (entry.method, entry.phase) == ("SharedStateService/GetRecord", audit.PHASE_CALL)
    assert (list(entry.names), entry.asked) == ([record.name], "")
    assert (entry.outcome, entry.reason) == (audit.OUTCOME_ALLOWED, "")
    assert entry.trace_id == TRACE
    (left,) = entry.disclosed
    assert (left.provider, left.kind, left.records) == ("water", "water.level", 1)
    assert list(left.agreements) == ["water-to-police"]


async def test_an_own_record_needs_no_agreement(city: City, log: Reader, station: str) -> None:
    """It is recorded all the same."""
    record = level(station, 9.25)
    await city.share(record)

    async with city.stub("water") as stub:
        await stub.GetRecord(api.GetRecordRequest(name=record.name))
    (entry,) = await log.recorded()

    assert [(one.provider, list(one.agreements)) for one in entry.disclosed] == [("water", [])]


async def test_a_page_is_recorded_with_its_selection_and_how_many_left(
    city: City, log: Reader, station: str
) -> None:
    """What was asked as text, without the page's token; what left as a count."""
    await city.share(*(level(f"{station}-{n}", 1.0, district="880177") for n in range(3)))
    request = api.ListRecordsRequest(selection=api.Selection(districts=["880177"]), page_size=2)

    async with city.stub("water") as stub:
        request.page_token = (await stub.ListRecords(request)).next_page_token
        await stub.ListRecords(request)
    first, second = await log.recorded()

    asked = 'selection { districts: "880177" } page_size: 2'
    assert (first.asked, second.asked) == (asked, asked)
    assert [entry.disclosed[0].records for entry in (first, second)] == [2, 1]


async def test_a_closed_record_is_told_to_its_owner_and_not_to_who_asked(
    city: City, log: Reader, station: str
) -> None:
    """Water sees that police was refused; police does not learn that the record exists."""
    record = level(station, 9.25, classification=record_pb2.CLASSIFICATION_RESTRICTED)
    await city.share(record)
    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(api.GetRecordRequest(name=record.name))

    (owner,) = await log.listed("water", outcome=audit.OUTCOME_REFUSED)
    (asking,) = await log.listed("police", outcome=audit.OUTCOME_REFUSED)
    others = await log.listed("health", outcome=audit.OUTCOME_REFUSED)

    assert (owner.agency, list(owner.closed_providers)) == ("police", ["water"])
    assert (owner.reason, list(owner.names)) == ("NO_SUCH_RECORD", [record.name])
    assert (asking.reason, list(asking.closed_providers)) == ("NO_SUCH_RECORD", [])
    assert others == []


async def test_who_may_see_a_record_is_not_refused_it_before_it_was_there(
    city: City, log: Reader, station: str
) -> None:
    """Its owner is not told of a refusal when somebody looks back to a time without it."""
    record = level(station, 9.25)
    await city.share(record)
    request = api.GetRecordRequest(name=record.name)
    request.as_of.seconds = record.observed_at.seconds - 600
    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match="there is no record"):
            await stub.GetRecord(request)

    (asking,) = await log.recorded()

    assert (asking.reason, list(asking.closed_providers)) == ("NO_SUCH_RECORD", [])
    assert await log.listed("water") == []


async def test_a_record_that_is_not_there_concerns_nobody_else(
    city: City, log: Reader, station: str
) -> None:
    """The refusal is on record for who asked and for the operators."""
    async with city.stub("police") as stub:
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(api.GetRecordRequest(name=f"water/water.level/{station}"))

    assert await log.listed("water") == []
    assert [entry.agency for entry in await log.listed("ops", consumer="police")] == ["police"]


async def test_who_has_no_agreement_is_told_to_whom_it_would_have_to_ask(
    city: City, log: Reader, station: str
) -> None:
    """Whether the record exists or not: that is in neither entry."""
    async with city.stub("health") as stub:
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(api.GetRecordRequest(name=f"water/water.level/{station}"))

    (owner,) = await log.listed("water", outcome=audit.OUTCOME_REFUSED)
    assert (owner.agency, owner.reason) == ("health", "NO_AGREEMENT")
    assert list(owner.closed_providers) == ["water"]


async def test_malformed_requests_are_recorded(city: City, log: Reader) -> None:
    """One whose fields are wrong, and one whose bytes are no request."""
    async with city.channel("health") as channel:
        stub = rpc.SharedStateServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ListRecords(api.ListRecordsRequest(page_size=-1))
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(
                "/liandong.gateway.v1.SharedStateService/GetRecord", None, None
            )(b"\xff\xff")
    wrong, none = await log.recorded()

    assert (wrong.reason, wrong.outcome) == ("INVALID_FIELD", audit.OUTCOME_REFUSED)
    assert "page_size" in wrong.detail
    assert (none.reason, none.asked) == ("INVALID_FIELD", "")


async def test_a_caller_of_no_department_is_recorded(city: City, log: Reader) -> None:
    """A certificate of the city that names none as they are called: only operators see it."""
    Authority(city.home).issue_client("stranger", "STRANGER", "client")
    async with city.stub("stranger") as stub:
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(api.GetRecordRequest(name="water/water.level/1"))

    (entry,) = await log.recorded()
    assert (entry.agency, entry.reason) == ("", "NO_DEPARTMENT_CERTIFICATE")
    assert await log.listed("police") == []


async def test_a_watch_is_recorded_by_the_agreements_by_which_records_left(
    city: City, log: Reader, station: str
) -> None:
    """Also when they have been taken back before it ends."""
    selection = api.Selection(districts=["320179001"])
    await city.share(level(station, 1.0, district="320179001"))
    async with city.stub("police") as stub:
        watch = stub.WatchRecords(api.WatchRecordsRequest(selection=selection))
        await watch.read()
        await watch.read()
        await city.share(level(station, 2.0, district="320179001"))
        changed = await watch.read()
        city.agreements.write_text("")
        city.gateway._agreements.refresh()
        removed = await watch.read()
        watch.cancel()
    async with asyncio.timeout(10):
        while city.gateway.journal.head.sequence < 3:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)
    entries = await log.recorded()

    assert isinstance(changed, api.WatchRecordsResponse)
    assert isinstance(removed, api.WatchRecordsResponse)
    told = [event.type for response in (changed, removed) for event in response.events]
    assert told == [api.EVENT_TYPE_CHANGE, api.EVENT_TYPE_REMOVAL]
    assert [entry.phase for entry in entries] == [
        audit.PHASE_OPENED,
        audit.PHASE_CONTINUED,
        audit.PHASE_ENDED,
    ]
    left = [[(one.records, list(one.agreements)) for one in each.disclosed] for each in entries]
    assert left == [[(1, ["water-to-police"])], [(1, ["water-to-police"])], []]


async def test_a_watch_is_recorded_when_it_opens_while_it_lasts_and_when_it_ends(
    city: City, log: Reader, station: str
) -> None:
    """Each entry counts what has left since the one before."""
    selection = api.Selection(districts=["320178001"])
    await city.share(*(level(f"{station}-{n}", 1.0, district="320178001") for n in range(3)))
    async with city.stub("police") as stub:
        watch = stub.WatchRecords(api.WatchRecordsRequest(selection=selection))
        snapshot = await watch.read()
        opened = city.gateway.journal.head.sequence
        assert isinstance(snapshot, api.WatchRecordsResponse)
        assert len(snapshot.events) == 3
        await watch.read()
        await city.share(level(f"{station}-0", 2.0, district="320178001"))
        await watch.read()
        for stream in city.gateway._entrance.recorder._streams:
            stream.go_on()
        await city.share(level(f"{station}-1", 2.0, district="320178001"))
        await watch.read()
        watch.cancel()
    async with asyncio.timeout(10):
        while city.gateway.journal.head.sequence < 3:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)
    first, second, last = await log.recorded()

    assert opened == 1
    assert [entry.phase for entry in (first, second, last)] == [
        audit.PHASE_OPENED,
        audit.PHASE_CONTINUED,
        audit.PHASE_ENDED,
    ]
    assert [entry.disclosed[0].records for entry in (first, second, last)] == [3, 1, 1]
    assert [entry.opened_sequence for entry in (first, second, last)] == [0, 1, 1]
    assert (last.outcome, last.reason) == (audit.OUTCOME_BROKEN_OFF, "CANCELLED")
    assert list(second.disclosed[0].agreements) == ["water-to-police"]


async def test_a_department_sees_what_concerns_it_and_no_more(
    city: City, log: Reader, station: str
) -> None:
    """Its own accesses, others' of its records; operators see all."""
    record = level(station, 9.25)
    await city.share(record)
    for agency in ("police", "water"):
        async with city.stub(agency) as stub:
            await stub.GetRecord(api.GetRecordRequest(name=record.name))

    def who(entries: list[audit.AccessEntry]) -> list[str]:
        return [one.agency for one in entries if one.method.endswith("GetRecord")]

    assert who(await log.listed("water")) == ["water", "police"]
    assert who(await log.listed("water", order=audit.ACCESS_ORDER_OLDEST_FIRST)) == [
        "police",
        "water",
    ]
    assert who(await log.listed("water", consumer="police")) == ["police"]
    assert who(await log.listed("police", page_size=1)) == ["police"]
    assert who(await log.listed("health")) == []
    assert who(await log.listed("ops", provider="water")) == ["water", "police"]


async def test_accesses_are_listed_by_time(city: City, log: Reader, station: str) -> None:
    """From a moment on, and up to it."""
    record = level(station, 9.25)
    await city.share(record)
    async with city.stub("water") as stub:
        for _ in range(3):
            await stub.GetRecord(api.GetRecordRequest(name=record.name))
    *_, second, _ = await log.recorded()
    window = api.TimeWindow(start_at=second.accessed_at)
    before = api.TimeWindow(end_at=second.accessed_at)

    for order in (audit.ACCESS_ORDER_NEWEST_FIRST, audit.ACCESS_ORDER_OLDEST_FIRST):
        since = await log.listed("water", accessed=window, order=order)
        until = await log.listed("water", accessed=before, order=order)
        moment = second.accessed_at.ToNanoseconds()
        assert {one.sequence for one in since} >= {2, 3}
        assert all(one.accessed_at.ToNanoseconds() >= moment for one in since)
        assert all(one.accessed_at.ToNanoseconds() < moment for one in until)


async def test_content_of_records_is_not_in_the_log(city: City, log: Reader, station: str) -> None:
    """What an entry tells is who, which, how many: no field of what was read."""
    record = level(station, 9.25)
    record.location.address = "中山南路 7 号"
    record.provenance.source_message_id = "patient-4711"
    await city.share(record)
    async with city.stub("water") as stub:
        await stub.GetRecord(api.GetRecordRequest(name=record.name))
        await stub.ListRecords(api.ListRecordsRequest(selection=api.Selection(agencies=["water"])))
    entries = await log.recorded()

    written = b"".join(entry.SerializeToString() for entry in entries)
    assert len(entries) == 2
    assert "中山南路".encode() not in written
    assert b"patient-4711" not in written


async def test_calls_at_the_same_time_are_each_recorded_once(
    city: City, log: Reader, station: str
) -> None:
    """Many entries, few groups, one whole chain."""
    record = level(station, 9.25)
    await city.share(record)
    async with city.stub("water") as stub:
        await asyncio.gather(
            *(stub.GetRecord(api.GetRecordRequest(name=record.name)) for _ in range(200))
        )
    entries = await log.recorded()
    verifier: Verifier = await verified(log.bus, city.gateway)

    assert [entry.sequence for entry in entries] == list(range(1, 201))
    assert verifier.findings() == []


async def test_the_gateway_verifies_its_log(city: City, log: Reader, station: str) -> None:
    """From the start, and from a head that somebody has noted."""
    record = level(station, 9.25)
    await city.share(record)
    async with city.channel("water") as channel:
        stub = rpc.SharedStateServiceStub(channel)
        await stub.GetRecord(api.GetRecordRequest(name=record.name))
        await log.recorded()
        verify = audit_pb2_grpc.AuditServiceStub(channel).VerifyLog
        whole = await verify(audit.VerifyLogRequest())
        name = name_of(city.gateway)
        (head,) = [one for one in whole.heads if one.gateway == name]
        again = await verify(audit.VerifyLogRequest(**{"from": [head]}))
        head.hash = bytes(32)
        other = await verify(audit.VerifyLogRequest(**{"from": [head]}))

    own = [one for one in whole.findings if one.gateway == head.gateway]
    assert own == []
    assert [one.problem for one in again.findings if one.gateway == head.gateway] == []
    assert [one.problem for one in other.findings if one.gateway == head.gateway] == [
        audit.PROBLEM_CHANGED
    ]


@pytest.mark.parametrize("token", ["x", "AAAA"])
async def test_a_wrong_page_token_is_refused_in_words(city: City, token: str) -> None:
    """As everywhere."""
    async with city.channel("water") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await audit_pb2_grpc.AuditServiceStub(channel).ListAccesses(
                audit.ListAccessesRequest(page_token=token)
            )

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "page_token" in str(raised.value.details())
