"""The books of a feed: received = stored + duplicates + quarantined + in flight.

The counts are published with the feed's state. When the adapter is killed, what it
counted after its last quiet moment is lost with it; on start the ledger goes on from the
counts of that moment and counts the later records in JetStream itself. What is in the
spool is in flight: acknowledged to its sender, not yet on the bus.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.sdk.cadence import Cadence, Hearing
from adapters.sdk.durations import Durations
from adapters.sdk.hours import Counts, Hours
from liandong.feed.v1.feed_pb2 import Feed, Settled

_RATE_WINDOW_S = 60
_CAUSES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Settling:
    """What became of records that arrived in one hour.

    Attributes:
        hour: The hour, counted since 1970 UTC.
        stored: Sequences of those stored.
        duplicates: How many were known already.
        quarantined: Sequences of those in quarantine.
        withdrawn: How many could not be settled; the sender will send them again, and they
            count as not received.
    """

    hour: int
    stored: tuple[int, ...] = ()
    duplicates: int = 0
    quarantined: tuple[int, ...] = ()
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where the books stood at a quiet moment."""

    counts: Counts
    sequences: tuple[int, int]
    hours: Hours

    def settled(self) -> Settled:
        return Settled(
            **self.counts._asdict(),
            stream_sequence=self.sequences[0],
            quarantine_sequence=self.sequences[1],
            hours=self.hours.told(),
        )


class Ledger:
    """Counts of one feed, and the state that tells them.

    Args:
        state: What is known of the feed before anything is counted.
        clock: Seconds that never jump.

    Attributes:
        storing: From the receipt of records to their being on the bus; those that went
            through the spool are not in it.
        withdrawn: How many records could not be settled since this process began.
    """

    def __init__(self, state: Feed, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = state
        self._clock = clock
        self.received = self.stored = self.duplicates = self.quarantined = 0
        self.in_flight = 0
        self.withdrawn = 0
        self.storing = Durations()
        self._earlier = Counts()
        self._sequences = (0, 0)
        self._hours = Hours()
        self._quiet = self._stand()
        self._cadence = Cadence()
        self._causes: Counter[str] = Counter()
        self._last_received: datetime | None = None
        self._last_observed = 0
        self._error: tuple[str, datetime] | None = None
        self._trouble: tuple[str, datetime] | None = None
        # By the second, for thousands of arrivals in each would take more room than their records.
        self._recent: deque[tuple[int, int]] = deque()
        self._spooled = (0, 0)
        self._changes = 0

    @property
    def version(self) -> int:
        """Return a number that grows with every change."""
        return self._changes

    @property
    def settled_upto(self) -> tuple[int, int]:
        """Return the sequences of stream and quarantine at the last quiet moment."""
        return self._quiet.sequences

    @property
    def spooled(self) -> tuple[int, int]:
        """Return how many records, and bytes, are in the spool."""
        return self._spooled

    @property
    def since_start(self) -> Counts:
        """Return what was counted since this process began; none of it ever shrinks."""
        earlier = self._earlier
        return Counts(
            self.received + self.withdrawn - earlier.received,
            self.stored - earlier.stored,
            self.duplicates - earlier.duplicates,
            self.quarantined - earlier.quarantined,
        )

    def resume(self, told: Feed) -> None:
        """Go on from the books that were told last; what was counted here meanwhile is added.

        Args:
            told: The feed's state, with the counts of its last quiet moment in ``settled``.
        """
        settled, own = told.settled, self.state
        before = Counts(settled.received, settled.stored, settled.duplicates, settled.quarantined)
        self.received += before.received
        self.stored += before.stored
        self.duplicates += before.duplicates
        self.quarantined += before.quarantined
        self._earlier = Counts(*map(sum, zip(self._earlier, before, strict=True)))
        sequences = (settled.stream_sequence, settled.quarantine_sequence)
        self._sequences = _later(self._sequences, sequences)
        hours = Hours.of(settled.hours)
        self._hours.add_all(hours)
        quiet = self._quiet
        hours.add_all(quiet.hours)
        counts = Counts(*map(sum, zip(before, quiet.counts, strict=True)))
        self._quiet = _Stand(counts, _later(quiet.sequences, sequences), hours)
        self.state = Feed()
        self.state.CopyFrom(told)
        self.state.adapter, self.state.adapter_version = own.adapter, own.adapter_version
        self.state.address, self.state.state = own.address, own.state
        self._changes += 1

    def find(
        self, stored: Mapping[int, Iterable[int]], quarantined: Mapping[int, Iterable[int]]
    ) -> None:
        """Count what stream and quarantine hold and the books do not: sequences by hour."""
        for hour in sorted(stored.keys() | quarantined.keys()):
            settling = Settling(
                hour,
                stored=tuple(stored.get(hour, ())),
                quarantined=tuple(quarantined.get(hour, ())),
            )
            self.restore(len(settling.stored) + len(settling.quarantined), hour)
            self.settle(settling)
            found = Counts(0, len(settling.stored), 0, len(settling.quarantined))
            self._earlier = Counts(*map(sum, zip(self._earlier, found, strict=True)))

    def restore(self, count: int, hour: int) -> None:
        """Count records that arrived before this adapter was started.

        Args:
            count: How many.
            hour: The hour in which they arrived, counted since 1970 UTC.
        """
        self._earlier = self._earlier._replace(received=self._earlier.received + count)
        self._arrive(count, hour)

    def receive(self, count: int, at: datetime, hour: int) -> None:
        """Count records that arrived.

        Args:
            count: How many.
            at: When.
            hour: The hour in which they arrived, counted since 1970 UTC.
        """
        self._arrive(count, hour)
        self._last_received = at
        second = int(self._clock())
        if self._recent and self._recent[-1][0] == second:
            count += self._recent.pop()[1]
        self._recent.append((second, count))

    def _arrive(self, count: int, hour: int) -> None:
        """Count records as in flight."""
        self.received += count
        self.in_flight += count
        self._hours.add(hour, Counts(received=count))
        self._changes += 1

    def settle(self, settling: Settling) -> None:
        """Count what became of records."""
        stored, quarantined = len(settling.stored), len(settling.quarantined)
        self.stored += stored
        self.duplicates += settling.duplicates
        self.quarantined += quarantined
        self.received -= settling.withdrawn
        self.withdrawn += settling.withdrawn
        self.in_flight -= stored + settling.duplicates + quarantined + settling.withdrawn
        counts = Counts(-settling.withdrawn, stored, settling.duplicates, quarantined)
        self._hours.add(settling.hour, counts)
        latest = (max(settling.stored, default=0), max(settling.quarantined, default=0))
        self._sequences = _later(self._sequences, latest)
        self._changes += 1
        if not self.in_flight:
            self._quiet = self._stand()

    def _stand(self) -> _Stand:
        """Return where the books stand now."""
        counts = Counts(self.received, self.stored, self.duplicates, self.quarantined)
        return _Stand(counts, self._sequences, self._hours.copy())

    def hear(self, entity: str, observed: int, at: float, now: int) -> None:
        """Note that an entity spoke.

        Args:
            entity: Its record's name.
            observed: The observation's time, seconds since 1970 UTC.
            at: When it was heard, on the ledger's clock.
            now: The same, seconds since 1970 UTC.
        """
        # A clock that once ran ahead must not make all that follows look old.
        self._cadence.hear(entity, min(observed, now), at)
        self._last_observed = max(self._last_observed, observed)

    def hearing(self) -> Hearing:
        """Return how the feed is heard now, by its own cadence."""
        return self._cadence.hearing(self._clock())

    def refuse(self, cause: str, reason: str, at: datetime) -> None:
        """Note why a message went to quarantine."""
        self._causes[cause] += 1
        self.fault(reason, at)

    def fault(self, reason: str, at: datetime) -> None:
        """Note what went wrong last."""
        self._error = (reason, at)
        self._changes += 1

    def hinder(self, reason: str, at: datetime) -> None:
        """Note what keeps the feed from reading its source, until it is read again."""
        if self._trouble is not None and self._trouble[0] == reason:
            return
        self._trouble = (reason, self._trouble[1] if self._trouble else at)
        self.fault(reason, at)

    def recover(self) -> None:
        """Note that the source can be read."""
        if self._trouble is not None:
            self._trouble = None
            self._changes += 1

    def spool(self, count: int, size: int) -> None:
        """Note how many records, and bytes, are in the spool."""
        if (count, size) != self._spooled:
            self._spooled = (count, size)
            self._changes += 1

    def snapshot(self, now: datetime) -> Feed:
        """Return the feed's state now."""
        state = self.state
        state.received, state.stored = self.received, self.stored
        state.duplicates, state.quarantined = self.duplicates, self.quarantined
        state.in_flight = self.in_flight
        state.spooled, state.spooled_bytes = self._spooled
        state.settled.CopyFrom(self._quiet.settled())
        state.rate_per_min = self._rate()
        state.updated_at.FromDatetime(now)
        self._tell_hearing(state)
        del state.causes[:]
        for cause, count in self._causes.most_common(_CAUSES_SHOWN):
            state.causes.add(cause=cause, count=count)
        if self._last_received is not None:
            state.last_received_at.FromDatetime(self._last_received)
        if self._last_observed > state.last_observed_at.seconds:
            state.last_observed_at.FromSeconds(self._last_observed)
        if self._error is not None:
            state.last_error = self._error[0]
            state.last_error_at.FromDatetime(self._error[1])
        state.ClearField("trouble")
        state.ClearField("trouble_since")
        if self._trouble is not None:
            state.trouble = self._trouble[0]
            state.trouble_since.FromDatetime(self._trouble[1])
        return state

    def _tell_hearing(self, state: Feed) -> None:
        """Put how the feed is heard into its state."""
        hearing = self.hearing()
        state.freshness = hearing.freshness
        state.entities_expected, state.entities_heard = hearing.expected, hearing.heard
        if hearing.interval is not None:
            state.usual_interval.FromTimedelta(hearing.interval)

    def _rate(self) -> float:
        """Return records a minute over the last minute."""
        oldest = int(self._clock()) - _RATE_WINDOW_S
        while self._recent and self._recent[0][0] <= oldest:
            self._recent.popleft()
        return float(sum(count for _, count in self._recent))


def _later(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return the later of both sequences."""
    return max(one[0], other[0]), max(one[1], other[1])
