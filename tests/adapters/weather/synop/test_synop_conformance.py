"""Recorded test vectors, and some of them read by hand."""

from pathlib import Path

import protovalidate
import pytest

from adapters.sdk.errors import Untranslatable
from adapters.weather.synop import Synop, SynopReport
from liandong.record.v1.record_pb2 import Record

FILE = "pymetdecoder_synop.txt"


def _records(synop: Synop, folder: Path) -> tuple[dict[str, Record], dict[str, Untranslatable]]:
    """Return the records and the refusals, by report."""
    records: dict[str, Record] = {}
    refused: dict[str, Untranslatable] = {}
    decoder = synop.decoder()
    data = (folder / "synop" / FILE).read_bytes()
    for message in [*decoder.feed(data), *decoder.close()]:
        assert isinstance(message, SynopReport)
        try:
            (translated,) = synop.translate(message)
        except Untranslatable as refusal:
            refused[message.text] = refusal
        else:
            records[message.text] = translated.record
    return records, refused


def test_every_sample_is_a_valid_record_or_refused(synop: Synop, feeds_folder: Path) -> None:
    """The one refused names no station: a group is missing where it should stand."""
    records, refused = _records(synop, feeds_folder)

    lines = (feeds_folder / "synop" / FILE).read_text().splitlines()
    assert set(records) | set(refused) == {line.strip() for line in lines}
    assert [refusal.cause for refusal in refused.values()] == ["station"]
    for record in records.values():
        protovalidate.validate(record)
    print(f"\n{FILE}: {len(lines)} = {len(records)} records + {len(refused)} refused")


@pytest.mark.parametrize(
    ("begin", "time", "fields"),
    [
        (
            "AAXX 01004 88889",
            "2026-11-01T00:00:00Z",
            {
                "wind_direction_deg": 150,
                "wind_speed_m_s": 3.087,
                "temperature_c": 9.4,
                "dew_point_c": 4.7,
                "station_pressure_hpa": 1011.1,
                "sea_level_pressure_hpa": 1019.7,
                "rain_6h_mm": 0,
                "cloud_cover_oktas": 6,
                "visibility_m": 40000,
            },
        ),
        (
            "OOXX AAATN",
            "2026-11-18T21:00:00Z",
            {
                "wind_direction_deg": 120,
                "wind_speed_m_s": 9.774,
                "temperature_c": -25.9,
                "station_pressure_hpa": 833.8,
                "sea_level_pressure_hpa": 977.8,
            },
        ),
        (
            "AAXX 21121 15001",
            "2026-11-21T12:00:00Z",
            {
                "wind_direction_deg": 290,
                "wind_speed_m_s": 31,
                "temperature_c": 10.3,
                "dew_point_c": -9.0,
                "station_pressure_hpa": 976.5,
                "rain_6h_mm": 7,
                "visibility_m": 1500,
                "cloud_cover_oktas": 3,
            },
        ),
        (
            "AAXX 25064 04018",
            "2026-10-25T06:00:00Z",
            {
                "wind_direction_deg": 310,
                "wind_speed_m_s": 10.289,
                "cloud_cover_oktas": 4,
                "visibility_m": 70000,
            },
        ),
        (
            "AAXX 24121 80110",
            "2026-11-24T12:00:00Z",
            {
                "wind_speed_m_s": 1,
                "temperature_c": 17.3,
                "dew_point_c": 17.3,
                "station_pressure_hpa": 851.2,
                "rain_24h_mm": 0,
                "visibility_m": 15000,
                "cloud_cover_oktas": 7,
            },
        ),
    ],
)
def test_reports_say_what_a_person_reads(
    synop: Synop, feeds_folder: Path, begin: str, time: str, fields: dict[str, float]
) -> None:
    """Read by eye from WMO-No. 306; no other number is stated."""
    records, _ = _records(synop, feeds_folder)
    record = next(one for text, one in records.items() if text.startswith(begin))

    body = record.weather_observation
    assert record.observed_at.ToJsonString() == time
    stated = {
        field.name: value for field, value in body.ListFields() if isinstance(value, float | int)
    }
    assert stated == fields
