"""An adapter of aerodrome reports on an evening in November, and what it reads."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.weather.metar import MetarOptions, MetarReports
from adapters.weather.sites import Site
from tests.adapters.weather.reading import reader_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LUKOU = Site(
    title="南京禄口", latitude=31.742, longitude=118.862, altitude_m=14.9, district="320115"
)


class _MetarReports(MetarReports):
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def metar() -> MetarReports:
    """Return an adapter as the city configures it."""
    feed = FeedConfig(
        id="weather.metar", adapter="weather/metar", agency="weather", source="drop:inbox/metar"
    )
    return _MetarReports(feed, MetarOptions(sites={"ZSNJ": LUKOU}))


@pytest.fixture
def translated(metar: MetarReports) -> Callable[[bytes], list[Translated]]:
    """Return a reader of good bulletins."""
    return reader_of(metar)
