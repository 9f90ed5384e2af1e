"""What callers publish, and how they learn what became of it."""

import asyncio

from broker.errors import PublishError
from broker.outgoing import Outgoing, Stored

Result = Stored | PublishError


class Lot:
    """What one caller published together, and who waits for it.

    Args:
        size: How many messages it has.
    """

    __slots__ = ("_done", "_loop", "_open", "_results")

    def __init__(self, size: int) -> None:
        self._results: list[Result | None] = [None] * size
        self._open = size
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()

    def settle(self, index: int, result: Result) -> None:
        """Note what became of one message."""
        self._results[index] = result
        self._open -= 1
        if not self._open:
            # Not at once: who waits goes on working, and the next batch is to leave before.
            self._loop.call_soon(self._wake)

    def _wake(self) -> None:
        """Wake whoever waits."""
        if not self._done.done():
            self._done.set_result(None)

    async def results(self) -> list[Result]:
        """Wait until all is settled; return what became of each message, in their order."""
        if self._open:
            await self._done
        return [result for result in self._results if result is not None]


class Item:
    """One message on its way.

    Attributes:
        message: The message.
        deadline: Until when it is tried, on the monotonic clock, seconds.
        known: The highest sequence that was acknowledged when it was accepted: what the
            server calls a duplicate was stored before if its sequence is not above this,
            and by an attempt of ours whose answer was lost if it is.
        places: The lots that wait for it, and where in them it stands.
        subject: The subject on which it was published; its message's may be beside it.
        is_placed: Whether its message has the subject on which it is to be stored.
        is_first: Whether its place is right only if its subject holds nothing yet, which the
            server is to say.
    """

    __slots__ = ("deadline", "is_first", "is_placed", "known", "message", "places", "subject")

    def __init__(self, message: Outgoing, deadline: float, known: int) -> None:
        self.message = message
        self.deadline = deadline
        self.known = known
        self.places: list[tuple[Lot, int]] = []
        self.subject = message.subject
        self.is_placed = False
        self.is_first = False

    def settle(self, result: Result) -> None:
        """Tell everyone who waits; the first stored it, the others met a duplicate."""
        first, *others = self.places
        first[0].settle(first[1], result)
        if others and isinstance(result, Stored):
            result = Stored(result.stream, None, duplicate=True)
        for lot, index in others:
            lot.settle(index, result)
