"""An adapter of aerodrome reports on an evening in November, and what it reads."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.weather.metar import MetarOptions, MetarReport, MetarReports
from adapters.weather.sites import Site
from liandong.record.v1.record_pb2 import Record

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

    def read(bulletin: bytes) -> list[Translated]:
        decoder = metar.decoder()
        found: list[Translated] = []
        for message in [*decoder.feed(bulletin), *decoder.close()]:
            assert isinstance(message, MetarReport), message
            found += metar.translate(message)
        return found

    return read


@pytest.fixture
def record(translated: Callable[[bytes], list[Translated]]) -> Callable[[str], Record]:
    """Return a reader of one report."""

    def read(report: str) -> Record:
        (one,) = translated(report.encode())
        return one.record

    return read
