"""What can go wrong in an adapter.

AdapterError
├── Untranslatable            a message cannot become a record; it goes to quarantine
├── CannotAnswer              a question is refused; whoever asked is told
├── FeedMisconfigured         a feed cannot start as configured
└── ResponderMisconfigured    a responder cannot start as configured
"""

from liandong.question.v1.question_pb2 import ASK_CODE_FAILED_PRECONDITION, AskCode


class AdapterError(Exception):
    """Anything that goes wrong in an adapter."""


class Untranslatable(AdapterError):
    """A message cannot become a record; it goes to quarantine with this sentence.

    Args:
        field: The field, in the format's own words.
        value: What it held.
        expected: What it should hold.
        cause: A short word for programs, by which the quarantine is sorted.
        remedy: What to do about it.
    """

    def __init__(
        self,
        field: str,
        value: object,
        *,
        expected: str,
        cause: str = "value",
        remedy: str = "",
    ) -> None:
        shown = repr(value)
        if len(shown) > _SHOWN:
            shown = f"{shown[:_SHOWN]}…"
        sentence = f"{field} is {shown}, expected {expected}"
        super().__init__(f"{sentence}: {remedy}" if remedy else sentence)
        self.field = field
        self.value = value
        self.expected = expected
        self.cause = cause
        self.remedy = remedy


class CannotAnswer(AdapterError):
    """A question is refused; whoever asked is told this sentence.

    Args:
        sentence: Why, and what to do about it.
        reason: A word for programs.
        code: What kind of refusal.
    """

    def __init__(
        self,
        sentence: str,
        *,
        reason: str = "CANNOT_ANSWER",
        code: "AskCode.ValueType" = ASK_CODE_FAILED_PRECONDITION,
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.code = code


class FeedMisconfigured(AdapterError):
    """A feed cannot start as configured."""

    def __init__(self, feed: str, problem: str, remedy: str) -> None:
        super().__init__(f"feed {feed}: {problem}; {remedy}")
        self.feed = feed


class ResponderMisconfigured(AdapterError):
    """A responder cannot start as configured."""

    def __init__(self, responder: str, problem: str, remedy: str) -> None:
        super().__init__(f"responder {responder}: {problem}; {remedy}")


_SHOWN = 120
