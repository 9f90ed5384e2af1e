"""Going through the log in either direction, a few groups at a time."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import NamedTuple

from google.protobuf.message import DecodeError

from broker.connection import Bus
from broker.delivery import Delivery
from broker.lookup import extent, first_since
from broker.subscriber import read
from broker.users import AUDIT
from gateway.errors import InvalidRequest
from liandong.gateway.v1.audit_pb2 import AccessEntry, AccessGroup

_SUBJECT = "audit.>"
_WINDOW = 64
_PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")


class Place(NamedTuple):
    """Where in the log a reader is.

    Attributes:
        position: A group's sequence in the log's stream.
        taken: How many of its entries have been read, in the reader's direction.
    """

    position: int
    taken: int

    def __str__(self) -> str:
        return f"{self.position}.{self.taken}"


def place_of(text: str) -> Place:
    """Return a place as a page's token has it.

    Raises:
        InvalidRequest: If it is none.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise InvalidRequest([("page_token", "is no token of this gateway: begin without one")])
    return Place(int(match[1]), int(match[2]))


async def upwards(
    bus: Bus, place: Place | None, since_ns: int
) -> AsyncGenerator[tuple[AccessEntry, Place]]:
    """Yield entries, the oldest first, each with the place behind it.

    Args:
        bus: An open connection whose user may read the log.
        place: Where to go on; None: at the start.
        since_ns: What was stored before this is left out, nanoseconds since 1970 UTC.
    """
    first, end = await extent(bus, AUDIT)
    if since_ns > 0:
        first = await first_since(bus, AUDIT, since_ns)
    position, taken = place or Place(first, 0)
    while 0 < position <= end:
        for delivery in await read(bus, AUDIT, _SUBJECT, position, position + _WINDOW - 1):
            skip = taken if delivery.sequence == position else 0
            for number, entry in enumerate(entries(delivery)[skip:], start=skip + 1):
                yield entry, Place(delivery.sequence, number)
            await asyncio.sleep(0)
        position, taken = position + _WINDOW, 0


async def downwards(
    bus: Bus, place: Place | None, since_ns: int
) -> AsyncGenerator[tuple[AccessEntry, Place]]:
    """Yield entries, the newest first, each with the place behind it; see `upwards`."""
    first, last = await extent(bus, AUDIT)
    position, taken = place or Place(last, 0)
    while position >= first:
        start = max(position - _WINDOW + 1, first)
        for delivery in reversed(await read(bus, AUDIT, _SUBJECT, start, position)):
            if delivery.timestamp_ns < since_ns:
                return
            skip = taken if delivery.sequence == position else 0
            backwards = entries(delivery)[::-1]
            for number, entry in enumerate(backwards[skip:], start=skip + 1):
                yield entry, Place(delivery.sequence, number)
            await asyncio.sleep(0)
        position, taken = start - 1, 0


def entries(delivery: Delivery) -> list[AccessEntry]:
    """Return the entries of a group; none if they cannot be read, which verifying tells."""
    try:
        return [
            AccessEntry.FromString(data)
            for data in AccessGroup.FromString(delivery.payload).entries
        ]
    except DecodeError:
        return []
