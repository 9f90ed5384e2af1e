"""How old what feeds bring is, told with every answer: silence is not calm.

An adapter tells how its feed is heard, by the feed's own cadence. What it told last grows
old when it dies, or its bus does, so the gateway goes on counting from there.
"""

import time
from collections.abc import Iterable

from broker.varint import varint
from liandong.feed.v1.feed_pb2 import (
    FEED_STATE_UNSPECIFIED,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
)
from liandong.gateway.v1.shared_state_pb2 import FeedAge

_NANO = 1_000_000_000
_CONTINUED = 0x80
# As the adapters judge (adapters.sdk.cadence).
_LATE = 3
_SILENT = 10
_SHORTEST_SILENCE_NS = 60 * _NANO
# An adapter tells its state every half minute at least.
_UNHEARD_NS = 100 * _NANO


class FeedAges:
    """The feeds of the city, and how old what they bring is."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._sized: dict[str, bytes] = {}
        self._second = 0

    def take(self, feed: Feed) -> None:
        """Take what an adapter tells of its feed."""
        self._feeds[feed.name] = feed
        self._sized.pop(feed.name, None)

    def told(self, name: str) -> bytes:
        """Return a feed's age, encoded; empty: it was never heard of."""
        for sized in self.sized((name,)):
            return sized[1 if sized[0] < _CONTINUED else 2 :]
        return b""

    def sized(self, names: Iterable[str]) -> list[bytes]:
        """Return each feed's age, encoded, after its length; nothing of those never heard of.

        Args:
            names: The feeds, ``<agency>/<feed id>``.
        """
        now_ns = time.time_ns()
        if now_ns // _NANO != self._second:
            self._second = now_ns // _NANO
            self._sized.clear()
        found = []
        for name in names:
            sized = self._sized.get(name)
            if sized is None:
                feed = self._feeds.get(name)
                if feed is None:
                    continue
                encoded = age_of(feed, now_ns).SerializeToString()
                sized = self._sized[name] = varint(len(encoded)) + encoded
            found.append(sized)
        return found


def age_of(feed: Feed, now_ns: int) -> FeedAge:
    """Return how old what a feed brings is.

    Args:
        feed: What its adapter told last.
        now_ns: The time, nanoseconds since 1970 UTC.
    """
    age = FeedAge(
        feed=feed.name,
        freshness=feed.freshness,
        entities_expected=feed.entities_expected,
        entities_heard=feed.entities_heard,
        state=feed.state,
    )
    for field in ("last_observed_at", "usual_interval"):
        if feed.HasField(field):
            getattr(age, field).CopyFrom(getattr(feed, field))
    if feed.HasField("last_received_at"):
        silence_ns = max(now_ns - feed.last_received_at.ToNanoseconds(), 0)
        age.age.FromNanoseconds(silence_ns)
        usual_ns = feed.usual_interval.ToNanoseconds()
        if usual_ns and silence_ns >= max(_SILENT * usual_ns, _SHORTEST_SILENCE_NS):
            age.freshness = FRESHNESS_SILENT
        elif usual_ns and silence_ns >= _LATE * usual_ns and age.freshness != FRESHNESS_SILENT:
            age.freshness = FRESHNESS_LATE
    if now_ns - feed.updated_at.ToNanoseconds() > _UNHEARD_NS:
        age.state, age.freshness = FEED_STATE_UNSPECIFIED, FRESHNESS_SILENT
    return age
