"""SummarizeRecords: counts and aggregates of what a caller may see."""

import asyncio
import contextlib
import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.calls import Call
from gateway.encoding import counted, elements
from gateway.entry import Entry
from gateway.errors import InvalidRequest
from gateway.freshness import FeedAges
from gateway.hidden import covers
from gateway.key import Key
from gateway.pages import Page
from gateway.past import at_ns_of
from gateway.permit import Permit
from gateway.search import candidates
from gateway.selection import Selector, Selectors
from gateway.summary.columns import Columns, Part
from gateway.summary.gathering import Gathering
from gateway.summary.grouping import Common, Group, Grouping, encoded
from gateway.summary.looking import Turn, chosen
from gateway.summary.numbers import Number, number_of
from gateway.summary.tally import Tally, together
from gateway.summary.told import Span, Told
from gateway.validity import require_valid
from gateway.view import StateView, now_ns
from liandong.gateway.v1.shared_state_pb2 import (
    TIME_BASIS_RECEIVED,
    Selection,
    SummarizeRecordsRequest,
    TimeBasis,
)

_SLICE: Final = 1024
_KEPT: Final = 256
_KEPT_BYTES: Final = 16 << 20
_READING: Final = 4
_FEEDS: Final = 2
_UNKNOWN: Final = 3
Mark = tuple[int, int]
Lots = AsyncGenerator[tuple[Sequence[Entry], int], None]
Stood = Callable[[Selector, int, "TimeBasis.ValueType"], Lots]
"""Yields the state at a time, some of it not selected or ended, and how much is unknown."""


@dataclass(slots=True)
class Summary:
    """A summary, before it is encoded.

    Attributes:
        groups: Its groups.
        read: How many records of which key are in it.
        ends: When the first of them ends, nanoseconds since 1970 UTC; 0: none does.
        unknown: How many are in no group because their past is not kept.
    """

    groups: list[Group]
    read: Counter[Key]
    ends: int
    unknown: int = 0


class Summaries:
    """Summarises the shared state, and what was said over time.

    Args:
        view: The shared state.
        stood: Yields the state at an earlier time.
        told: Yields revisions.
        ages: How old what feeds bring is.
    """

    def __init__(self, view: StateView, stood: Stood, told: Told, ages: FeedAges) -> None:
        self._view = view
        self._stood = stood
        self._told = told
        self._ages = ages
        self._columns = Columns(view)
        self._selectors = Selectors()
        self._reading = asyncio.Semaphore(_READING)
        self._kept: dict[tuple[Permit, bytes], Page] = {}
        self._bytes = 0

    async def summarize_records(self, request: SummarizeRecordsRequest, call: Call) -> bytes:
        """Return the groups of what is selected, as the caller sees it."""
        require_valid(request)
        call.permit.require_selection(request.selection)
        number = number_of(request.value) if request.value else None
        self._view.index()
        selector = self._selectors.of(request.selection, call.permit)
        feeds = elements(_FEEDS, self._ages.sized(selector.feeds(self._view.names)))
        if request.HasField("bucket") or request.HasField("as_of"):
            async with self._reading:
                summary = await self._of_the_past(request, number, call.permit)
            call.read.update(summary.read)
            return encoded(summary.groups) + feeds + counted(_UNKNOWN, summary.unknown)
        return await self._of_now(request, selector, number, call) + feeds

    async def _of_now(
        self,
        request: SummarizeRecordsRequest,
        selector: Selector,
        number: Number | None,
        call: Call,
    ) -> bytes:
        """Return the summary of the state, also from before if nothing in it has changed."""
        asked = (call.permit, request.SerializeToString(deterministic=True))
        mark, kept = self._mark(selector), self._kept.get(asked)
        if kept is None or kept.mark != mark or 0 < kept.ends <= now_ns():
            grouping = Grouping(request)
            if selector.is_narrow:
                summary = await self._looked(selector, Gathering(grouping, number))
            else:
                summary = await self._added(selector, grouping, number)
            kept = Page(mark, summary.ends, encoded(summary.groups), summary.read)
            if mark == self._mark(selector) and not request.selection.HasField("received"):
                self._keep(asked, kept)
        call.read.update(kept.read)
        return kept.encoded

    def _mark(self, selector: Selector) -> Mark:
        """Return what changes when anything may that is selected."""
        names, changed = self._view.names, self._view.changed
        return names.keys, sum([changed[key] for key in selector.keys(names)])

    def _keep(self, asked: tuple[Permit, bytes], page: Page) -> None:
        """Keep a summary."""
        if len(self._kept) >= _KEPT or self._bytes >= _KEPT_BYTES:
            self._kept.clear()
            self._bytes = 0
        replaced = self._kept.get(asked)
        self._kept[asked] = page
        self._bytes += len(page.encoded) - (len(replaced.encoded) if replaced is not None else 0)

    async def _added(
        self, selector: Selector, grouping: Grouping, number: Number | None
    ) -> Summary:
        """Summarise all of some keys, by columns.

        Raises:
            SummaryTooLarge: If there are too many groups.
        """
        keys = selector.keys(self._view.names)
        parts = [_part(key, selector, grouping.resolution, number) for key in keys]
        tallies, ids, ends = await self._columns.tallies(parts, grouping.resolution)
        together_by: defaultdict[Common, list[Tally]] = defaultdict(list)
        read: Counter[Key] = Counter()
        for key, tally in zip(keys, tallies, strict=True):
            count = int(tally.counts.sum())
            if count:
                shown = _shown(key, selector)
                read[shown] += count
                together_by[grouping.common(shown)].append(tally)
                grouping.require_few(len(tally.cells))
        groups: list[Group] = []
        for common, several in together_by.items():
            groups += together(common, several, ids)
            grouping.require_few(len(groups))
        return Summary(groups, read, ends)

    async def _looked(self, selector: Selector, gathering: Gathering) -> Summary:
        """Summarise what is selected by more than its keys, record by record.

        Raises:
            InvalidRequest: If the filter takes too many steps.
            SummaryTooLarge: If there are too many groups.
        """
        left, turn = candidates(self._view, selector), Turn()
        while lot := list(itertools.islice(left, _SLICE)):
            for shown in chosen(selector, lot):
                gathering.add(shown)
                await turn.over()
            # Of a lot nothing may be chosen.
            await turn.over()
        return Summary(gathering.groups(), gathering.read, gathering.ends)

    async def _of_the_past(
        self, request: SummarizeRecordsRequest, number: Number | None, permit: Permit
    ) -> Summary:
        """Summarise the state at an earlier time, or what was said over time.

        Raises:
            InvalidRequest: If there are time buckets of no time, or the time lies ahead.
            HistoryUnavailable: If the past cannot be read.
            SummaryTooLarge: If there are too many groups, or too much to read.
        """
        selection = Selection()
        selection.CopyFrom(request.selection)
        at_ns = at_ns_of(request.as_of) if request.HasField("as_of") else None
        bucket_ns = request.bucket.ToNanoseconds()
        lots: Lots
        if bucket_ns:
            # A revision's own time decides, which is not ahead of its storing.
            selection.ClearField("observed")
            lots, at_ns = self._told(selection, _span(request, at_ns)), 0
        selector = self._selectors.of(selection, permit)
        if not bucket_ns:
            assert at_ns is not None, "one of the two is asked for"
            lots = self._stood(selector, at_ns, request.as_of_basis)
        gathering, turn, unknown = Gathering(Grouping(request), number, bucket_ns), Turn(), 0
        async with contextlib.aclosing(lots):
            async for lot, lost in lots:
                unknown += lost
                for shown in chosen(selector, lot, at_ns):
                    gathering.add(shown)
                    await turn.over()
                await turn.over()
        return Summary(gathering.groups(), gathering.read, 0, unknown)


def _part(key: Key, selector: Selector, resolution: int | None, number: Number | None) -> Part:
    """Return what is asked of a key's records: nothing of what stays behind."""
    disclosure = selector.disclosure(key)
    hidden = disclosure.hidden if disclosure is not None else ()
    if covers(hidden, "location.point"):
        resolution = None
    if number is not None and (number.kind not in {None, key.kind} or covers(hidden, number.path)):
        number = None
    return Part(key, resolution, number)


def _shown(key: Key, selector: Selector) -> Key:
    """Return what the caller sees of a key."""
    disclosure = selector.disclosure(key)
    return key if disclosure is None else disclosure.key(key)


def _span(request: SummarizeRecordsRequest, at_ns: int | None) -> Span:
    """Return the span of revisions of a request with time buckets.

    Args:
        request: The request.
        at_ns: Its `as_of`, nanoseconds since 1970 UTC; None: it has none.

    Raises:
        InvalidRequest: If it does not say when it begins.
    """
    window = request.selection.observed
    if not window.HasField("start_at"):
        raise InvalidRequest(
            [("selection.observed.start_at", "is missing: time buckets need a beginning")]
        )
    start_ns = window.start_at.ToNanoseconds()
    end_ns = window.end_at.ToNanoseconds() if window.HasField("end_at") else None
    if at_ns is None:
        return Span(start_ns, end_ns, None)
    if request.as_of_basis == TIME_BASIS_RECEIVED:
        return Span(start_ns, end_ns, at_ns)
    return Span(start_ns, at_ns + 1 if end_ns is None else min(end_ns, at_ns + 1), None)
