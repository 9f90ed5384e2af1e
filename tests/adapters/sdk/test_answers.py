"""The mark on an integrator's method: what it takes, gives and refuses."""

from typing import Any

import pytest

from adapters.sdk import Caller, CannotAnswer, answers
from adapters.sdk.endpoints import endpoints
from liandong.place.v1.place_pb2 import Point
from liandong.question.v1 import question_pb2 as q
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion, FacilityBeds
from liandong.question.v1.levels_upstream_pb2 import LevelsUpstreamAnswer, LevelsUpstreamQuestion
from liandong.question.v1.units_nearby_pb2 import NearbyUnit, UnitsNearbyAnswer, UnitsNearbyQuestion
from liandong.record.v1.record_pb2 import Record


class Desk:
    """Answers two questions, one plainly and one as a coroutine."""

    @answers(BedsQuestion)
    def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Say how many types were asked for, and by whom."""
        return BedsAnswer(
            left_out=len(question.bed_types),
            facilities=[FacilityBeds(title=f"{caller.agency}/{caller.role}")],
        )

    @answers(LevelsUpstreamQuestion)
    async def levels(
        self, question: LevelsUpstreamQuestion, caller: Caller
    ) -> LevelsUpstreamAnswer:
        """Refuse."""
        raise CannotAnswer("there is ice", reason="ICE", code=q.ASK_CODE_UNAVAILABLE)


def asked(question: Any) -> q.Asked:
    """Put a question into its envelope."""
    envelope = q.Asked(id="1", caller=q.Caller(agency="police", role="client", trace_id="f" * 32))
    envelope.question.Pack(question)
    envelope.within.seconds = 5
    return envelope


async def said(responder: object, question: Any, name: str = "beds") -> q.Answered:
    """Return what a responder says."""
    (served,) = (one for one in endpoints(responder) if one.question == name)
    return await served.handle(asked(question))


def test_questions_are_called_by_their_messages() -> None:
    """The rest of the name, in lower case with underscores."""
    names = {one.question: one.message for one in endpoints(Desk())}

    assert names == {
        "beds": "liandong.question.v1.BedsQuestion",
        "levels_upstream": "liandong.question.v1.LevelsUpstreamQuestion",
    }


async def test_a_plain_method_answers() -> None:
    """It is given the question as its message, and who asks."""
    answered = await said(Desk(), BedsQuestion(bed_types=["AdultICU", "Burn"]))

    answer = BedsAnswer()
    assert answered.answer.Unpack(answer)
    assert (answer.left_out, answer.facilities[0].title) == (2, "police/client")


async def test_a_refusal_is_told_as_it_is() -> None:
    """Code, reason and sentence."""
    answered = await said(Desk(), LevelsUpstreamQuestion(river="Chu"), "levels_upstream")

    error = answered.error
    assert (error.code, error.reason, error.message) == (14, "ICE", "there is ice")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (BedsQuestion(radius_m=1), "radius_m needs near"),
        (BedsQuestion(bed_types=[""]), "bed_types[0]"),
        (Record(), "question is a liandong.record.v1.Record, expected a liandong"),
    ],
)
async def test_a_question_that_is_not_right_is_not_put_to_the_method(
    question: Any, sentence: str
) -> None:
    """Also the responder checks, for it may know more than the gateway."""
    answered = await said(Desk(), question)

    assert answered.error.code == q.ASK_CODE_INVALID_ARGUMENT
    assert sentence in answered.error.message


async def test_bytes_that_are_no_question_are_refused() -> None:
    """They never reach the method."""
    (served,) = (one for one in endpoints(Desk()) if one.question == "beds")
    envelope = asked(BedsQuestion())
    envelope.question.value = b"\xff"

    answered = await served.handle(envelope)

    assert answered.error.code == q.ASK_CODE_INVALID_ARGUMENT
    assert answered.error.message.startswith("question.value: 1 bytes")


async def test_an_answer_that_breaks_its_schema_is_a_fault_of_the_responder() -> None:
    """Nobody is given what the schema does not allow."""

    class Unbound:
        @answers(UnitsNearbyQuestion)
        def units(self, question: UnitsNearbyQuestion, caller: Caller) -> UnitsNearbyAnswer:
            return UnitsNearbyAnswer(units=[NearbyUnit(point=Point(latitude_deg=91.0))])

    near = Point(latitude_deg=32, longitude_deg=118)
    answered = await said(Unbound(), UnitsNearbyQuestion(near=near, radius_m=1), "units_nearby")

    assert answered.error.code == q.ASK_CODE_INTERNAL
    assert answered.error.reason == "RESPONDER_FAILED"


def test_what_is_no_question_cannot_be_marked() -> None:
    """The mistake is found when the module is loaded."""
    with pytest.raises(TypeError, match="must end in Question"):
        answers(Record)


def test_a_method_must_say_what_it_answers() -> None:
    """Clients are told the answer's message."""
    with pytest.raises(TypeError, match="annotated with the answer's message"):

        @answers(BedsQuestion)
        def beds(self: object, question: BedsQuestion, caller: Caller) -> str:
            return ""


def test_a_question_has_one_answer() -> None:
    """Two methods for one question are a mistake."""

    class Twice(Desk):
        @answers(BedsQuestion)
        def more_beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
            return BedsAnswer()

    with pytest.raises(TypeError, match="answers beds twice"):
        endpoints(Twice())
