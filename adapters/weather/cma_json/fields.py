"""Read the fields of the service's documents: words, numbers and times."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from adapters.sdk.errors import Untranslatable
from adapters.sdk.moments import moment

# The weather service's number for what was not measured; some products write 999999.
_MISSING: Final = 9999.0
_WORDS: Final = frozenset({str, int, float})


def words(fields: Mapping[str, Any], *names: str) -> str:
    """Return the first of some fields that says something."""
    for name in names:
        value = fields.get(name)
        # JSON has no other types; of these, a bool is no word.
        if type(value) in _WORDS and (text := str(value).strip()):
            return text
    return ""


def number(fields: Mapping[str, Any], name: str) -> float | None:
    """Return a number, also one written as text; None, or dashes in its place: not measured.

    Raises:
        Untranslatable: It is no number.
    """
    value = fields.get(name)
    if type(value) is not float:
        written = words(fields, name)
        if not written.strip("-"):
            return None
        try:
            value = float(written)
        except ValueError as error:
            raise Untranslatable(name, written, expected="a number") from error
    return value if abs(value) < _MISSING else None


def time_of(fields: Mapping[str, Any], zone: tzinfo, *names: str) -> datetime:
    """Return a time, in UTC; ``2026/07/01 17:30`` and ``2026-07-01 17:30:00`` are local.

    Raises:
        Untranslatable: There is none, or it is no time.
    """
    written = words(fields, *names)
    if not written:
        raise Untranslatable(names[0], "", expected="a time", cause="missing")
    return moment(written, names[0], zone)
