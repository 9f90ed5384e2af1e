"""When what a message tells has happened: the best of the times that it states."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.health.hl7v2.conceal import MASK
from adapters.health.hl7v2.message import Hl7Message
from adapters.health.hl7v2.timestamps import timestamp
from adapters.sdk.adapter import VALID
from adapters.sdk.errors import Untranslatable
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality

Stated = tuple[str, str]
"""A field, and what it says."""
# Digits of a time may be told to people; anything else may be a name in the wrong place.
_HARMLESS: Final = re.compile(r"[0-9.+:/TZ -]{1,30}", re.ASCII)
_NOTE: Final = 512


def whenever(message: Hl7Message, name: str, number: int) -> Iterator[Stated]:
    """Yield the times that a field of a message's segments of one name states."""
    for segment in message.every(name):
        written = message.value(segment, number)
        if written:
            yield f"{name}-{number}", written


def observed_at(
    message: Hl7Message, stated: Sequence[Stated], zone: ZoneInfo, now: datetime
) -> tuple[datetime, Quality]:
    """Return a message's time, UTC, and how far it may be trusted.

    Args:
        message: The message, whose MSH-7 is the last resort.
        stated: Times that it states, the best first.
        zone: The zone of times without one.
        now: The time now, UTC.

    Raises:
        Untranslatable: None can be true.
    """
    doubts: list[str] = []
    last = message.header(7)
    for field, written in (*stated, *((("MSH-7", last),) if last else ())):
        found = timestamp(written, zone, now)
        if found is not None:
            return found, _quality(doubts)
        shown = written if _HARMLESS.fullmatch(written) else MASK
        doubts.append(f"{field} is {shown}, no time between 1990 and tomorrow")
    raise Untranslatable(
        "MSH-7",
        "; ".join(doubts),
        expected="a time such as 20260701083000+0800 in EVN or MSH-7",
        cause="time",
        remedy="set the sender's clock",
    )


def _quality(doubts: list[str]) -> Quality:
    """Return how far a time may be trusted that was not the best one stated."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
