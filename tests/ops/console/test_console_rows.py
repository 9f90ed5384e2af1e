"""Records as the map and the page show them."""

import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from liandong.record.v1.record_pb2 import Record
from ops.console.details import details
from ops.console.rows import _SAYS, row_of

_BODIES = [field.name for field in Record.DESCRIPTOR.oneofs_by_name["body"].fields]
_RING = [
    {"latitude_deg": latitude, "longitude_deg": longitude}
    for latitude, longitude in ((32, 118), (32, 119), (33, 119), (32, 118))
]


def row(body: dict[str, Any], location: dict[str, Any] | None = None) -> list[Any]:
    """Return the row of a record with a body."""
    record = ParseDict({"name": "a/b.c/d", "location": location or {}, **body}, Record())
    decoded: list[Any] = json.loads(row_of(record))
    return decoded


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"water_level": {"station_title": "Q", "level_m": 8}}, ["Q", "8.00", "m", 0]),
        ({"water_level": {"level_m": 8, "warning_level_m": 7.9}}, ["d", "8.00", "m", 3]),
        ({"water_level": {"level_m": 8, "guaranteed_level_m": 8}}, ["d", "8.00", "m", 4]),
        ({"water_rainfall": {"station_id": "R", "last_1h_mm": 50}}, ["R", "50.0", "mm/h", 4]),
        ({"environment_air": {"pm2_5_ug_m3": 80}}, ["d", "80", "µg/m³", 1]),
        ({"incident": {"type": "fire", "level": 1}}, ["fire", "I", "", 4]),
        ({"incident": {"type": "fire", "level": 1, "lifecycle": 5}}, ["fire", "I", "", 0]),
        ({"weather_warning": {"event": "storm", "color": 1}}, ["storm", "", "", 4]),
        ({"weather_warning": {"event": "storm", "color": 1, "state": 3}}, ["storm", "", "", 0]),
        ({"traffic_crowd": {"place_title": "P", "present": 9, "capacity": 10}}, ["P", "9", "", 3]),
        ({"health_facility": {"title": "H", "ambulance_status": 3}}, ["H", "", "", 4]),
    ],
)
def test_a_row_says_what_matters_most(body: dict[str, Any], said: list[Any]) -> None:
    """Title, the one value, its unit, and how grave it is."""
    assert row(body)[4:8] == said


@pytest.mark.parametrize("body", _BODIES)
def test_every_kind_has_a_row_and_details_even_when_it_says_nothing(body: str) -> None:
    """A sparse record is drawn like any other."""
    record = Record(name="a/b.c/d")
    getattr(record, body).SetInParent()

    assert body in _SAYS
    assert json.loads(row_of(record))[:3] == ["a/b.c/d", None, None]
    assert details(record) == []


def test_a_warning_without_a_point_lies_in_the_middle_of_its_areas() -> None:
    """Its rings and circles are in the row, to be drawn."""
    warning = {"weather_warning": {"event": "e"}}
    ring = row(warning, {"areas": [{"polygons": [{"points": _RING}]}]})
    circle = {"center": _RING[0], "radius_m": 500}
    round_one = row(warning, {"areas": [{"circles": [circle]}]})

    assert ring[1:3] == [32.25, 118.5]
    assert ring[9]["p"] == [[[32, 118], [32, 119], [33, 119], [32, 118]]]
    assert round_one[1:3] == [32, 118]
    assert round_one[9]["o"] == [[32, 118, 500]]


def test_details_have_units_words_and_measurements() -> None:
    """Values under the schema's names; enums without their prefix; codes with their titles."""
    record = ParseDict(
        {
            "name": "a/b.c/d",
            "classification": "CLASSIFICATION_INTERNAL",
            "water_level": {
                "flow_m3_s": 12.5,
                "measurements": [{"code": "39", "title": "stage", "value": 3.5, "unit": "m"}],
            },
            "provenance": {"raw_sha256": "AAE="},
        },
        Record(),
    )

    parts = [(part["part"], part["rows"]) for part in details(record)]

    assert parts == [
        ("record", [["classification", "INTERNAL", "", "enum"]]),
        ("provenance", [["raw_sha256", "0001", "", "bytes"]]),
        ("water_level", [["flow_m3_s", 12.5, "m³/s", "number"]]),
        ("water_level.measurements", [["stage 39", "3.5", "m", ""]]),
    ]
