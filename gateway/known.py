"""The departments and kinds that there can be, and what comes near a word that is none."""

import difflib
from collections.abc import Collection

from broker.ownership import KINDS
from broker.subjects import matches

_SHOWN = 80


def no_agency(agency: str, agencies: Collection[str]) -> str:
    """Return what is said of a department that there cannot be; empty: there may be one.

    Args:
        agency: The word.
        agencies: The city's departments; none: they are not known.
    """
    if agency in agencies or (agency and not agencies):
        return ""
    return f"is {_shown(agency)}, which is no department of the city{_near(agency, agencies)}"


def no_kind(pattern: str) -> str:
    """Return what is said of a kind, or a pattern of kinds, that no schema has; empty: some do."""
    if any(matches(pattern, known) for known in KINDS):
        return ""
    return f"is {_shown(pattern)}, which is no kind{_near(pattern, KINDS)}"


def _near(word: str, known: Collection[str]) -> str:
    """Return the words that come near one that is none, or all that there are."""
    near = difflib.get_close_matches(word[:_SHOWN], known, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near)}"
    return f"; there are {', '.join(sorted(known))}" if known else ""


def _shown(word: str) -> str:
    """Return a caller's word as it is quoted."""
    return repr(word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…")
