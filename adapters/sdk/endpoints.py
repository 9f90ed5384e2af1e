"""What answers live questions: the marked methods of a responder, called with what is asked.

Questions and answers are checked by their schemas. A refusal is `CannotAnswer`; whatever else
is raised is logged here and told to the caller as a failure, without its words.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import protovalidate
import structlog
from google.protobuf.message import DecodeError, Message

from adapters.sdk.answers import MARK, Caller
from adapters.sdk.errors import CannotAnswer
from broker.impossible import impossible, told
from broker.introduction import Endpoint
from broker.questions import question_name
from broker.violations import describe
from liandong.question.v1.question_pb2 import (
    ASK_CODE_INTERNAL,
    ASK_CODE_INVALID_ARGUMENT,
    Answered,
    AskCode,
    Asked,
    AskError,
)

_log = structlog.get_logger()


def endpoints(responder: object) -> list[Endpoint]:
    """Return what an object answers: its methods that are marked.

    Raises:
        TypeError: If two of them answer the same question.
    """
    found: dict[str, Endpoint] = {}
    for _, method in inspect.getmembers(type(responder), callable):
        if (marked := getattr(method, MARK, None)) is None:
            continue
        question, answer = marked
        full_name = question.DESCRIPTOR.full_name
        name = question_name(full_name)
        assert name is not None, "marked as a question"
        if name in found:
            raise TypeError(f"{type(responder).__qualname__} answers {name} twice")
        work = _Work(method.__get__(responder), question, answer)
        found[name] = Endpoint(name, full_name, answer.DESCRIPTOR.full_name, work.handle)
    return [*found.values()]


@dataclass(frozen=True, slots=True)
class _Work:
    """A method, and the messages that go in and come out."""

    method: Callable[[Message, Caller], Any]
    question: type[Message]
    answer: type[Message]

    async def handle(self, asked: Asked) -> Answered:
        """Answer a question, or say why not."""
        caller = _caller(asked)
        try:
            question = self._question(asked)
            answer = self.method(question, caller)
            if inspect.isawaitable(answer):
                answer = await answer
            self._check(answer)
        except CannotAnswer as error:
            return _error(error.code, error.reason, str(error))
        except Exception:  # noqa: BLE001 - the outermost place of what an integrator writes
            _log.exception(
                "a question could not be answered",
                question=self.question.DESCRIPTOR.full_name,
                asked_by=caller.agency,
                trace_id=caller.trace_id,
            )
            sentence = f"the responder failed; its department finds why under {caller.trace_id}"
            return _error(ASK_CODE_INTERNAL, "RESPONDER_FAILED", sentence)
        answered = Answered()
        answered.answer.Pack(answer)
        return answered

    def _question(self, asked: Asked) -> Message:
        """Return the question.

        Raises:
            CannotAnswer: If it is another, or not right.
        """
        expected = self.question.DESCRIPTOR.full_name
        if asked.question.TypeName() != expected:
            raise CannotAnswer(
                f"question is a {asked.question.TypeName()}, expected a {expected}",
                code=ASK_CODE_INVALID_ARGUMENT,
                reason="WRONG_QUESTION",
            )
        try:
            question = self.question.FromString(asked.question.value)
        except DecodeError as error:
            raise CannotAnswer(
                f"question.value: {len(asked.question.value)} bytes that are no {expected}",
                code=ASK_CODE_INVALID_ARGUMENT,
                reason="INVALID_FIELD",
            ) from error
        if wrong := impossible(question):
            raise CannotAnswer(told(wrong), code=ASK_CODE_INVALID_ARGUMENT, reason="INVALID_FIELD")
        if violations := protovalidate.collect_violations(question):
            raise CannotAnswer(
                describe(violations), code=ASK_CODE_INVALID_ARGUMENT, reason="INVALID_FIELD"
            )
        return question

    def _check(self, answer: object) -> None:
        """Check that an answer is what was promised.

        Raises:
            TypeError: If it is another message.
            ValueError: If it breaks its schema's rules.
        """
        if not isinstance(answer, self.answer):
            raise TypeError(f"returned {type(answer).__name__}, not {self.answer.__name__}")
        if wrong := impossible(answer):
            raise ValueError(f"the answer has times that cannot be: {told(wrong)}")
        if violations := protovalidate.collect_violations(answer):
            raise ValueError(f"the answer breaks its schema: {describe(violations)}")


def _caller(asked: Asked) -> Caller:
    """Return who asks."""
    caller = asked.caller
    within = timedelta(microseconds=asked.within.ToMicroseconds())
    return Caller(
        caller.agency,
        caller.role,
        caller.purpose,
        tuple(caller.agreements),
        caller.trace_id,
        datetime.now(UTC) + within,
    )


def _error(code: "AskCode.ValueType", reason: str, sentence: str) -> Answered:
    """Return a refusal."""
    return Answered(error=AskError(code=code, reason=reason, message=sentence))
