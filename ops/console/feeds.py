"""How feeds fare, as the page shows it: the last few minutes of each rate remembered."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from liandong.feed.v1.feed_pb2 import Feed
from ops.city import City
from ops.condition import condition

_REMEMBERED: Final = 90


class FeedBook:
    """The feeds that one department may see, and their rates over the last minutes.

    Args:
        city: The city.
        configured: Feeds that are expected by the city file, by name; one that never told
            anything is shown as such.
    """

    def __init__(self, city: City, configured: Iterable[str]) -> None:
        self._city = city
        self._configured = sorted(configured)
        self._rates: dict[str, deque[float]] = {}
        self._before: dict[str, tuple[datetime, int]] = {}
        self.frame = _frame([])

    def take(self, feeds: list[Feed]) -> None:
        """Take how feeds fare now."""
        now = datetime.now(UTC)
        rows = [self._row(feed, now) for feed in feeds]
        known = {feed.name for feed in feeds}
        rows += [
            {"name": name, "agency": name.partition("/")[0], "word": "never", "well": False}
            for name in self._configured
            if name not in known
        ]
        self.frame = _frame(sorted(rows, key=lambda row: str(row["name"])))

    def _row(self, feed: Feed, now: datetime) -> dict[str, Any]:
        """Return one feed's row."""
        rates = self._rates.setdefault(feed.name, deque(maxlen=_REMEMBERED))
        rates.append(self._rate(feed, now))
        fares = condition(feed, self._city, now)
        row = {
            "name": feed.name,
            "agency": feed.agency,
            "adapter": feed.adapter,
            "address": feed.address,
            "word": fares.word,
            "sentence": fares.sentence,
            "well": fares.well,
            "received": feed.received,
            "stored": feed.stored,
            "duplicates": feed.duplicates,
            "quarantined": feed.quarantined,
            "spooled": feed.spooled,
            "rate": round(feed.rate_per_min, 1),
            "rates": list(rates),
            "causes": [[cause.cause, cause.count] for cause in feed.causes],
        }
        if feed.HasField("last_received_at"):
            row["last"] = feed.last_received_at.seconds
        if feed.last_error:
            row |= {"error": feed.last_error, "error_at": feed.last_error_at.seconds}
        return row

    def _rate(self, feed: Feed, now: datetime) -> float:
        """Return how many records a minute came since it was looked at before."""
        then, had = self._before.get(feed.name, (now, feed.received))
        self._before[feed.name] = (now, feed.received)
        minutes = (now - then).total_seconds() / 60
        if not minutes:
            return round(feed.rate_per_min, 1)
        return round(max(feed.received - had, 0) / minutes, 1)


def _frame(rows: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"t": "feeds", "feeds": rows})
