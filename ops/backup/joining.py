"""Joining an archived stream with what came after it, on a server apart, number for number.

The archive has a stream up to some number. What came later is in the stream that is there, if
it was made anew, or in the city's stream, which keeps each record's number. Joined, each record
has the number that it had; a number of which nothing is left stays empty.
"""

import asyncio
import contextlib
import hashlib
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

from nats.errors import Error as NatsError
from nats.js.api import PubAck

from broker.api import call
from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.numbering import SOURCE, number_of
from broker.subscriber import Delivery, scan
from broker.users import CITY

_ID: Final = "Nats-Msg-Id"
_LOT: Final = 500
_PATIENCE_S: Final = 60.0
# What the server adds, and what told it how to store; none of it is the message's own.
_SERVERS: Final = (SOURCE, "Nats-Batch", "Nats-Expected")
_Numbered = AsyncGenerator[tuple[int, Delivery], None]


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


async def numbered(there: Bus, stream: str, after: int) -> _Numbered:
    """Yield what a stream holds after a number, each with its number."""
    async with contextlib.aclosing(
        scan(there, stream, ">", start_sequence=after + 1)
    ) as deliveries:
        async for delivery in deliveries:
            yield delivery.sequence, delivery


async def numbered_in_city(hub: Bus, agency: str, after: int) -> _Numbered:
    """Yield what the city has of an agency after a number, each with its number there."""
    async with contextlib.aclosing(scan(hub, CITY, f"share.{agency}.>")) as deliveries:
        async for delivery in deliveries:
            if (number := number_of(delivery.headers)) > after:
                yield number, delivery


async def renumbered(there: Bus, apart: Bus, stream: str, after: int) -> _Numbered:
    """Yield what a stream holds and the archived one does not, numbered on behind that."""
    async with contextlib.aclosing(scan(apart, stream, ">", headers_only=True)) as archived:
        known = {delivery.headers.get(_ID) async for delivery in archived} - {None}
    number = after
    async with contextlib.aclosing(scan(there, stream, ">")) as deliveries:
        async for delivery in deliveries:
            if delivery.headers.get(_ID) not in known:
                number += 1
                yield number, delivery


class Appending:
    """Appends messages to a stream on the server apart, under numbers of one's own choice.

    Args:
        apart: A connection to that server.
        stream: The stream.
        last: Its last number.
        filler: A subject of it, under which numbers are passed over.
    """

    def __init__(self, apart: Bus, stream: str, last: int, filler: str) -> None:
        self._apart, self._stream, self._filler = apart, stream, filler
        self._last = last
        self._acks: list[asyncio.Future[PubAck]] = []
        self._fillers: list[int] = []
        self._ids: set[str] = set()
        self.count = 0

    async def append(self, *ascending: _Numbered) -> None:
        """Append what sources yield in the order of numbers; the first source is preferred."""
        async for number, delivery in _merged(ascending):
            identity = delivery.headers.get(_ID, "")
            if number <= self._last or (identity and identity in self._ids):
                continue
            self._ids |= {identity} - {""}
            await self.fill_upto(number - 1)
            await self._store(delivery.subject, delivery.payload, _own(delivery.headers))
            self.count += 1
        await self._settle()

    async def fill_upto(self, number: int) -> None:
        """Pass over numbers of which nothing is left."""
        while self._last < number:
            await self._store(self._filler, b"", None)
            self._fillers.append(self._last)

    async def close(self, upto: int) -> None:
        """Have the stream end at a number, or where it ends, and take the fillers out."""
        await self.fill_upto(upto)
        await self._settle()

    async def _store(self, subject: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """Store a message under the next number."""
        try:
            ack = await self._apart.js.publish_async(subject, payload, headers=headers)
        except NatsError as error:
            raise StreamUnavailable(self._stream, str(error)) from error
        self._acks.append(ack)
        self._last += 1
        if len(self._acks) >= _LOT:
            await self._settle()

    async def _settle(self) -> None:
        """Wait until all is stored, each message under its number."""
        first = self._last - len(self._acks) + 1
        try:
            async with asyncio.timeout(_PATIENCE_S):
                for number, ack in enumerate(self._acks, start=first):
                    stored = await ack
                    if stored.seq != number or stored.duplicate:
                        raise StreamUnavailable(
                            self._stream, f"number {number} was stored as {stored.seq}"
                        )
        except (TimeoutError, NatsError) as error:
            raise StreamUnavailable(self._stream, f"joining it broke off: {error}") from error
        for number in self._fillers:
            verb = f"STREAM.MSG.DELETE.{self._stream}"
            await call(self._apart, self._stream, verb, {"seq": number, "no_erase": True})
        self._acks.clear()
        self._fillers.clear()


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
    return delivery.subject, sorted(_own(delivery.headers).items()), delivery.payload


def _own(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a message was published with."""
    return {name: value for name, value in headers.items() if not name.startswith(_SERVERS)}


async def _merged(
    sources: tuple[_Numbered, ...],
) -> AsyncIterator[tuple[int, Delivery]]:
    """Yield the messages of sources in the order of their numbers, of each number the first."""
    heads: list[tuple[int, int, Delivery]] = []
    last = 0

    async def pull(index: int) -> None:
        if (head := await anext(sources[index], None)) is not None:
            heapq.heappush(heads, (head[0], index, head[1]))

    for index in range(len(sources)):
        await pull(index)
    while heads:
        number, index, delivery = heapq.heappop(heads)
        if number > last:
            last = number
            yield number, delivery
        await pull(index)
