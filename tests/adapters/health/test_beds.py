"""Free beds out of what hospitals reported."""

from typing import Any

import pytest

from adapters.health.beds import Beds
from adapters.sdk.responder import NoOptions
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion
from liandong.record.v1.record_pb2 import Record
from tests.adapters.own import NOW_NS, POLICE, XINJIEKOU, north, own, record


def hospital(number: str, metres: float | None, *, district: str = "320102", **free: int) -> Record:
    """Make a hospital so many metres north of Xinjiekou, with free beds by type."""
    return record(
        "health",
        "health.facility",
        number,
        where=None if metres is None else north(metres),
        district=district,
        facility_id=number,
        title=f"hospital {number}",
        beds=[{"bed_type": kind, "available": count} for kind, count in free.items()],
    )


CITY = (
    hospital("near", 500, AdultICU=0, Burn=9),
    hospital("far", 5_000, AdultICU=4),
    hospital("further", 20_000, district="320115", AdultICU=7, Burn=1),
    hospital("unplaced", None, AdultICU=2),
)


def ask(**question: Any) -> BedsAnswer:
    """Ask the department."""
    return Beds(NoOptions(), own(*CITY)).beds(BedsQuestion(**question), POLICE)


def numbers(answer: BedsAnswer) -> list[str]:
    """Return the hospitals in an answer."""
    return [one.facility_id for one in answer.facilities]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({}, ["near", "further", "far", "unplaced"]),
        ({"bed_types": ["adulticu"]}, ["further", "far", "unplaced", "near"]),
        ({"bed_types": ["AdultICU"], "min_free": 1}, ["further", "far", "unplaced"]),
        ({"near": XINJIEKOU}, ["near", "far", "further", "unplaced"]),
        ({"near": XINJIEKOU, "radius_m": 5_001}, ["near", "far"]),
        ({"district": "320115"}, ["further"]),
        ({"district": "3201"}, ["near", "further", "far", "unplaced"]),
        ({"bed_types": ["Pediatric"]}, []),
    ],
)
def test_facilities_are_chosen_and_ordered(question: dict[str, Any], expected: list[str]) -> None:
    """By type, place and number; the nearest or the freest first."""
    assert numbers(ask(**question)) == expected


def test_a_row_says_how_far_how_many_and_how_old() -> None:
    """Only beds of the types that were asked for are told."""
    (row, *_) = ask(near=north(100), bed_types=["Burn"], radius_m=1_000).facilities

    assert row.distance_m == pytest.approx(400, abs=1)
    assert [(bed.bed_type, bed.available) for bed in row.beds] == [("Burn", 9)]
    assert row.observed_at.ToNanoseconds() == NOW_NS
    assert row.record == "health/health.facility/near"
