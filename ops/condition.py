"""How a feed fares, in words: by what its adapter told last, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from liandong.feed.v1.feed_pb2 import (
    FEED_STATE_RUNNING,
    FRESHNESS_INCOMPLETE,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
    FeedState,
)
from ops.city import City
from ops.screen import local

# An adapter tells its state every half minute at least.
_UNHEARD: Final = timedelta(seconds=100)
# What is away for a moment is tried again, and nobody need look after it.
_PATIENCE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a feed fares.

    Attributes:
        word: In a word or two.
        sentence: In a phrase.
        well: Whether nobody need look after it.
    """

    word: str
    sentence: str
    well: bool


def condition(feed: Feed, city: City, now: datetime) -> Condition:
    """Return how a feed fares.

    Args:
        feed: Its state as its adapter told it last.
        city: In whose zone times are shown.
        now: The time, UTC.
    """
    if feed.state != FEED_STATE_RUNNING:
        word = FeedState.Name(feed.state).removeprefix("FEED_STATE_").lower()
        return Condition(word, "does not run", well=False)
    told = feed.updated_at.ToDatetime(UTC)
    if now - told > _UNHEARD:
        return Condition("unheard", f"not heard of since {local(told, city)}", well=False)
    last = (
        f"last received {local(feed.last_received_at.ToDatetime(UTC), city)}"
        if feed.HasField("last_received_at")
        else "received nothing yet"
    )
    if feed.spooled:
        last += f"; {feed.spooled:,} spooled, {feed.spooled_bytes / 1e6:.1f} MB"
    if feed.trouble:
        since = feed.trouble_since.ToDatetime(UTC)
        sentence = f"hindered since {local(since, city)}: {feed.trouble}; {last}"
        return Condition("hindered", sentence, well=now - since < _PATIENCE)
    return _heard(feed, last)


def _heard(feed: Feed, last: str) -> Condition:
    """Return how a feed that reads its source is heard."""
    usual = f"an entity speaks every {_spoken(feed.usual_interval.ToTimedelta())}"
    if feed.freshness == FRESHNESS_SILENT:
        return Condition("silent", f"silent, and {usual}; {last}", well=False)
    if feed.freshness == FRESHNESS_LATE:
        return Condition("late", f"late, for {usual}; {last}", well=True)
    if feed.freshness == FRESHNESS_INCOMPLETE:
        some = f"{feed.entities_heard} of {feed.entities_expected}"
        return Condition(some, f"{some} entities are heard; {last}", well=True)
    return Condition("running", last, well=True)


def _spoken(interval: timedelta) -> str:
    """Return an interval as people say it."""
    seconds = interval.total_seconds()
    for name, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.2g} {name}"
    return f"{seconds:.2g} s"
