"""One attempt to store a batch, and what its answer means for each of its messages."""

import asyncio
from collections.abc import Callable
from typing import Any

from broker.errors import PublishDenied, PublishRefused
from broker.exchange import Denied, Exchange, Sent
from broker.lot import Item, Result
from broker.outgoing import Stored

_UNAVAILABLE = 503
# Quotas and limits: trying again would meet the same answer.
_NO_USE_TRYING = frozenset({10047, 10054, 10077, 10122})
Left = tuple[list[Item], str]


class Commit:
    """Attempts batches on one stream, and settles what the server decided.

    Args:
        exchange: An open exchange.
        stream: The stream.
        acknowledged: The stream's last sequence.
        settle: Called with each message on which there is a decision.

    Attributes:
        acknowledged: The highest sequence that is known to be stored.
    """

    def __init__(
        self,
        exchange: Exchange,
        stream: str,
        acknowledged: int,
        settle: Callable[[Item, Result], None],
    ) -> None:
        self.acknowledged = acknowledged
        self._exchange = exchange
        self._stream = stream
        self._settle = settle

    def send(self, items: list[Item]) -> Sent:
        """Send a batch now; `attempt` decides by its answer."""
        firsts = {index for index, item in enumerate(items) if item.is_first}
        return self._exchange.send([item.message for item in items], firsts)

    async def attempt(self, items: list[Item], within_s: float, sent: Sent | None = None) -> Left:
        """Send a batch once, unless it was; return what is still open, and why.

        Args:
            items: The batch.
            within_s: How long to wait for each answer, seconds.
            sent: What `send` made of it.
        """
        if len(items) == 1 and sent is None:
            return await self._in_turn(items, within_s)
        try:
            answer = await self._exchange.answer(sent or self.send(items), within_s)
        except Denied as error:
            return self._without_denied(items, error), str(error)
        except (TimeoutError, ConnectionError) as error:
            return items, str(error) or "no answer"
        failure = answer.get("error")
        if failure is None:
            # A batch is stored without gaps, its last message at the sequence answered.
            self._stored(items, answer["seq"])
            return [], ""
        if _may_pass(failure) or any(item.is_first for item in items):
            # What was taken for the first of its subject may not be: it must be placed anew.
            return items, str(failure.get("description", ""))
        # One message is enough to have a batch refused: it holds one that is stored already,
        # or one that never will be. The others must not share its fate.
        return await self._singly(items, within_s)

    async def _singly(self, items: list[Item], within_s: float) -> Left:
        """Send messages each for itself, all subjects at once; return what is still open."""
        subjects: dict[str, list[Item]] = {}
        for item in items:
            subjects.setdefault(item.message.subject, []).append(item)
        lefts = await asyncio.gather(
            *(self._in_turn(those, within_s) for those in subjects.values())
        )
        return [item for left, _ in lefts for item in left], max(last for _, last in lefts)

    async def _in_turn(self, items: list[Item], within_s: float) -> Left:
        """Send messages of one subject one after another; return what is still open, and why."""
        for position, item in enumerate(items):
            try:
                answer = await self._exchange.commit([item.message], within_s)
            except Denied as error:
                return self._without_denied(items[position:], error), str(error)
            except (TimeoutError, ConnectionError) as error:
                return items[position:], str(error) or "no answer"
            failure = answer.get("error")
            if failure is None:
                self._stored([item], answer["seq"], duplicate=bool(answer.get("duplicate")))
                continue
            code, description = failure.get("err_code", 0), str(failure.get("description", ""))
            if _may_pass(failure):
                return items[position:], description
            self._settle(item, PublishRefused(code, description))
        return [], ""

    def _stored(self, items: list[Item], last: int, *, duplicate: bool = False) -> None:
        """Settle messages that are stored, the last of them at a sequence."""
        self.acknowledged = max(self.acknowledged, last)
        for sequence, item in enumerate(items, start=last - len(items) + 1):
            before = duplicate and sequence <= item.known
            self._settle(item, Stored(self._stream, sequence, duplicate=before))

    def _without_denied(self, items: list[Item], denied: Denied) -> list[Item]:
        """Settle the messages whose subjects the server refused; return the others."""
        left = []
        for item in items:
            if item.message.subject.lower() in denied.subjects:
                self._settle(item, PublishDenied(item.message.subject))
            else:
                left.append(item)
        return left


def _may_pass(failure: dict[str, Any]) -> bool:
    """Tell whether the server may take later what it refuses now."""
    return failure.get("code") == _UNAVAILABLE and failure.get("err_code") not in _NO_USE_TRYING
