"""Answering live questions: a method that takes a question and returns an answer.

    @answers(BedsQuestion)
    async def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer: ...

What then answers is made of it by `adapters.sdk.endpoints`.
"""

import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from broker.questions import question_name

F = TypeVar("F", bound=Callable[..., Any])
MARK: Final = "__answers__"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the gateway knows it from the certificate.

    Attributes:
        agency: The department.
        role: Its role, for example ``client``.
        purpose: What for, as the caller says; empty: it did not say.
        agreements: Ids of the agreements that let it ask; none: it is the own department.
        trace_id: By which the call is found in everybody's logs.
        deadline: When nobody waits for the answer any more, UTC.
    """

    agency: str
    role: str
    purpose: str
    agreements: tuple[str, ...]
    trace_id: str
    deadline: datetime


def answers(question: type[Message]) -> Callable[[F], F]:
    """Mark a method as what answers a question.

    The method takes the question and the `Caller`, and returns the answer, whose message its
    annotation names. When the caller no longer waits, a coroutine is cancelled.

    Args:
        question: The question's message; its name ends in ``Question``.

    Raises:
        TypeError: If the message is no question's, or no answer's message is annotated.
    """
    name = question.DESCRIPTOR.full_name
    if question_name(name) is None:
        raise TypeError(f"{name} is no question: its name must end in Question")

    def mark(method: F) -> F:
        answer = typing.get_type_hints(method).get("return")
        if not (isinstance(answer, type) and issubclass(answer, Message)):
            raise TypeError(f"{method.__qualname__} must be annotated with the answer's message")
        setattr(method, MARK, (question, answer))
        return method

    return mark
