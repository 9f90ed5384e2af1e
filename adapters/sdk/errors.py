"""What can go wrong in an adapter.

AdapterError
├── Untranslatable      a message cannot become a record; it goes to quarantine
└── FeedMisconfigured   a feed cannot start as configured
"""


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


class FeedMisconfigured(AdapterError):
    """A feed cannot start as configured."""

    def __init__(self, feed: str, problem: str, remedy: str) -> None:
        super().__init__(f"feed {feed}: {problem}; {remedy}")
        self.feed = feed


_SHOWN = 120
