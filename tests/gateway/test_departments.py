"""Live questions over the real bus and gateway: who may ask, who answers, and what goes wrong."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable

import grpc
import msgspec
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.connection import BusSettings
from liandong.gateway.v1 import department_pb2 as api
from liandong.place.v1.place_pb2 import Point
from liandong.question.v1 import question_pb2 as code
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion
from liandong.question.v1.units_nearby_pb2 import UnitsNearbyQuestion
from tests.conftest import AGENCIES
from tests.gateway.questions import (
    PATIENCE_S,
    Held,
    Refusing,
    Ward,
    Wrong,
    answering,
    ask,
    beds,
    departments,
    refusal,
    request,
)
from tests.gateway.town import City


def titles(response: api.AskResponse) -> list[str]:
    """Return the titles in an answer."""
    answer = BedsAnswer()
    assert response.answer.Unpack(answer), response
    return [facility.title for facility in answer.facilities]


def point() -> Point:
    """Return a point in Nanjing."""
    return Point(latitude_deg=32.06, longitude_deg=118.79)


async def test_a_question_is_answered_by_the_department_it_is_put_to(asked_city: City) -> None:
    """The responder is told who asks, what for, under which agreement and trace."""
    ward = Ward()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")
    async with answering(asked_city, "health", ward):
        said = await ask(
            asked_city,
            "police",
            request(BedsQuestion(), "health"),
            purpose="rescue",
            metadata=(parent,),
        )

    assert titles(said["health"]) == ["ward"]
    assert said["health"].elapsed.ToNanoseconds() > 0
    (caller,) = ward.callers
    assert (caller.agency, caller.role, caller.purpose) == ("police", "client", "rescue")
    assert (caller.agreements, caller.trace_id) == (("beds-to-police",), trace)


async def test_a_slow_department_does_not_delay_a_fast_one(asked_city: City) -> None:
    """Answers come as they are given, not when all are there."""
    held = Held()
    async with (
        answering(asked_city, "health", Ward()),
        answering(asked_city, "emergency", held),
        departments(asked_city, "police") as stub,
    ):
        call = stub.Ask(request(BedsQuestion(), "emergency", "health"), timeout=PATIENCE_S)

        first = await call.read()
        assert not held.let.is_set()
        held.let.set()
        second = await call.read()

    assert isinstance(first, api.AskResponse)
    assert isinstance(second, api.AskResponse)
    assert (first.agency, titles(second)) == ("health", ["held"])


async def test_without_names_all_departments_are_asked_that_answer(asked_city: City) -> None:
    """Those that answer other questions, or none, are not troubled."""
    async with (
        answering(asked_city, "health", Ward("hospital")),
        answering(asked_city, "emergency", Ward("field hospital")),
        answering(asked_city, "water", Refusing()),
    ):
        said = await ask(asked_city, "police", request(BedsQuestion()))

    assert {agency: titles(one) for agency, one in said.items()} == {
        "health": ["hospital"],
        "emergency": ["field hospital"],
    }


async def test_at_the_deadline_a_silent_department_is_told_for_itself(asked_city: City) -> None:
    """The others' answers have been delivered; the responder is told that nobody waits."""
    held = Held()
    async with (
        answering(asked_city, "health", Ward()),
        answering(asked_city, "emergency", held),
    ):
        made = request(BedsQuestion(), "emergency", "health", within_s=0.5)
        said = await ask(asked_city, "police", made)
        async with asyncio.timeout(PATIENCE_S):
            await held.called_off.wait()

    assert titles(said["health"]) == ["ward"]
    assert said["emergency"].error.code == code.ASK_CODE_DEADLINE_EXCEEDED
    assert said["emergency"].error.reason == "NO_ANSWER_IN_TIME"


async def test_a_calls_own_deadline_ends_the_wait_before_the_call_ends(asked_city: City) -> None:
    """So that a line comes for each department, and not only the call's status."""
    async with (
        answering(asked_city, "health", Held()),
        departments(asked_city, "police") as stub,
    ):
        made = request(BedsQuestion(), "health", within_s=30)
        said = [one async for one in stub.Ask(made, timeout=2.0)]

    assert [one.error.code for one in said] == [code.ASK_CODE_DEADLINE_EXCEEDED]


async def test_a_cancelled_call_reaches_the_responder(asked_city: City) -> None:
    """Its coroutine is cancelled where it waits."""
    held = Held()
    async with (
        answering(asked_city, "health", held),
        departments(asked_city, "police") as stub,
    ):
        call = stub.Ask(request(BedsQuestion(), "health"), timeout=PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            await held.asked.acquire()
            call.cancel()
            await held.called_off.wait()


async def test_responders_of_a_department_share_the_work(asked_city: City) -> None:
    """Each question goes to one of them; both get some of many."""
    one, other = Ward("one"), Ward("other")
    async with (
        answering(asked_city, "health", one),
        answering(asked_city, "health", other),
        departments(asked_city, "police") as stub,
    ):
        count: Counter[str] = Counter()
        for _ in range(60):
            async for response in stub.Ask(request(BedsQuestion(), "health")):
                count.update(titles(response))

    assert count.total() == 60
    assert len(one.callers) == count["one"] > 0
    assert len(other.callers) == count["other"] > 0


async def test_more_than_a_responder_can_do_is_refused(asked_city: City) -> None:
    """At once and in words; what it works on goes on."""
    held = Held()
    async with answering(asked_city, "health", held, limit=1):
        first = asyncio.create_task(ask(asked_city, "police", request(BedsQuestion(), "health")))
        async with asyncio.timeout(PATIENCE_S):
            await held.asked.acquire()
        second = await ask(asked_city, "police", request(BedsQuestion(), "health"))
        held.let.set()

        assert titles((await first)["health"]) == ["held"]
    assert second["health"].error.code == code.ASK_CODE_RESOURCE_EXHAUSTED
    assert second["health"].error.reason == "RESPONDER_BUSY"


async def test_a_department_without_a_responder_says_so(asked_city: City) -> None:
    """Nobody answers for it; silence is never what a caller gets."""
    async with answering(asked_city, "health", Ward()):
        said = await ask(asked_city, "police", request(BedsQuestion(), "water", "health"))

    assert titles(said["health"]) == ["ward"]
    assert said["water"].error.code == code.ASK_CODE_UNIMPLEMENTED
    assert "water has no responder for beds" in said["water"].error.message


async def test_a_responder_that_is_gone_leaves_its_department_unavailable(
    asked_city: City,
) -> None:
    """What was answered before is known; that it is not now, is told."""
    async with answering(asked_city, "health", Ward()):
        await ask(asked_city, "police", request(BedsQuestion()))

    named = await ask(asked_city, "police", request(BedsQuestion(), "health"))
    unnamed = await ask(asked_city, "police", request(BedsQuestion()))

    for said in (named, unnamed):
        assert said["health"].error.code == code.ASK_CODE_UNAVAILABLE
        assert said["health"].error.reason == "NO_RESPONDER"


async def test_a_responder_that_dies_at_work_costs_no_more_than_the_deadline(
    asked_city: City,
) -> None:
    """Its process is killed, without a word."""
    settings = BusSettings.of(asked_city.home, asked_city.plan, "health")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.gateway.dying_responder",
        msgspec.json.encode(settings).decode(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            await process.stderr.readuntil(b"ready\n")
            made = request(BedsQuestion(), "health", within_s=1.5)
            asking = asyncio.create_task(ask(asked_city, "police", made))
            await process.stderr.readuntil(b"asked\n")
    finally:
        process.kill()
        await process.wait()

    assert (await asking)["health"].error.code == code.ASK_CODE_DEADLINE_EXCEEDED


async def test_a_responder_that_stops_refuses_what_it_works_on(asked_city: City) -> None:
    """Nobody waits for what will not come."""
    held = Held()
    async with answering(asked_city, "health", held):
        asking = asyncio.create_task(ask(asked_city, "police", request(BedsQuestion(), "health")))
        async with asyncio.timeout(PATIENCE_S):
            await held.asked.acquire()

    error = (await asking)["health"].error
    assert (error.code, error.reason) == (code.ASK_CODE_UNAVAILABLE, "RESPONDER_STOPS")


async def test_no_agreement_no_question(asked_city: City) -> None:
    """The error says which is missing, and the responder hears nothing."""
    ward = Ward()
    async with answering(asked_city, "health", ward):
        said = await ask(asked_city, "transport", request(BedsQuestion(), "health"))

    error = said["health"].error
    assert (error.code, error.reason) == (code.ASK_CODE_PERMISSION_DENIED, "NO_AGREEMENT")
    assert 'consumer = "transport" and kinds = ["ask.beds"]' in error.message
    assert ward.callers == []


async def test_an_agreement_on_all_records_opens_no_question(asked_city: City) -> None:
    """What was agreed for records was not agreed for questions."""
    made = request(UnitsNearbyQuestion(near=point(), radius_m=10), "water")

    said = await ask(asked_city, "police", made)

    assert said["water"].error.code == code.ASK_CODE_PERMISSION_DENIED


async def test_a_purpose_opens_what_is_agreed_for_it(asked_city: City) -> None:
    """The same question without it is refused; the refusal of the responder comes through."""
    made = request(UnitsNearbyQuestion(near=point(), radius_m=10), "police")
    async with answering(asked_city, "police", Refusing()):
        without = await ask(asked_city, "water", made)
        stated = await ask(asked_city, "water", made, purpose="flood-response")

    assert without["police"].error.code == code.ASK_CODE_PERMISSION_DENIED
    assert "without a stated purpose" in without["police"].error.message
    assert stated["police"].error.code == code.ASK_CODE_FAILED_PRECONDITION
    assert stated["police"].error.reason == "RADIO_DOWN"
    assert stated["police"].error.message == "the radio is down: call the desk"


async def test_a_department_asks_itself_without_an_agreement(asked_city: City) -> None:
    """Its own responders are its own."""
    ward = Ward()
    async with answering(asked_city, "health", ward):
        said = await ask(asked_city, "health", request(BedsQuestion(), "health"))

    assert titles(said["health"]) == ["ward"]
    assert ward.callers[0].agreements == ()


def crash() -> BedsAnswer:
    """Fail with what nobody else may read."""
    raise RuntimeError("password is hunter2")


@pytest.mark.parametrize(
    ("go", "expected"),
    [
        (crash, code.ASK_CODE_INTERNAL),
        (lambda: "no message", code.ASK_CODE_INTERNAL),
        (lambda: beds("x" * (2 << 20)), code.ASK_CODE_RESOURCE_EXHAUSTED),
    ],
)
async def test_what_goes_wrong_in_a_responder_is_told_neutrally(
    asked_city: City, go: Callable[[], BedsAnswer], expected: int
) -> None:
    """Its words stay with its department; an answer too large to travel is refused as such."""
    async with answering(asked_city, "health", Wrong(go)):
        said = await ask(asked_city, "police", request(BedsQuestion(), "health"))
        again = await ask(asked_city, "police", request(BedsQuestion(), "health"))

    assert said["health"].error.code == again["health"].error.code == expected
    assert "hunter2" not in str(said)


def packed(type_url: str, value: bytes = b"") -> api.AskRequest:
    """Make a request of raw parts."""
    return api.AskRequest(question=Any(type_url=type_url, value=value), agencies=["health"])


BEDS = "type.googleapis.com/liandong.question.v1.BedsQuestion"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (api.AskRequest(agencies=["health"]), "question"),
        (packed(""), "question.type_url"),
        (packed("liandong.question.v1.BedsQuestion"), "question.type_url"),
        (packed("type.googleapis.com/liandong.record.v1.Record"), "question.type_url"),
        (packed("type.googleapis.com/a.>Question"), "question.type_url"),
        (packed("type.googleapis.com/a.B.*.CQuestion"), "question.type_url"),
        (packed(BEDS, b"\xff\xff"), "question.value"),
        (packed(BEDS, b"\x0a\x01x" * 30_000), "question.value"),
        (request(BedsQuestion(radius_m=5), "health"), "question.the message"),
        (request(BedsQuestion(district="north"), "health"), "question.district"),
        (
            request(BedsQuestion(near=Point(latitude_deg=91)), "health"),
            "question.near.latitude_deg",
        ),
        (request(BedsQuestion(), "health", "atlantis"), "agencies[1]"),
        (request(BedsQuestion(), "health", "health"), "agencies"),
        (request(BedsQuestion(), "health", within_s=61), "within"),
    ],
)
async def test_a_malformed_question_names_its_field(
    asked_city: City, made: api.AskRequest, field: str
) -> None:
    """INVALID_ARGUMENT with what was expected, before anybody is asked."""
    error = await refusal(asked_city, "police", made)

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    status = await rpc_status.aio.from_call(_Call(error))  # type: ignore[attr-defined]  # the stubs lack it
    assert any(detail.Unpack(bad) for detail in status.details)
    assert [violation.field for violation in bad.field_violations] == [field]


class _Call:
    """An ended call, as rpc_status reads one."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self._error = error

    async def code(self) -> grpc.StatusCode:
        return self._error.code()

    async def details(self) -> str | None:
        return self._error.details()

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        return self._error.trailing_metadata()  # type: ignore[return-value]  # the stubs err


async def test_a_question_that_nobody_answers_is_no_empty_stream(asked_city: City) -> None:
    """Without names, and without a department that answers it."""
    error = await refusal(
        asked_city, "police", request(UnitsNearbyQuestion(near=point(), radius_m=1))
    )

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "no department has a responder for units_nearby" in str(error.details())


async def test_a_question_whose_schema_only_the_responder_has_is_asked(asked_city: City) -> None:
    """The gateway passes on what it does not know; who answers it checks it."""
    async with answering(asked_city, "health", Ward()):
        unknown = packed("type.googleapis.com/bureau.v9.BedsQuestion", b"\x08\x01")
        said = await ask(asked_city, "police", unknown)

    assert said["health"].error.code == code.ASK_CODE_INVALID_ARGUMENT
    assert "bureau.v9.BedsQuestion" in said["health"].error.message


def responders(said: api.ListDepartmentsResponse) -> int:
    """Return how many responders are told of."""
    return sum(one.responders for department in said.departments for one in department.questions)


async def test_departments_tell_what_they_answer_to_whom(asked_city: City) -> None:
    """Each caller is told what it may ask, and whether anybody is there."""
    async with (
        answering(asked_city, "health", Ward()),
        answering(asked_city, "health", Ward()),
    ):
        async with departments(asked_city, "police") as stub, asyncio.timeout(PATIENCE_S):
            to_police = await stub.ListDepartments(api.ListDepartmentsRequest())
            # One that is slow to tell of itself is in the next list.
            while responders(to_police) != 2:
                to_police = await stub.ListDepartments(api.ListDepartmentsRequest())
        async with departments(asked_city, "transport") as stub:
            to_transport = await stub.ListDepartments(api.ListDepartmentsRequest())

    assert [one.agency for one in to_police.departments] == sorted(AGENCIES)
    health = next(one for one in to_police.departments if one.agency == "health")
    assert (health.title, health.responding) == ("卫生健康 Health", True)
    (question,) = health.questions
    assert (question.name, question.responders) == ("beds", 2)
    assert question.question == BedsQuestion.DESCRIPTOR.full_name
    assert question.answer == BedsAnswer.DESCRIPTOR.full_name
    (closed,) = (one for one in to_transport.departments if one.agency == "health")
    assert (closed.responding, len(closed.questions)) == (True, 0)
    water = next(one for one in to_police.departments if one.agency == "water")
    assert not water.responding
