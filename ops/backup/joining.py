"""Joining an archived stream with what came after it, on a server apart, number for number.

The archive has a stream up to some number. What came later is in the stream that is there, if
it was made anew, or in the city's stream, which keeps each record's number. Joined, each record
has the number that it had; a number of which nothing is left stays empty.
"""

import contextlib
import hashlib

from broker.appending import Numbered, own_headers
from broker.connection import Bus
from broker.delivery import Delivery
from broker.numbering import number_of
from broker.outgoing import MESSAGE_ID
from broker.subscriber import scan
from broker.users import CITY


class OtherNumbers(Exception):
    """Two streams have different messages under one number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"number {number} is another message there")
        self.number = number


async def held_of(apart: Bus, there: Bus, stream: str, upto: int) -> int:
    """Return how many of an archived stream's messages the stream that is there holds.

    Args:
        apart: A connection to the server apart, where the archived stream is.
        there: A connection to the city's servers.
        stream: The stream.
        upto: The archived stream's last number.

    Raises:
        OtherNumbers: If it holds another message under a number.
        StreamUnavailable: If one cannot be read.
    """
    found = 0
    async with (
        contextlib.aclosing(scan(there, stream, ">")) as held,
        contextlib.aclosing(scan(apart, stream, ">")) as archived,
    ):
        async for delivery in held:
            if delivery.sequence > upto:
                break
            fellow = await anext(archived, None)
            while fellow is not None and fellow.sequence < delivery.sequence:
                fellow = await anext(archived, None)
            if fellow is None or _facts(fellow) != _facts(delivery):
                raise OtherNumbers(delivery.sequence)
            found += 1
    return found


async def numbered(there: Bus, stream: str, after: int) -> Numbered:
    """Yield what a stream holds after a number, each with its number."""
    async with contextlib.aclosing(
        scan(there, stream, ">", start_sequence=after + 1)
    ) as deliveries:
        async for delivery in deliveries:
            yield delivery.sequence, delivery


async def numbered_in_city(hub: Bus, agency: str, after: int) -> Numbered:
    """Yield what the city has of an agency after a number, each with its number there."""
    async with contextlib.aclosing(scan(hub, CITY, f"share.{agency}.>")) as deliveries:
        async for delivery in deliveries:
            if (number := number_of(delivery.headers)) > after:
                yield number, delivery


async def renumbered(there: Bus, apart: Bus, stream: str, after: int) -> Numbered:
    """Yield what a stream holds and the archived one does not, numbered on behind that."""
    async with contextlib.aclosing(scan(apart, stream, ">", headers_only=True)) as archived:
        known = {delivery.headers.get(MESSAGE_ID) async for delivery in archived} - {None}
    number = after
    async with contextlib.aclosing(scan(there, stream, ">")) as deliveries:
        async for delivery in deliveries:
            if delivery.headers.get(MESSAGE_ID) not in known:
                number += 1
                yield number, delivery


async def digest(bus: Bus, stream: str, upto: int) -> str:
    """Return the SHA-256 of a stream up to a number: numbers, times, headers and bytes.

    Raises:
        StreamUnavailable: If it cannot be read.
    """
    found = hashlib.sha256()
    async with contextlib.aclosing(scan(bus, stream, ">")) as deliveries:
        async for delivery in deliveries:
            if delivery.sequence > upto:
                break
            facts = (delivery.sequence, delivery.timestamp_ns, *_facts(delivery))
            found.update(repr(facts).encode())
    return found.hexdigest()


def _facts(delivery: Delivery) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return what makes a message the same wherever it is stored."""
    return delivery.subject, sorted(own_headers(delivery.headers).items()), delivery.payload
