"""A doubt that belongs to no format: added to whatever quality a record has."""

from typing import Final

from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID
from liandong.record.v1.record_pb2 import Record

_NOTE: Final = 512


def doubt_ahead(record: Record, received: int, tolerance_s: float) -> None:
    """Make a record suspect whose source's clock is ahead.

    Args:
        record: The record.
        received: When its message came, seconds since 1970 UTC.
        tolerance_s: How far ahead is no matter.
    """
    ahead_s = record.observed_at.seconds - received
    if ahead_s > tolerance_s:
        doubt(record, f"The source's time is {ahead_s // 60} min ahead of its receipt.")


def doubt(record: Record, note: str) -> None:
    """Make a record suspect, unless it is worse already, and say why.

    Args:
        record: The record.
        note: One sentence for a person.
    """
    quality = record.quality
    if quality.level == QUALITY_LEVEL_VALID:
        quality.level = QUALITY_LEVEL_SUSPECT
    if note not in quality.note:
        quality.note = f"{quality.note} {note}".strip()[:_NOTE]
