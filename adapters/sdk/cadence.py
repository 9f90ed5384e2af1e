"""When a feed's entities usually speak, and what is missing when they do not.

Each entity's interval is a decaying maximum of its gaps: a station that sends three
messages on the hour has an interval of an hour, not of a second. A gap far beyond that is
an outage and teaches nothing.
"""

import statistics
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from liandong.feed.v1 import feed_pb2

_REMEMBERED: Final = 20_000
_SAMPLE: Final = 512
_LEARNT: Final = 3
"""Gaps after which an entity's interval is believed."""
_DECAY: Final = 0.1
_OUTAGE: Final = 20.0
_LATE: Final = 3.0
_SILENT: Final = 10.0
_SLACK_S: Final = 2.0
_SHORTEST_SILENCE_S: Final = 60.0
_INCOMPLETE: Final = 0.1


@dataclass(slots=True)
class _Rhythm:
    """One entity's: when it spoke last, its interval in seconds, how many gaps were seen."""

    last: float
    interval: float = 0.0
    gaps: int = 0

    def hear(self, at: float) -> None:
        gap = at - self.last
        self.last = at
        if self.gaps > _LEARNT and self.interval and gap > _OUTAGE * self.interval:
            return
        self.interval = max(gap, self.interval + _DECAY * (gap - self.interval))
        self.gaps += 1

    @property
    def is_known(self) -> bool:
        return self.gaps >= _LEARNT


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a feed is heard now.

    Attributes:
        freshness: In a word.
        interval: How often an entity usually speaks; None: not known yet.
        expected: How many entities have a known interval.
        heard: How many of them spoke within three of their intervals.
    """

    freshness: "feed_pb2.Freshness.ValueType"
    interval: timedelta | None
    expected: int
    heard: int


class Cadence:
    """The rhythms of a feed's entities, the least recent forgotten when there are too many."""

    def __init__(self) -> None:
        self._rhythms: OrderedDict[str, _Rhythm] = OrderedDict()
        self._last = 0.0

    def hear(self, entity: str, at: float) -> None:
        """Note that an entity spoke.

        Args:
            entity: Its name.
            at: When, seconds on a clock that does not jump.
        """
        self._last = at
        rhythm = self._rhythms.get(entity)
        if rhythm is None:
            self._rhythms[entity] = _Rhythm(at)
            if len(self._rhythms) > _REMEMBERED:
                self._rhythms.popitem(last=False)
            return
        rhythm.hear(at)
        self._rhythms.move_to_end(entity)

    def hearing(self, now: float) -> Hearing:
        """Return how the feed is heard.

        Args:
            now: Seconds on the same clock.
        """
        known = [rhythm for rhythm in self._rhythms.values() if rhythm.is_known]
        if not known:
            return Hearing(feed_pb2.FRESHNESS_UNSPECIFIED, None, 0, 0)
        step = max(len(known) // _SAMPLE, 1)
        interval = statistics.median(rhythm.interval for rhythm in known[::step])
        heard = sum(now - one.last <= _LATE * one.interval + _SLACK_S for one in known)
        quiet = now - self._last
        missing = len(known) - heard
        if quiet > max(_SILENT * interval, _SHORTEST_SILENCE_S):
            freshness = feed_pb2.FRESHNESS_SILENT
        elif quiet > _LATE * interval + _SLACK_S:
            freshness = feed_pb2.FRESHNESS_LATE
        elif missing and missing >= _INCOMPLETE * len(known):
            freshness = feed_pb2.FRESHNESS_INCOMPLETE
        else:
            freshness = feed_pb2.FRESHNESS_FRESH
        return Hearing(freshness, timedelta(seconds=interval), len(known), heard)
