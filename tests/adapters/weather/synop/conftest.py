"""An adapter of surface reports on an evening in November, and what it reads."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.weather.sites import Site
from adapters.weather.synop import Synop, SynopOptions
from tests.adapters.weather.reading import reader_of

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
NANJING = Site(title="南京", latitude=31.93, longitude=118.9, district="320115")


class _Synop(Synop):
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def synop() -> Synop:
    """Return an adapter as the city configures it."""
    feed = FeedConfig(
        id="weather.synop", adapter="weather/synop", agency="weather", source="drop:inbox/synop"
    )
    return _Synop(feed, SynopOptions(sites={"58238": NANJING}))


@pytest.fixture
def translated(synop: Synop) -> Callable[[bytes], list[Translated]]:
    """Return a reader of good bulletins."""
    return reader_of(synop)
