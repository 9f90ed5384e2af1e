"""The books of a feed: received = stored + duplicates + quarantined + in flight.

The counts are published with the feed's state. When the adapter is killed, what it
counted after its last quiet moment is lost with it; on start the ledger goes on from the
counts of that moment and counts the later records in JetStream itself.
"""

import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from liandong.feed.v1.feed_pb2 import Feed, Settled

_RATE_WINDOW_S = 60.0


class Ledger:
    """Counts of one feed, and the state that tells them.

    Args:
        state: The feed's state, with the counts to go on from in ``settled``.
    """

    def __init__(self, state: Feed) -> None:
        self.state = state
        self._settled = Settled()
        self._settled.CopyFrom(state.settled)
        self.received = state.settled.received
        self.stored = state.settled.stored
        self.duplicates = state.settled.duplicates
        self.quarantined = state.settled.quarantined
        self.in_flight = 0
        self._stream_sequence = state.settled.stream_sequence
        self._quarantine_sequence = state.settled.quarantine_sequence
        self._last_received: datetime | None = None
        self._last_observed = 0
        self._error: tuple[str, datetime] | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._changes = 0

    @property
    def version(self) -> int:
        """Return a number that grows with every change."""
        return self._changes

    def receive(self, count: int, at: datetime) -> None:
        """Count records that arrived."""
        self.received += count
        self.in_flight += count
        self._last_received = at
        self._recent.append((time.monotonic(), count))
        self._changes += 1

    def settle(
        self,
        *,
        stored: Iterable[int] = (),
        duplicates: int = 0,
        quarantined: Iterable[int] = (),
        withdrawn: int = 0,
    ) -> None:
        """Count what became of records.

        Args:
            stored: Sequences of those stored.
            duplicates: How many were known already.
            quarantined: Sequences of those in quarantine.
            withdrawn: How many could not be settled; the sender will send them again,
                and they count as not received.
        """
        kept, held = list(stored), list(quarantined)
        self.stored += len(kept)
        self.duplicates += duplicates
        self.quarantined += len(held)
        self.received -= withdrawn
        self.in_flight -= len(kept) + duplicates + len(held) + withdrawn
        self._stream_sequence = max((self._stream_sequence, *kept))
        self._quarantine_sequence = max((self._quarantine_sequence, *held))
        self._changes += 1
        if not self.in_flight:
            self._settled = Settled(
                received=self.received,
                stored=self.stored,
                duplicates=self.duplicates,
                quarantined=self.quarantined,
                stream_sequence=self._stream_sequence,
                quarantine_sequence=self._quarantine_sequence,
            )

    def observed(self, seconds: int) -> None:
        """Note an observation's time, seconds since 1970 UTC."""
        self._last_observed = max(self._last_observed, seconds)

    def fault(self, reason: str, at: datetime) -> None:
        """Note why a message went to quarantine, or why none come."""
        self._error = (reason, at)
        self._changes += 1

    def snapshot(self, now: datetime) -> Feed:
        """Return the feed's state now."""
        state = self.state
        state.received, state.stored = self.received, self.stored
        state.duplicates, state.quarantined = self.duplicates, self.quarantined
        state.in_flight = self.in_flight
        state.settled.CopyFrom(self._settled)
        state.rate_per_min = self._rate()
        state.updated_at.FromDatetime(now)
        if self._last_received is not None:
            state.last_received_at.FromDatetime(self._last_received)
        if self._last_observed > state.last_observed_at.seconds:
            state.last_observed_at.FromSeconds(self._last_observed)
        if self._error is not None:
            state.last_error = self._error[0]
            state.last_error_at.FromDatetime(self._error[1])
        return state

    def _rate(self) -> float:
        """Return records a minute over the last minute."""
        oldest = time.monotonic() - _RATE_WINDOW_S
        while self._recent and self._recent[0][0] < oldest:
            self._recent.popleft()
        return float(sum(count for _, count in self._recent))
