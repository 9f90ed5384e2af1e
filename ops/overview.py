"""A city at a glance: its server, its gateway, its feeds and its streams, at one moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.home import OPS
from broker.plan import stream_name
from broker.users import CHECKPOINTS
from liandong.feed.v1.feed_pb2 import Feed
from ops.city import City
from ops.condition import Condition, condition
from ops.doctor.case import Case
from ops.doctor.finding import UncheckedError

_NEARLY_FULL = 0.8


@dataclass(frozen=True, slots=True)
class FeedGlance:
    """A feed: what it tells of itself, and how it fares; None: it never told."""

    id: str
    told: Feed | None
    fares: Condition


@dataclass(frozen=True, slots=True)
class StreamGlance:
    """A stream: how much it holds, and its limit, bytes."""

    name: str
    messages: int
    bytes: int
    limit: int
    refuses_when_full: bool

    @property
    def well(self) -> bool:
        """Tell whether it will go on taking what comes."""
        return not (self.refuses_when_full and self.bytes > _NEARLY_FULL * self.limit > 0)


@dataclass(frozen=True, slots=True)
class Overview:
    """A city at a glance.

    Attributes:
        city: The city.
        at: When it was looked at, UTC.
        server: The server's version; empty: it cannot be reached.
        trouble: Why the bus or the gateway cannot be asked.
        feeds: Its feeds, those first that want somebody.
        streams: Its streams.
    """

    city: City
    at: datetime
    server: str
    trouble: list[str]
    feeds: list[FeedGlance]
    streams: list[StreamGlance]

    @property
    def well(self) -> bool:
        """Tell whether nobody need look after it."""
        feeds_well = all(feed.fares.well for feed in self.feeds)
        return not self.trouble and feeds_well and all(one.well for one in self.streams)

    def as_object(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "well": self.well,
            "server": self.server,
            "trouble": self.trouble,
            "feeds": [
                {
                    "feed": feed.id,
                    "state": feed.fares.word,
                    "well": feed.fares.well,
                    "rate_per_min": round(feed.told.rate_per_min, 1) if feed.told else None,
                    "received": feed.told.received if feed.told else None,
                    "quarantined": feed.told.quarantined if feed.told else None,
                    "spooled": feed.told.spooled if feed.told else None,
                }
                for feed in self.feeds
            ],
            "streams": [
                {
                    "stream": stream.name,
                    "messages": stream.messages,
                    "bytes": stream.bytes,
                    "limit": stream.limit,
                    "well": stream.well,
                }
                for stream in self.streams
            ],
        }


def look_over(case: Case) -> Overview:
    """Look at a city once; what cannot be asked is told as trouble.

    Raises:
        UncheckedError: If the city file is not right.
    """
    city, trouble = case.city, []
    server, streams = "", []
    try:
        census = case.census
        server = census.version
        trouble += [f"account {name}: {why}" for name, why in sorted(census.trouble.items())]
        streams = [
            StreamGlance(
                # Each account has a bucket of this name.
                f"{one.name} {one.plan.account}" if one.name == CHECKPOINTS else one.name,
                int(one.info["state"]["messages"]),
                int(one.info["state"]["bytes"]),
                int(one.info["config"].get("max_bytes") or 0),
                one.refuses_when_full,
            )
            for one in census.streams
            if one.info is not None
        ]
    except UncheckedError as error:
        trouble.append(str(error))
    feeds: list[FeedGlance] = []
    try:
        told = case.feeds
        for feed in city.feeds:
            if case.agency not in {OPS, feed.agency}:
                continue
            fares = Condition("never ran", "never ran", well=False)
            if feed.id in told:
                fares = condition(told[feed.id], city, case.now)
            feeds.append(FeedGlance(feed.id, told.get(feed.id), fares))
    except UncheckedError as error:
        trouble.append(str(error))
    feeds.sort(key=lambda feed: feed.fares.well)
    streams.sort(key=lambda stream: (stream.well, stream.name not in _first(city), stream.name))
    return Overview(city, case.now, server, trouble, feeds, streams)


def _first(city: City) -> set[str]:
    """Return the streams of records, which are looked at first."""
    return {"CITY", *map(stream_name, city.plan.agencies)}
