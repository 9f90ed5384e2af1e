"""Looking at entries one by one, in slices, so that no other call waits for it."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.entry import Entry
from gateway.selection import Selector

_FILTERED: Final = 32
_TURN_S: Final = 0.002


class Turn:
    """Gives way to others when this turn was long enough."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def over(self) -> None:
        """Give way if it is time to."""
        if time.perf_counter() - self._since > _TURN_S:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


def chosen(
    selector: Selector, lot: Sequence[Entry], at_ns: int | None = None
) -> Iterator[list[Entry]]:
    """Yield what the caller sees of those of a lot that are selected, in slices.

    Args:
        selector: What is selected.
        lot: Entries as published.
        at_ns: When they must not have ended, nanoseconds since 1970 UTC; None: now.
    """
    picked, test = selector.pick(lot, at_ns=at_ns), selector.filter
    if test is None:
        yield picked
        return
    for start in range(0, len(picked), _FILTERED):
        yield test.chosen(picked[start : start + _FILTERED])
