"""Recorded answers of the Water Services, beside an independent reading of them."""

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import protovalidate
import pytest

from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.water.nwis import Nwis, NwisOptions
from liandong.record.v1.record_pb2 import Record


def _records(file: Path) -> list[Record]:
    """Return all records of a file, valid ones; nothing of it may be refused."""
    feed = FeedConfig(id="water.nwis", adapter="water/nwis", agency="water", source="drop:in")
    nwis = Nwis(feed, NwisOptions())
    decoder = nwis.decoder()
    records = []
    for message in [*decoder.feed(file.read_bytes()), *decoder.close()]:
        assert not isinstance(message, Undecodable), message
        records += [one.record for one in nwis.translate(message)]
    for record in records:
        protovalidate.validate(record)
    return records


@pytest.fixture
def samples(feeds_folder: Path) -> Path:
    """Return the folder of samples."""
    return feeds_folder / "usgs-nwis"


@pytest.mark.parametrize(
    ("file", "fields"),
    [("waterservices_iv.txt", {"flow_m3_s", "level_m"}), ("waterservices_dv.txt", {"flow_m3_s"})],
)
def test_every_value_is_in_a_record(samples: Path, file: str, fields: set[str]) -> None:
    """Read with the json module: each value, its time in UTC, converted by hand."""
    factors = {"00060": ("flow_m3_s", 0.3048**3), "00065": ("level_m", 0.3048)}
    expected: dict[tuple[str, str, str], float] = {}
    empty = 0
    for series in json.loads((samples / file).read_text())["value"]["timeSeries"]:
        _, site, parameter, statistic = series["name"].split(":")
        (values,) = series["values"]
        empty += not values["value"]
        for value in values["value"]:
            time = datetime.fromisoformat(value["dateTime"])
            if time.tzinfo is None:
                time = time.replace(tzinfo=timezone(timedelta(hours=-5)))
            entity = site if statistic == "00000" else f"{site}:daily"
            field, factor = factors[parameter]
            moment = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            expected[entity, moment, field] = float(value["value"]) * factor

    records = _records(samples / file)

    found = {
        (record.name.rpartition("/")[2], record.observed_at.ToJsonString(), field): getattr(
            record.water_level, field
        )
        for record in records
        for field in fields
        if record.water_level.HasField(field)  # type: ignore[arg-type]
    }
    assert found == pytest.approx(expected, rel=1e-8)
    assert all(record.location.HasField("point") for record in records)
    print(
        f"\n{file}: {len(expected)} values in {len(records)} records, 0 in quarantine; "
        f"{empty} series without values"
    )


def test_every_site_is_a_record(samples: Path) -> None:
    """Read with the csv module: each cell, and the place."""
    lines = (samples / "waterservices_site.txt").read_text().splitlines()
    table = [line for line in lines if not line.startswith("#")]
    rows = list(csv.DictReader(table, delimiter="\t"))[1:]

    records = _records(samples / "waterservices_site.txt")

    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        said = {one.key: one.value for one in record.station_report.attributes}
        assert said == {name: cell.strip() for name, cell in row.items()}
        point = record.location.point
        assert point.latitude_deg == float(row["dec_lat_va"])
        assert point.longitude_deg == float(row["dec_long_va"])
        assert point.altitude_m == pytest.approx(float(row["alt_va"]) * 0.3048, abs=1e-4)
        assert record.observed_at.ToJsonString() == "2020-02-14T18:17:02Z"
    print(f"\nwaterservices_site.txt: {len(rows)} sites, {len(records)} records")
