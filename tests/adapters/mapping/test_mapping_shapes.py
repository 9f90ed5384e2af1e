"""Rows' records that have one shape are judged alike by the schema."""

import json
from collections.abc import Callable
from typing import Any

import protovalidate
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.mapping import MappedTable, MappingOptions, Row
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.translation import Translation

HAZARDS = {
    "kind": "safety.hazard",
    "entity": "{id}",
    "coordinate_system": "bd09",
    "format": {"type": "json_lines"},
    "fields": {
        "observed_at": {"column": "at", "format": "unix"},
        "body.number": "number",
        "body.description": "text",
        "body.grade": {"column": "grade", "otherwise": "UNSPECIFIED"},
        "location.district": "district",
        "location.point": {"latitude": "north", "longitude": "east"},
    },
}
LEVELS = {
    "kind": "water.level",
    "entity": "{id}",
    "format": {"type": "json_lines"},
    "fields": {
        "observed_at": {"column": "at", "format": "unix"},
        "body.station_id": "id",
        "body.level_m": {"column": "level", "unit": "km"},
    },
}
KEPT = {
    "kind": "incident.report",
    "entity": "{id}",
    "attributes": ["kept"],
    "format": {"type": "json_lines"},
    "fields": {"observed_at": {"column": "at", "format": "unix"}, "body.number": "id"},
}
UNITS = {
    "kind": "incident.report",
    "entity": "{id}",
    "format": {"type": "json_lines"},
    "fields": {
        "observed_at": {"column": "at", "format": "unix"},
        "body.number": "id",
        "body.units.call_sign": "units",
    },
}
GOOD = {"id": "A", "at": 1_782_900_000, "number": "A"}
HAZARD = {
    **GOOD,
    "text": "x",
    "grade": "MAJOR",
    "district": "320102",
    "north": 32.0,
    "east": 118.7,
}


def adapter(mapping: dict[str, Any]) -> MappedTable:
    """Return an adapter of a mapping."""
    feed = FeedConfig(id="t.tables", adapter="mapping", agency="t", source="drop:inbox")
    return MappedTable(feed, MappingOptions(mapping=mapping))


def translated(table: MappedTable, row: dict[str, Any]) -> Translated | None:
    """Return a row's record; None: a value fills no field."""
    decoder = table.decoder()
    (found,) = [*decoder.feed(json.dumps(row, ensure_ascii=False).encode()), *decoder.close()]
    assert isinstance(found, Row), found
    try:
        (one,) = table.translate(found)
    except Untranslatable:
        return None
    return one


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "number": st.sampled_from(["", "1", "1" * 128, "1" * 129]),
            "text": st.sampled_from(["", "字" * 16_384, "字" * 16_385]),
            "grade": st.sampled_from(["MAJOR", "GENERAL", "?"]),
            "district": st.sampled_from(["320102", "320103001", "32"]),
            "north": st.sampled_from([0.0, 32.0, -90.0, 90.0]),
            "east": st.sampled_from([0.0, 118.0, -180.0, 180.0]),
        },
    )
)
@example({"north": -90.0, "east": -180.0})
def test_a_hazard_of_the_shape_of_a_valid_one_is_valid(changed: dict[str, Any]) -> None:
    """Texts about their bounds, words, a pattern, points that a shift takes over the pole."""
    table = adapter(HAZARDS)
    good = translated(table, HAZARD)
    assert good is not None
    assert good.shape is not None

    found = translated(table, {**HAZARD, **changed})

    if found is not None and found.shape == good.shape:
        assert not protovalidate.collect_violations(found.record)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1.7e308)
def test_a_level_of_the_shape_of_a_valid_one_is_valid(level: float) -> None:
    """A conversion may leave what a double holds."""
    table = adapter(LEVELS)
    good = translated(table, {**GOOD, "level": 1.5})
    assert good is not None
    assert good.shape is not None

    found = translated(table, {**GOOD, "level": level})

    if found is not None and found.shape == good.shape:
        assert not protovalidate.collect_violations(found.record)


def test_rows_that_differ_within_the_bounds_have_one_shape() -> None:
    """So the schema is asked once for a table of them."""
    table = adapter(HAZARDS)

    shapes = {
        found.shape
        for number in range(100)
        if (found := translated(table, {**HAZARD, "number": f"N{number}", "text": "y" * number}))
    }

    # An empty description is told from one that is there.
    assert len(shapes) == 2


@pytest.mark.parametrize(("size", "is_short"), [(1, True), (8192, True), (8193, False)])
def test_an_attribute_longer_than_the_schema_takes_has_no_shape(size: int, is_short: bool) -> None:
    """So the schema refuses it by name."""
    found = translated(adapter(KEPT), {**GOOD, "kept": "z" * size})

    assert found is not None
    assert (found.shape is not None) is is_short
    assert bool(protovalidate.collect_violations(found.record)) is not is_short


def test_a_field_of_several_entries_has_no_shape() -> None:
    """A list of any length is left to the schema."""
    found = translated(adapter(UNITS), {**GOOD, "units": "a,b"})

    assert found is not None
    assert found.shape is None


def test_a_number_beyond_its_bounds_has_no_shape(make: Callable[[str], MappedTable]) -> None:
    """A wind from 400 degrees is refused, also after many rows that were right."""
    table = make(
        'kind = "weather.observation"\nentity = "{s}"\n[format]\ntype = "csv"\n[fields]\n'
        'observed_at = "t"\nbody.station_id = "s"\nbody.wind_direction_deg = "d"\n'
    )
    decoder, translation = table.decoder(), Translation(table)
    rows = decoder.feed(b"s,t,d\n1,2025-07-01 00:00,0\n1,2025-07-01 00:00,360\n")
    (wrong,) = decoder.feed(b"1,2025-07-01 00:00,400\n")

    accepted = [translation.of(row) for row in rows]
    records, refused = translation.of(wrong)

    assert [one for _, one in accepted] == [None, None]
    assert len({records[0].shape for records, _ in accepted}) == 1
    assert not records
    assert refused is not None
    assert "wind_direction_deg: is 400.0" in refused.reason
