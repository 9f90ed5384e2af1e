"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"
    """Somebody must do something."""
    NOTE = "note"
    """Good to know; nobody must do anything now."""
    UNCHECKED = "unchecked"
    """It could not be looked at, so it may be wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found.

    Attributes:
        about: What it is about: a port, a file, a stream, a feed.
        problem: What is wrong with it.
        remedy: What to do.
        weight: How much it matters.
    """

    about: str
    problem: str
    remedy: str = ""
    weight: Weight = Weight.WRONG

    @property
    def sentence(self) -> str:
        """Return it in one line."""
        told = " ".join(filter(None, (self.about, self.problem)))
        return f"{told}: {self.remedy}" if self.remedy else told


class UncheckedError(Exception):
    """A check cannot be made; the sentence says why."""


def note(about: str, problem: str, remedy: str = "") -> Finding:
    """Return something that is good to know."""
    return Finding(about, problem, remedy, Weight.NOTE)
