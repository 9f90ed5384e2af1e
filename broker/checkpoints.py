"""Where a feed's reading of its source stands: a key-value bucket of its agency's account.

The bucket is laid out as NATS lays out its own, so that the usual tools can look into it.
"""

import contextlib
import uuid
from types import TracebackType
from typing import Self

from broker.connection import Bus
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import checkpoint_subject
from broker.subscriber import scan
from broker.users import CHECKPOINTS

_BUDGET_S = 10.0


class KeyValueCheckpoint:
    """One feed's place in its source.

    Use it as ``async with KeyValueCheckpoint(bus, feed) as checkpoint``.

    Args:
        bus: The agency's connection.
        feed: The feed.
        budget_s: How long a place is tried to be kept, seconds.

    Raises:
        StreamUnavailable: On entering, if the bucket cannot be asked.
    """

    def __init__(self, bus: Bus, feed: str, *, budget_s: float = _BUDGET_S) -> None:
        self._bus = bus
        self._subject = checkpoint_subject(feed)
        self._publisher = Publisher(bus, CHECKPOINTS, budget_s=budget_s)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._publisher)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def load(self) -> bytes | None:
        """Return the place that was saved last; None: nothing yet.

        Raises:
            StreamUnavailable: If the bucket cannot be read.
        """
        place = None
        async for delivery in scan(self._bus, CHECKPOINTS, self._subject):
            place = delivery.payload
        return place

    async def save(self, place: bytes) -> None:
        """Keep a place; it is on disk when this returns.

        Raises:
            PublishError: If the bus did not take it; the place before it stays.
        """
        await self._publisher.publish(Outgoing(self._subject, place, uuid.uuid4().hex))
