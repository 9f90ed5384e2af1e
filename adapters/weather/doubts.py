"""Keep what a report holds beside the fields of an observation, and what was not understood."""

from collections.abc import Sequence
from typing import Final

from adapters.sdk.adapter import VALID
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_MISSING,
    QUALITY_LEVEL_SUSPECT,
    Measurement,
    Quality,
)

NOT_UNDERSTOOD: Final = "not_understood"
_NOTE: Final = 512
_TEXT: Final = 4096


def remark(code: str, text: str) -> Measurement:
    """Return words of a report under a code."""
    return Measurement(code=code, text=text[:_TEXT])


def quality_of(not_understood: Sequence[str]) -> Quality:
    """Return how far a report may be trusted of which some groups were not understood."""
    if not not_understood:
        return VALID
    note = f"not understood: {' '.join(not_understood)}"
    return Quality(level=QUALITY_LEVEL_SUSPECT, note=note[:_NOTE])


def nil() -> Quality:
    """Return the quality of a report that says there is none."""
    return Quality(
        level=QUALITY_LEVEL_MISSING,
        source_flag="NIL",
        note="the station has no report for this time",
    )
