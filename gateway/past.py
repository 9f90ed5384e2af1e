"""The shared state as it stood at an earlier time, for those who look back."""

import itertools
import time
from collections.abc import AsyncGenerator, Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.entry import Entry
from gateway.errors import InvalidRequest, SummaryTooLarge
from gateway.history import History
from gateway.order import NAME, Order, Position
from gateway.permit import Permit
from gateway.selection import Selector
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import TimeBasis

# Names that are looked up with one question, and how many of these for one page.
_LOT = 500
_LOTS = 10
# How many records are looked up for one summary.
_MOST = 100_000
_AHEAD_NS = 60_000_000_000
FIELD = "as_of"


class Past:
    """Looks back.

    What may be seen of it is what agreements open now.

    Args:
        view: The shared state now, which has the name of everything there ever was.
        history: What the city's stream keeps.
    """

    def __init__(self, view: StateView, history: History) -> None:
        self._view = view
        self._history = history

    async def get(
        self, names: Iterable[str], as_of: Timestamp, basis: "TimeBasis.ValueType"
    ) -> dict[str, Entry]:
        """Return records as they stood; of what was not there, nothing.

        Raises:
            InvalidRequest: If the time lies ahead.
            HistoryUnavailable: If the past cannot be read.
        """
        held = [name for name in names if self._view.get(name) is not None]
        return await self._history.at(held, at_ns_of(as_of), basis)

    async def page(
        self,
        selector: Selector,
        order: Order,
        after: Position | None,
        count: int,
        at: "tuple[Timestamp, TimeBasis.ValueType]",
    ) -> tuple[list[Entry], Position | None, list[str]]:
        """Return what is seen of a page, ordered by name, and where the next one begins.

        The third are the names, up to there or some after it, of what is selected as it
        stands now and whose past is not kept as far back.

        A page may hold fewer than asked, or none, while there is more.

        Raises:
            InvalidRequest: If the time lies ahead, or another order is asked for.
            HistoryUnavailable: If the past cannot be read.
        """
        if order.by != NAME:
            raise InvalidRequest([("order_by", "is not 'name', by which alone the past is listed")])
        at_ns, basis = at_ns_of(at[0]), at[1]
        names = self._view.names
        start = "" if after is None else after[1]
        following = list(
            itertools.islice(names.after(start, selector.ever(names)), _LOT * _LOTS + 1)
        )
        found: list[Entry] = []
        absent: list[str] = []
        for begin in range(0, min(len(following), _LOT * _LOTS), _LOT):
            lot = following[begin : begin + _LOT]
            held = await self._history.at(lot, at_ns, basis)
            stood = [held[name] for name in lot if name in held]
            found += selector.first(stood, count + 1 - len(found), at_ns)
            absent += [name for name in lot if name not in held]
            if len(found) > count:
                break
        lost = await self._unknown(selector, absent, at_ns, basis)
        if len(found) > count:
            return found[:count], (0, found[count - 1].name), lost
        is_last = len(following) <= _LOT * _LOTS
        return found, None if is_last else (0, following[_LOT * _LOTS - 1]), lost

    async def _unknown(
        self, selector: Selector, absent: Iterable[str], at_ns: int, basis: "TimeBasis.ValueType"
    ) -> list[str]:
        """Return what did not stand as far as is known, is selected now, and whose past is gone.

        Raises:
            HistoryUnavailable: If the past cannot be read.
        """
        now = list(self._view.of(absent))
        shown = selector.first(now, len(now), at_ns)
        return list(await self._history.lost([one.name for one in shown], basis))

    async def lost(
        self, names: Iterable[str], basis: "TimeBasis.ValueType", permit: Permit
    ) -> dict[str, int]:
        """Return of which records, that a caller sees now, the past is not kept as far back.

        Args:
            names: Records that did not stand at some time, as far as is kept.
            basis: Of which of a record's times that was said.
            permit: What the caller may see.

        Returns:
            By name from when on it is kept, nanoseconds since 1970 UTC.

        Raises:
            HistoryUnavailable: If the past cannot be read.
        """
        there = [entry for entry in map(self._view.get, names) if entry is not None]
        return await self._history.lost(
            [entry.name for entry in there if permit.show(entry) is not None], basis
        )

    async def stood(
        self, selector: Selector, at_ns: int, basis: "TimeBasis.ValueType"
    ) -> AsyncGenerator[tuple[list[Entry], int], None]:
        """Yield all records as they stood of which some may be selected, as published, in lots.

        With each lot goes how many are selected now and not kept as far back.

        Raises:
            HistoryUnavailable: If the past cannot be read.
            SummaryTooLarge: If there are too many.
        """
        names = self._view.names
        keys = selector.ever(names)
        if names.count(keys) > _MOST:
            raise SummaryTooLarge(
                f"takes the past of more than {_MOST:,} records",
                "select agencies and kinds that have fewer",
            )
        meant = list(names.after("", keys))
        for begin in range(0, len(meant), _LOT):
            lot = meant[begin : begin + _LOT]
            held = await self._history.at(lot, at_ns, basis)
            absent = (name for name in lot if name not in held)
            yield list(held.values()), len(await self._unknown(selector, absent, at_ns, basis))


def at_ns_of(as_of: Timestamp) -> int:
    """Return a time to look back to, nanoseconds since 1970 UTC.

    Raises:
        InvalidRequest: If it lies ahead.
    """
    at_ns = as_of.ToNanoseconds()
    if at_ns > time.time_ns() + _AHEAD_NS:
        told = as_of.ToJsonString()
        raise InvalidRequest(
            [(FIELD, f"is {told}, which lies ahead: leave it out for the present")]
        )
    # Before 1970 nothing was said, and the bus knows no such times.
    return max(at_ns, 0)
