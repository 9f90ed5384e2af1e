"""Looking for what is selected, in the index in which it costs least.

Candidates come in runs: all of one run stand before all of the next in the order that was
asked. A search is done in slices, so that no other call waits for it, and ends early, with
the place where to go on, when it has worked for long.
"""

import asyncio
import itertools
import operator
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from gateway.curved import LARGEST_M
from gateway.entry import Entry
from gateway.estimate import END, START, Estimate, Run
from gateway.order import DISTANCE, NAME, OBSERVED_DESC, Order, Position
from gateway.selection import Selector
from gateway.shapes import circle_about
from gateway.times import MINUTE_NS
from gateway.view import StateView

_SLICE: Final = 1024
_FILTERED: Final = 32
# How many are held in order at once of a run that may be the whole state.
_SORTED: Final = 8192
_TURN_S: Final = 0.002
_WORK_S: Final = 0.1
_FIRST_RADIUS_M: Final = 500.0
_LAST: Final = "\U0010ffff"


def candidates(view: StateView, selector: Selector) -> Iterator[Entry]:
    """Return the entries among which are all that a selector selects, in no order."""
    view.index()
    run = Estimate(view, selector).run(START)
    if run.region is None or run.near is None:
        return view.of(run.names)
    return itertools.chain(run.near.points(run.region), view.of(run.names))


class Search:
    """One page's search.

    Args:
        view: Where to look.
        selector: For what.
        order: In which order.
        after: The position after which to begin; None: at the first.
        count: How many are wanted at most.
    """

    def __init__(
        self, view: StateView, selector: Selector, order: Order, after: Position | None, count: int
    ) -> None:
        self._view = view
        self._selector = selector
        self._order = order
        self._after = START if after is None else after
        self._count = count
        self._worked_s = 0.0
        self._since = time.perf_counter()

    async def page(self) -> tuple[list[Entry], Position | None]:
        """Return what is selected, in order, and where to go on; None: that was all.

        Raises:
            InvalidRequest: If the filter takes too many steps.
        """
        self._view.index()
        found: list[Entry] = []
        test, place = self._selector.filter, self._order.position
        for run in self._runs():
            entries, end = await self._gathered(run)
            step = _FILTERED if test is not None else max(len(entries), 1)
            for start in range(0, len(entries), step):
                lot = entries[start : start + step]
                chosen = lot if test is None else test.chosen(lot)
                room = self._count - len(found)
                found += chosen[:room]
                if len(chosen) > room:
                    return found, place(found[-1])
                if test is not None and await self._is_late():
                    return found, place(lot[-1])
            if end is not END and (end is not run.high or await self._is_late()):
                return found, end
        return found, None

    async def _is_late(self) -> bool:
        """Give others their turn if it is time, and tell whether it has worked for long."""
        await self._breathe()
        return self._worked_s > _WORK_S

    async def _breathe(self) -> None:
        """Give others their turn, if this one was long enough."""
        lasted = time.perf_counter() - self._since
        if lasted > _TURN_S:
            await asyncio.sleep(0)
            self._worked_s += lasted
            self._since = time.perf_counter()

    async def _gathered(self, run: Run) -> tuple[list[Entry], Position]:
        """Return what all but the filter selects of a run, in order, and how far that goes."""
        if run.is_sorted and len(run.names) <= _SLICE:
            return self._selector.pick(self._view.of(run.names)), run.high
        by_name, position, high = self._order.by == NAME, self._order.position, run.high
        kept: list[Entry] = []
        async for picked in self._picked(run):
            if by_name and self._after is not START:
                kept += [entry for entry in picked if entry.name > self._after[1]]
            elif by_name:
                kept += picked
            else:
                kept += [entry for entry in picked if run.low < position(entry) <= high]
            if len(kept) > _SORTED:
                kept.sort(key=position)
                high = position(kept[_SORTED // 2])
                del kept[_SORTED // 2 + 1 :]
            await self._breathe()
        kept.sort(key=_NAME if by_name else position)
        if high is not run.high:
            # What came after the last cut may lie beyond it, where others are missing.
            kept = [entry for entry in kept if position(entry) <= high]
        return kept, high

    async def _picked(self, run: Run) -> AsyncIterator[list[Entry]]:
        """Yield what all but the filter selects of a run, in slices."""
        pick = self._selector.pick
        if run.region is not None and run.near is not None:
            within = run.region if run.region in self._selector.shapes else None
            entries = run.near.points(run.region)
            for start in range(0, len(entries), _SLICE):
                yield pick(entries[start : start + _SLICE], within)
        for start in range(0, len(run.names), _SLICE):
            yield pick(self._view.of(run.names[start : start + _SLICE]))

    def _runs(self) -> Iterator[Run]:
        """Return the runs of candidates, from the index in which they cost least."""
        by = self._order.by
        if by == NAME and not self._selector.is_narrow:
            return self._by_name()
        estimate = Estimate(self._view, self._selector)
        walked = estimate.walked(self._count + 1)
        if by == NAME:
            in_order, cost = self._by_name, walked * estimate.by_key
        elif by == DISTANCE:
            in_order, cost = self._by_distance, walked * len(self._view) * 2
        else:
            in_order, cost = self._by_time, walked * estimate.by_time
        if cost < estimate.least:
            return in_order()
        return iter((estimate.run(self._after),))

    def _by_name(self) -> Iterator[Run]:
        """Yield runs in the order of names."""
        names, position, size, changes = self._view.names, self._after[1], self._count + 1, -1
        source: Iterator[str] = iter(())
        while True:
            if changes != names.changes:
                changes = names.changes
                source = names.after(position, self._selector.keys(names))
            lot = list(itertools.islice(source, size))
            if not lot:
                return
            end = (0, lot[-1])
            yield Run(lot, self._after, end, is_sorted=True)
            position, size = lot[-1], min(size * 2, _SLICE)

    def _by_time(self) -> Iterator[Run]:
        """Yield runs in the order of time, a minute each."""
        start, end = self._selector.observed or (None, None)
        descending = self._order.by == OBSERVED_DESC
        if self._after is not START:
            moment = int(self._after[0])
            if descending:
                end = min(end, -moment) if end is not None else -moment
            else:
                start = max(start, moment) if start is not None else moment
        for minute in self._view.times.minutes(start, end, latest_first=descending):
            names = list(self._view.times.within(minute))
            begins = minute * MINUTE_NS
            # The last moment of this minute, or in descending order its first one.
            last = -begins if descending else begins + MINUTE_NS - 1
            yield Run(names, self._after, (last, _LAST))

    def _by_distance(self) -> Iterator[Run]:
        """Yield runs in the order of distance: what lies in ever larger circles, less the last."""
        estimate = Estimate(self._view, self._selector)
        space, (latitude, longitude) = self._view.space, self._order.center
        low, radius_m = self._after, max(_FIRST_RADIUS_M, self._after[0] * 1.25)
        wanted = estimate.of(self._count + 1)
        while radius_m < LARGEST_M:
            near = circle_about(latitude, longitude, radius_m)
            here = space.near(near.boxes)
            if len(here) * 2 > estimate.least:
                break
            if len(here) < wanted and low is self._after:
                radius_m *= 1.5
                continue
            high = (radius_m, _LAST)
            # Of an area its middle counts, which may lie anywhere within what it spans.
            yield Run(here.areas(), low, high, region=near, near=here)
            low, radius_m = high, radius_m * 2
        yield estimate.run(low)


_NAME: Final = operator.attrgetter("name")
