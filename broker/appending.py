"""Appending messages to a stream under numbers of one's own choice, on a server apart."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

from nats.errors import Error as NatsError
from nats.js.api import PubAck

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.numbering import SOURCE
from broker.outgoing import MESSAGE_ID

Numbered = AsyncGenerator[tuple[int, Delivery], None]
_LOT: Final = 500
_PATIENCE_S: Final = 60.0
# What the server adds, and what told it how to store; none of it is the message's own.
_SERVERS: Final = (SOURCE, "Nats-Batch", "Nats-Expected")


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

    async def append(self, *ascending: Numbered) -> None:
        """Append what sources yield in the order of numbers; the first source is preferred."""
        async for number, delivery in _merged(ascending):
            identity = delivery.headers.get(MESSAGE_ID, "")
            if number <= self._last or (identity and identity in self._ids):
                continue
            self._ids |= {identity} - {""}
            await self.fill_upto(number - 1)
            await self._store(delivery.subject, delivery.payload, own_headers(delivery.headers))
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


def own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a message was published with."""
    return {name: value for name, value in headers.items() if not name.startswith(_SERVERS)}


async def _merged(
    sources: tuple[Numbered, ...],
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
