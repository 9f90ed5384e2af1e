"""Published dispatch records go through the adapter."""

import os
from collections.abc import Callable
from pathlib import Path

import protovalidate
import pytest

from adapters.police.incident_csv import IncidentCsv
from adapters.sdk.adapter import Translated

FEEDS = Path(os.environ.get("LIANDONG_FEEDS", Path(__file__).parents[5] / "shared" / "feeds"))
SAMPLE = FEEDS / "cad-911" / "montgomery_911_part1.csv"

pytestmark = pytest.mark.skipif(
    not SAMPLE.is_file(), reason=f"no sample {SAMPLE}; set LIANDONG_FEEDS"
)


def test_every_row_is_a_record_or_a_duplicate(
    make: Callable[..., IncidentCsv],
    read: Callable[[IncidentCsv, bytes], list[Translated]],
) -> None:
    """The sample holds eight rows twice; none is lost, all are valid."""
    file = SAMPLE.read_bytes()

    found = read(make(preset="montgomery-911"), file)

    for translated in found:
        protovalidate.validate(translated.record)
    distinct = {translated.message_id for translated in found}
    rows = file.splitlines()
    assert len(found) == len(rows) == 1500
    assert len(distinct) == len(set(rows)) == 1492
    assert len({translated.record.name for translated in found}) == len(distinct)


def test_times_are_those_of_the_county(
    make: Callable[..., IncidentCsv],
    read: Callable[[IncidentCsv, bytes], list[Translated]],
) -> None:
    """Local time without a zone: in January five hours behind UTC."""
    (first,) = read(make(preset="montgomery-911"), SAMPLE.read_bytes().splitlines()[0])

    assert first.record.incident.reported_at.ToJsonString() == "2016-01-15T17:01:00Z"
