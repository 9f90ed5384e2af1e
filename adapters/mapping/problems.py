"""What is wrong with a mapping: where, what was expected, and what is spelled nearly so."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_SHOWN: Final = 12
_NEAR: Final = 3
# Of two characters one differs by a half; of ten it should be a quarter at most.
_ALIKE: Final = 0.75
_SHORT: Final = 6
_ALIKE_SHORT: Final = 0.5


class MappingWrong(ValueError):
    """One thing in a mapping cannot be used as it is.

    Args:
        where: The key, its parents before it: ``fields.body.grade``.
        found: What is wrong, a clause.
        expected: What is expected, a clause.
        near: What was perhaps meant.
    """

    def __init__(self, where: str, found: str, expected: str, near: Iterable[str] = ()) -> None:
        meant = " or ".join(near)
        hint = f"; did you mean {meant}?" if meant else ""
        super().__init__(f"{where}: {found}, expected {expected}{hint}")
        self.where = where


@dataclass(slots=True)
class Problems:
    """Everything that is wrong with a mapping, so that it is told at once."""

    found: list[MappingWrong] = field(default_factory=list)

    def add(self, where: str, found: str, expected: str, near: Iterable[str] = ()) -> None:
        """Note a problem."""
        self.found.append(MappingWrong(where, found, expected, near))


def near(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that a word resembles most; the last part of a path counts too."""
    candidates = list(dict.fromkeys(known))
    alike = difflib.get_close_matches(
        word, candidates, _NEAR, _ALIKE if len(word) > _SHORT else _ALIKE_SHORT
    )
    tails = [one for one in candidates if _tail(one) == _tail(word)]
    return list(dict.fromkeys([*tails, *alike]))[:_NEAR]


def listed(known: Iterable[str]) -> str:
    """Return what there is to choose from, as a clause."""
    names = list(known)
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"one of {shown}{f' and {more} more' if more > 0 else ''}" if names else "none"


def _tail(path: str) -> str:
    """Return a path's last name."""
    return path.rpartition(".")[2]
