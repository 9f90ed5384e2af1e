"""What was said over time, read from the city's stream: revisions, what came late included."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final, NamedTuple

from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.subscriber import scan
from broker.users import CITY
from gateway.entry import Entry, stored_record
from gateway.errors import HistoryUnavailable, SummaryTooLarge
from gateway.told_on import subjects_of
from liandong.gateway.v1.shared_state_pb2 import Selection

MOST_MESSAGES: Final = 500_000
_LOT: Final = 128


class Span(NamedTuple):
    """Which revisions are meant.

    Attributes:
        start_ns: They count as observed at this time or later, nanoseconds since 1970 UTC,
        end_ns: and before that; None: however late.
        known_ns: The city had them up to this time; None: by now.
    """

    start_ns: int
    end_ns: int | None
    known_ns: int | None

    def holds(self, entry: Entry) -> bool:
        """Tell whether a revision is meant."""
        return (
            self.start_ns <= entry.counted
            and (self.end_ns is None or entry.counted < self.end_ns)
            and (self.known_ns is None or entry.stored <= self.known_ns)
        )


Told = Callable[[Selection, Span], AsyncGenerator[tuple[Sequence[Entry], int], None]]
"""Yields the revisions in a span, and may yield some that are not selected; none is unknown."""


class Telling:
    """Reads revisions from the city's stream.

    Args:
        bus: An open connection whose user may read the stream.
        most: How many messages it reads at most for one question.
    """

    def __init__(self, bus: Bus, most: int = MOST_MESSAGES) -> None:
        self._bus = bus
        self._most = most

    async def told(
        self, selection: Selection, span: Span
    ) -> AsyncGenerator[tuple[Sequence[Entry], int], None]:
        """Yield the revisions in a span, as published, in lots.

        What counts as observed at a time was not stored before it, so reading begins there.

        Args:
            selection: What is selected; its agencies and its kinds narrow what is read.
            span: Which.

        Raises:
            HistoryUnavailable: If the stream cannot be read.
            SummaryTooLarge: If there is too much to read.
        """
        subjects, lot, read = subjects_of(selection, late=True), list[Entry](), 0
        start_ns = max(span.start_ns, 0)
        try:
            async with contextlib.aclosing(
                scan(self._bus, CITY, subjects, start_ns=start_ns)
            ) as deliveries:
                async for delivery in deliveries:
                    read += 1
                    self._require_few(read + delivery.pending if read == 1 else read)
                    entry = stored_record(delivery)
                    if entry is not None and span.holds(entry):
                        lot.append(entry)
                    if read % _LOT == 0:
                        yield lot, 0
                        lot = []
        except StreamUnavailable as error:
            raise HistoryUnavailable(str(error)) from error
        yield lot, 0

    def _require_few(self, count: int) -> None:
        """Check that there is not too much to read.

        Raises:
            SummaryTooLarge: If there is.
        """
        if count > self._most:
            raise SummaryTooLarge(
                f"takes reading more than {self._most:,} messages",
                "begin selection.observed later, or select fewer agencies and kinds",
            )
