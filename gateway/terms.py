"""An agreement's terms: what must hold so that it opens a record, and the words for it.

Decisions and explanations use the same tests, so that neither can say otherwise than the other.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from broker.districts import in_districts
from broker.subjects import matches
from gateway.agreement import ANY, ASK, LEVELS, Agreement
from gateway.key import Key
from liandong.record.v1.record_pb2 import Classification

_WORDS: Final[dict[str, int]] = {
    label.removeprefix("CLASSIFICATION_").lower(): number
    for label, number in Classification.items()
    if number
}
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"(\d{1,6})([smhd])")
LONGEST_SPAN_S: Final = 7 * 86400
"""For how long an agreement may hold after its incident has ended, in seconds."""


class TermsWrong(Exception):
    """A value cannot be used; the sentence goes after its key's name."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Condition(NamedTuple):
    """One of the conditions of an agreement.

    Attributes:
        field: Its key in the file.
        holds: Whether it is met.
        sentence: What it asks for, and what was found.
    """

    field: str
    holds: bool
    sentence: str


class Terms:
    """An agreement, ready to decide by.

    Args:
        agreement: The agreement.
        lines: Where its keys stand in the file; its head by the empty key.

    Raises:
        TermsWrong: If a value means nothing.

    Attributes:
        agreement: The agreement.
        ceiling: The highest classification that it opens.
        hidden: The fields that it hides.
        level: The level of incidents from which it opens, 1 to 4; 0: it needs none.
        grace_ns: How long it holds after an incident, nanoseconds.
    """

    __slots__ = ("_lines", "agreement", "ceiling", "grace_ns", "hidden", "level")

    def __init__(self, agreement: Agreement, lines: Mapping[str, int] | None = None) -> None:
        self.agreement = agreement
        self._lines = lines or {}
        self.ceiling = _ceiling(agreement.classification)
        self.hidden = frozenset(agreement.hidden)
        self.level = _level(agreement.opens_at_level)
        self.grace_ns = _span_s(agreement.closes_after) * 1_000_000_000

    def line(self, field: str = "") -> int:
        """Return the line of one of its keys, or else of its head; 0: it is not known."""
        return self._lines.get(field, self._lines.get("", 0))

    def names(self, agency: str, kind: str) -> bool:
        """Tell whether it speaks of records of a kind of an agency."""
        return self.agreement.provider in {agency, ANY} and self._has_kind(kind)

    def lets_ask(self, agency: str, question: str) -> bool:
        """Tell whether it lets a question be put to an agency, to whom and while it holds."""
        agreement = self.agreement
        return (
            agreement.provider in {agency, ANY}
            and not agreement.districts
            and any(
                pattern.startswith(ASK) and matches(pattern, f"{ASK}{question}")
                for pattern in agreement.kinds
            )
        )

    def opens(self, key: Key) -> bool:
        """Tell whether it opens records of a key, to whom and while it holds."""
        return all(test(self, key) for test, _ in _RECORD.values())

    def for_caller(self, agency: str, purpose: str) -> Iterator[Condition]:
        """Return what it asks of who calls, and what for."""
        yield Condition(
            "consumer",
            self.agreement.consumer in {agency, ANY},
            f"lets {_everyone(self.agreement.consumer)} read; {agency} asks",
        )
        purposes = self.agreement.purposes
        if purposes:
            stated = f"the purpose is {purpose!r}" if purpose else "no purpose is stated"
            told = f"only for {' or '.join(purposes)}; {stated}"
            yield Condition("purposes", purpose in purposes, told)

    def for_moment(self, now: datetime, incident: str) -> Iterator[Condition]:
        """Return what it asks of the time.

        Args:
            now: The time.
            incident: The incident that opens it; empty: there is none.
        """
        starts, ends = self.agreement.starts, self.agreement.ends
        if starts is not None:
            yield Condition("valid_from", starts <= now, f"from {starts:%F %T%z} on")
        if ends is not None:
            yield Condition("valid_until", now < ends, f"until {ends:%F %T%z}")
        if self.level:
            graver = " or graver" if self.level > 1 else ""
            declared = " or ".join(self.agreement.declared_by)
            of = f" of {declared}" if declared else ""
            told = f"{incident} is" if incident else "none is"
            yield Condition(
                "opens_at_level",
                bool(incident),
                f"only while an incident{of} of level {self.agreement.opens_at_level}{graver} "
                f"is open; {told}",
            )

    def for_record(self, key: Key, told: Key) -> Iterator[Condition]:
        """Return what it asks of a record.

        Args:
            key: The record's.
            told: As much of it as may be told.
        """
        for field, (test, says) in _RECORD.items():
            if field == "districts" and not self.agreement.districts:
                continue
            yield Condition(field, test(self, key), says(self, told))

    def _has_kind(self, kind: str) -> bool:
        return any(matches(pattern, kind) for pattern in self.agreement.kinds)

    def _provider_is(self, key: Key) -> bool:
        return self.agreement.provider in {key.agency, ANY}

    def _kind_is(self, key: Key) -> bool:
        return self._has_kind(key.kind)

    def _classification_is(self, key: Key) -> bool:
        return key.classification <= self.ceiling

    def _district_is(self, key: Key) -> bool:
        return in_districts(key.district, self.agreement.districts)

    def _says_provider(self, key: Key) -> str:
        return f"opens records of {_everyone(self.agreement.provider)}; this is one of {key.agency}"

    def _says_kinds(self, key: Key) -> str:
        return f"opens {', '.join(self.agreement.kinds) or 'nothing'}; this is {key.kind}"

    def _says_classification(self, key: Key) -> str:
        return f"opens up to {self.agreement.classification}; this is {word(key.classification)}"

    def _says_districts(self, key: Key) -> str:
        where = ", ".join(self.agreement.districts)
        return f"opens {where}; this lies in {key.district or 'no district that is told'}"


_RECORD: Final[dict[str, tuple[Callable[[Terms, Key], bool], Callable[[Terms, Key], str]]]] = {
    "provider": (Terms._provider_is, Terms._says_provider),  # noqa: SLF001 - its own table
    "kinds": (Terms._kind_is, Terms._says_kinds),  # noqa: SLF001
    "classification": (Terms._classification_is, Terms._says_classification),  # noqa: SLF001
    "districts": (Terms._district_is, Terms._says_districts),  # noqa: SLF001
}


def unmet(conditions: Iterator[Condition]) -> Sequence[Condition]:
    """Return the conditions that are not met."""
    return [condition for condition in conditions if not condition.holds]


def word(classification: int) -> str:
    """Return a classification's word, as agreements write it."""
    return next((name for name, number in _WORDS.items() if number == classification), "unknown")


def _everyone(agency: str) -> str:
    """Return whom an agreement names."""
    return "everyone" if agency == ANY else agency


def _ceiling(classification: str) -> int:
    """Return the highest classification that is opened."""
    if classification not in _WORDS:
        raise TermsWrong("classification", f"is {classification!r}, expected {', '.join(_WORDS)}")
    return _WORDS[classification]


def _level(level: str) -> int:
    """Return a level's number; 0: none."""
    if level and level not in LEVELS:
        raise TermsWrong("opens_at_level", f"is {level!r}, expected {', '.join(LEVELS)}")
    return LEVELS.index(level) + 1 if level else 0


def _span_s(text: str) -> int:
    """Return the seconds of a span such as ``2h``; empty: none."""
    if not text:
        return 0
    span = _SPAN.fullmatch(text)
    seconds = int(span[1]) * _SECONDS[span[2]] if span is not None else LONGEST_SPAN_S + 1
    if seconds > LONGEST_SPAN_S:
        raise TermsWrong(
            "closes_after", f"is {text!r}, expected for example 30m, 2h or 1d, up to 7d"
        )
    return seconds
