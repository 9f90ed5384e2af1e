"""Exports of our own making, and the adapter that reads them."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.police.incident_csv import IncidentCsv, IncidentCsvOptions, IncidentRow
from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig, options_of

Make = Callable[..., IncidentCsv]


@pytest.fixture
def make() -> Make:
    """Return a maker of adapters with options, as a city file gives them."""

    def adapter(**options: Any) -> IncidentCsv:
        feed = FeedConfig(
            id="police.incidents",
            adapter="police/incident_csv",
            agency="police",
            source="drop:inbox/police",
            district="320100",
            options=options,
        )
        return IncidentCsv(feed, options_of(feed, "options", IncidentCsvOptions))

    return adapter


@pytest.fixture
def read() -> Callable[[IncidentCsv, bytes], list[Translated]]:
    """Return a reader of files whose rows are all good: their records, in order."""

    def records(adapter: IncidentCsv, file: bytes) -> list[Translated]:
        decoder = adapter.decoder()
        found: list[Translated] = []
        for row in [*decoder.feed(file), *decoder.close()]:
            assert isinstance(row, IncidentRow), row
            found += adapter.translate(row)
        return found

    return records
