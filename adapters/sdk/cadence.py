"""When a feed's entities usually speak, and what is missing when they do not.

An entity speaks when it has an observation that is newer than all before: one that repeats
its last reading, or sends what it has missed from newest to oldest, says nothing of now.
What it says within a second is one word. Its interval is the second longest of its last
eight gaps: three messages on the hour make an hour, one outage is no habit, and a new habit
is learnt after two of its gaps.
"""

import statistics
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from liandong.feed.v1 import feed_pb2

_REMEMBERED: Final = 20_000
_SAMPLE: Final = 512
_LEARNT: Final = 3
"""Gaps after which an entity's interval is believed."""
_GAPS: Final = 8
_WORD_S: Final = 1.0
_LATE: Final = 3.0
_SILENT: Final = 10.0
_SLACK_S: Final = 2.0
_SHORTEST_SILENCE_S: Final = 60.0
_INCOMPLETE: Final = 0.1


@dataclass(slots=True)
class _Rhythm:
    """One entity's: its newest observation, when it spoke, and its interval, in seconds."""

    observed: int
    last: float
    word: float
    gaps: list[float] = field(default_factory=list)
    interval: float = 0.0

    def hear(self, observed: int, at: float) -> None:
        self.observed = observed
        self.last = at
        gap = at - self.word
        if gap < _WORD_S:
            return
        self.word = at
        self.gaps.append(gap)
        del self.gaps[:-_GAPS]
        self.interval = sorted(self.gaps)[-2:][0]

    @property
    def is_known(self) -> bool:
        return len(self.gaps) >= _LEARNT


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

    def hear(self, entity: str, observed: int, at: float) -> None:
        """Note an observation of an entity.

        Args:
            entity: Its name.
            observed: The observation's time, whole seconds.
            at: When it came, seconds on a clock that does not jump.
        """
        rhythm = self._rhythms.get(entity)
        if rhythm is None:
            self._rhythms[entity] = _Rhythm(observed, at, at)
            if len(self._rhythms) > _REMEMBERED:
                self._rhythms.popitem(last=False)
        elif observed > rhythm.observed:
            rhythm.hear(observed, at)
            self._rhythms.move_to_end(entity)
        else:
            return
        self._last = at

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
