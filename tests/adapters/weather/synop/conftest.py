"""An adapter of surface reports on an evening in November, and what it reads."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.weather.sites import Site
from adapters.weather.synop import Synop, SynopOptions, SynopReport
from liandong.record.v1.record_pb2 import Record

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

    def read(bulletin: bytes) -> list[Translated]:
        decoder = synop.decoder()
        found: list[Translated] = []
        for message in [*decoder.feed(bulletin), *decoder.close()]:
            assert isinstance(message, SynopReport), message
            found += synop.translate(message)
        return found

    return read


@pytest.fixture
def record(translated: Callable[[bytes], list[Translated]]) -> Callable[[str], Record]:
    """Return a reader of one report."""

    def read(report: str) -> Record:
        (one,) = translated(report.encode())
        return one.record

    return read
