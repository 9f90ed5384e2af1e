"""Mappings of our own making, and the adapter that runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.mapping import MappedTable, MappingOptions, Row
from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig

HAZARDS = """\
kind = "safety.hazard"
entity = "{编号}"

[format]
type = "csv"

[fields]
observed_at = "时间"
body.number = "编号"
body.description = "描述"
"""
LEVELS = """\
kind = "water.level"
entity = "{station}"

[format]
type = "json_lines"

[fields]
observed_at = { column = "at", format = "unix" }
body.station_id = "station"
"""
Make = Callable[[str], MappedTable]
Read = Callable[[MappedTable, bytes], list[Translated]]


def feed_of(folder: Path, agency: str = "safety") -> FeedConfig:
    """Return a feed whose mapping lies in a folder."""
    return FeedConfig(
        id=f"{agency}.tables",
        adapter="mapping",
        agency=agency,
        source="drop:inbox",
        district="320100",
        folder=str(folder),
    )


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a maker of adapters from the text of a mapping file."""

    def adapter(text: str) -> MappedTable:
        (tmp_path / "x.mapping.toml").write_text(text, encoding="utf-8")
        return MappedTable(feed_of(tmp_path), MappingOptions(file="x.mapping.toml"))

    return adapter


@pytest.fixture
def read() -> Read:
    """Return a reader of tables whose rows are all good: their records, in order."""

    def records(adapter: MappedTable, table: bytes) -> list[Translated]:
        decoder = adapter.decoder()
        found: list[Translated] = []
        for row in [*decoder.feed(table), *decoder.close()]:
            assert isinstance(row, Row), row
            found += adapter.translate(row)
        return found

    return records
