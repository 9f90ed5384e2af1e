"""The counts of a feed by the hour in which messages arrived."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple, Self

from liandong.feed.v1.feed_pb2 import HourCount

HOUR_S: Final = 3600
KEPT_HOURS: Final = 48
"""Of how many hours the counts are kept."""


def hour_at(moment: datetime) -> int:
    """Return the hour of a moment, counted since 1970 UTC."""
    return int(moment.timestamp()) // HOUR_S


class Counts(NamedTuple):
    """What became of the records that arrived in a span of time."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0


class Hours:
    """Counts of the last 48 hours, by hours since 1970 UTC.

    Args:
        counts: What to go on from.
    """

    def __init__(self, counts: dict[int, Counts] | None = None) -> None:
        self.counts = counts or {}

    @classmethod
    def of(cls, told: Iterable[HourCount]) -> Self:
        """Take up counts as a feed's state tells them."""
        return cls(
            {
                one.start_at.seconds // HOUR_S: Counts(
                    one.received, one.stored, one.duplicates, one.quarantined
                )
                for one in told
            }
        )

    def add(self, hour: int, more: Counts) -> None:
        """Add to the counts of an hour; negative where something is taken back."""
        held = self.counts.get(hour)
        if held is not None:
            self.counts[hour] = Counts(*map(sum, zip(held, more, strict=True)))
            return
        self.counts[hour] = more
        while len(self.counts) > KEPT_HOURS:
            del self.counts[min(self.counts)]

    def add_all(self, more: "Hours") -> None:
        """Add all counts of others."""
        for hour in sorted(more.counts):
            self.add(hour, more.counts[hour])

    def copy(self) -> "Hours":
        """Return what stays as it is now."""
        return Hours(dict(self.counts))

    def told(self) -> list[HourCount]:
        """Return the counts as a feed's state tells them, oldest first."""
        found = []
        for hour in sorted(self.counts):
            count = HourCount(**self.counts[hour]._asdict())
            count.start_at.FromSeconds(hour * HOUR_S)
            found.append(count)
        return found
