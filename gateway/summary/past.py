"""The shared state as it stood at an earlier time, entry by entry."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final

from gateway.agreement import matches
from gateway.entry import Entry
from gateway.errors import SummaryTooLarge
from gateway.history import History
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import Selection, TimeBasis

MOST_RECORDS: Final = 100_000
_LOT: Final = 1000

Stood = Callable[[Selection, int, "TimeBasis.ValueType"], AsyncGenerator[Sequence[Entry], None]]
"""Yields the state at a time, and may yield some that is not selected or had ended."""


class Past:
    """The past of a view's records.

    Args:
        view: The shared state: records that were there once are there still.
        history: The past of some of them.
    """

    def __init__(self, view: StateView, history: History) -> None:
        self._view = view
        self._history = history

    async def stood(
        self, selection: Selection, at_ns: int, basis: "TimeBasis.ValueType"
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """Yield records as they stood at a time, as published, in lots.

        Args:
            selection: What is selected; only its agencies and kinds narrow what is read.
            at_ns: The time, nanoseconds since 1970 UTC.
            basis: What it speaks of.

        Raises:
            HistoryUnavailable: If the stream cannot be read.
            SummaryTooLarge: If there are too many records.
        """
        self._view.index()
        known = self._view.names
        # A record may have had another district then, but never another agency or kind.
        keys = [
            key
            for key in known.known()
            if (not selection.agencies or key.agency in selection.agencies)
            and (not selection.kinds or any(matches(one, key.kind) for one in selection.kinds))
        ]
        if known.count(keys) > MOST_RECORDS:
            raise SummaryTooLarge(
                f"takes the past of more than {MOST_RECORDS:,} records",
                "select agencies and kinds with fewer",
            )
        meant = {(key.agency, key.kind) for key in keys}
        names = [name for name in known.after("", keys) if tuple(name.split("/", 2)[:2]) in meant]
        for start in range(0, len(names), _LOT):
            held = await self._history.at(names[start : start + _LOT], at_ns, basis)
            yield list(held.values())
