"""Recorded reports, and ten of them read by hand."""

from collections import Counter
from pathlib import Path
from typing import Any

import protovalidate
import pytest

from adapters.sdk.adapter import Translated
from adapters.weather.metar import MetarReport, MetarReports
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID

FILES = {"cn_airports.txt": 15, "cn_pymetaf_cases.txt": 23}

# Read by eye from the reports, by annex 3 alone: time (day of the latest month before
# 24 November 2026 that has it), wind, gusts, visibility, weather, cloud in hundreds of feet
# (30.48 m), temperatures, QNH, trend, RVR.
BY_HAND: dict[str, dict[str, Any]] = {
    "METAR ZYAS 250500Z 21009G14MPS": {
        "at": "2026-10-25T05:00:00Z", "wind": (210, 9, 14), "vis": 6000, "wx": [],
        "cloud": [("NSC", None, "")], "t": (18, 8), "q": 1018, "trend": "NOSIG",
    },
    "METAR ZSNJ 030500Z": {
        "at": "2026-11-03T05:00:00Z", "wind": (240, 2, None), "vis": 1000, "wx": ["BR"],
        "cloud": [("FEW", 152.4, "")], "t": (15, 14), "q": 1017, "trend": "NOSIG",
        "rvr": {"RVR 06": 1300, "RVR 07": 1300},
    },
    "METAR VHHH 250630Z": {
        "at": "2026-10-25T06:30:00Z", "wind": (300, 4.63, None), "vis": 10000, "wx": [],
        "cloud": [("FEW", 670.6, "")], "t": (26, 16), "q": 1015, "trend": "NOSIG",
    },
    "METAR ZBAA 311400Z": {
        "at": "2026-10-31T14:00:00Z", "wind": (10, 2, None), "vis": 10000, "wx": [],
        "cloud": [], "t": (14, 12), "q": 1009, "trend": "NOSIG",
    },
    "METAR ZUUU 160930Z": {
        "at": "2026-11-16T09:30:00Z", "wind": (10, 4, None), "vis": 5000, "wx": ["-SHRA", "BR"],
        "cloud": [("FEW", 182.9, ""), ("FEW", 792.5, "CB"), ("SCT", 792.5, "")],
        "t": (23, 23), "q": 1001, "trend": "NOSIG",
    },
    "METAR ZSYC 242300Z": {
        "at": "2026-10-24T23:00:00Z", "wind": (260, 1, None), "vis": 150, "wx": ["FG"],
        "cloud": [("VV", 91.4, "")], "t": (10, 9), "q": 1024, "trend": "NOSIG",
        "rvr": {"RVR 06": 200},
    },
    "SPECI ZUUU 160837Z": {
        "at": "2026-11-16T08:37:00Z", "wind": (20, 4, None), "vis": 3500, "wx": ["SHRA", "BR"],
        "cloud": [("FEW", 182.9, ""), ("FEW", 792.5, "CB"), ("SCT", 792.5, "")],
        "t": (25, 25), "q": 1001, "trend": "BECMG TL0930 -SHRA",
    },
    "METAR RCKH 160600Z": {
        "at": "2026-11-16T06:00:00Z", "wind": (None, 1.543, None), "vis": 2500,
        "wx": ["SHRA", "BR"],
        "cloud": [("SCT", 91.4, ""), ("BKN", 182.9, ""), ("OVC", 609.6, "")],
        "t": (26, 26), "q": 1008, "trend": "TEMPO 5000 -SHRA",
    },
    "METAR ZYQQ 081700Z": {
        "at": "2026-11-08T17:00:00Z", "wind": (None, None, None), "vis": None, "wx": [],
        "cloud": [], "t": (-5, -7), "q": 1006, "trend": "",
    },
    "METAR ZSHC 080200Z": {
        "at": "2026-11-08T02:00:00Z", "wind": (340, 5, None), "vis": 7000, "wx": ["-SN"],
        "cloud": [("BKN", 1219.2, "")], "t": (3, -3), "q": 1038, "trend": "NOSIG",
    },
}  # fmt: skip


def _translated(metar: MetarReports, file: Path) -> list[Translated]:
    decoder = metar.decoder()
    found: list[Translated] = []
    for message in [*decoder.feed(file.read_bytes()), *decoder.close()]:
        assert isinstance(message, MetarReport)
        found += metar.translate(message)
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_sample_becomes_a_valid_record(
    metar: MetarReports, feeds_folder: Path, file: str
) -> None:
    """One a line, each understood whole."""
    found = _translated(metar, feeds_folder / "metar" / file)

    assert len(found) == FILES[file]
    for one in found:
        protovalidate.validate(one.record)
        assert one.record.quality.level == QUALITY_LEVEL_VALID
    stations = Counter(one.record.weather_observation.station_id for one in found)
    print(f"\n{file}: {len(found)} records of {len(stations)} aerodromes, 0 in quarantine")


@pytest.mark.parametrize("begin", BY_HAND)
def test_ten_reports_say_what_a_person_reads(
    metar: MetarReports, feeds_folder: Path, begin: str
) -> None:
    """The expectation was written from the report, not from a decoder."""
    expected = BY_HAND[begin]
    found = [one for file in FILES for one in _translated(metar, feeds_folder / "metar" / file)]

    record = next(o.record for o in found if o.record.weather_observation.report.startswith(begin))

    body = record.weather_observation
    assert record.observed_at.ToJsonString() == expected["at"]
    wind = [
        getattr(body, name) if body.HasField(name) else None
        for name in ("wind_direction_deg", "wind_speed_m_s", "wind_gust_m_s")
    ]
    assert tuple(wind) == expected["wind"]
    assert (body.visibility_m if body.HasField("visibility_m") else None) == expected["vis"]
    assert list(body.present_weather) == expected["wx"]
    assert [
        (one.cover, one.base_m if one.HasField("base_m") else None, one.type)
        for one in body.cloud_layers
    ] == expected["cloud"]
    assert (body.temperature_c, body.dew_point_c) == expected["t"]
    assert body.sea_level_pressure_hpa == expected["q"]
    words = {one.code: one.text for one in body.measurements}
    assert words.get("trend", "") == expected["trend"]
    visual = {one.code: one.value for one in body.measurements if one.code.startswith("RVR")}
    assert visual == expected.get("rvr", {})


def test_the_hand_read_ones_are_ten() -> None:
    """As many as were asked for."""
    assert len(BY_HAND) == 10
