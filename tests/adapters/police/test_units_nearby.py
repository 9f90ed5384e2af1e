"""Units near a place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.police.units_nearby import UnitsNearby
from adapters.sdk.responder import NoOptions
from liandong.question.v1.units_nearby_pb2 import UnitsNearbyAnswer, UnitsNearbyQuestion
from liandong.record.v1.record_pb2 import Record
from tests.adapters.own import NOW, POLICE, XINJIEKOU, north, own, record


def car(number: str, metres: float, *, minutes: float = 0.0) -> Record:
    """Make a car so many metres north of Xinjiekou, seen so many minutes ago."""
    return record(
        "police",
        "traffic.vehicle",
        number,
        at=datetime.now(UTC) - timedelta(minutes=minutes),
        where=north(metres),
        vehicle_id=number,
        type=8,
        speed_m_s=3.0,
    )


def team(number: str, metres: float) -> Record:
    """Make a team, reported a month ago."""
    return record(
        "police",
        "response.team",
        number,
        at=NOW - timedelta(days=30),
        where=north(metres),
        team_id=number,
        title=f"team {number}",
        skills=["water rescue"],
    )


def ask(*units: Record, **question: Any) -> UnitsNearbyAnswer:
    """Ask the department."""
    asked = UnitsNearbyQuestion(**{"near": XINJIEKOU, "radius_m": 5_000, **question})
    return UnitsNearby(NoOptions(), own(*units)).units_nearby(asked, POLICE)


def test_units_are_told_nearest_first() -> None:
    """Cars and teams together, with their distance and the age of their position."""
    answer = ask(car("c", 3_000), team("t", 2_000), car("a", 100), car("away", 6_000))

    assert [one.unit_id for one in answer.units] == ["a", "t", "c"]
    assert answer.units[0].distance_m == pytest.approx(100, abs=0.5)
    assert (answer.units[0].speed_m_s, list(answer.units[1].skills)) == (3.0, ["water rescue"])
    assert all(one.HasField("observed_at") for one in answer.units)


def test_an_old_position_is_none_but_is_counted() -> None:
    """Fifteen minutes unless the question says otherwise; teams stay where they are."""
    units = car("old", 10, minutes=16), car("new", 10, minutes=14), team("t", 10)

    usual, patient = ask(*units), ask(*units, max_age={"seconds": 1200})

    assert ([one.unit_id for one in usual.units], usual.too_old) == (["t", "new"], 1)
    assert (len(patient.units), patient.too_old) == (3, 0)


def test_a_limit_leaves_the_furthest_out_and_counts_them() -> None:
    """So that nobody takes the list for all there are."""
    answer = ask(*(car(f"c{number}", number * 100) for number in range(5)), limit=2)

    assert ([one.unit_id for one in answer.units], answer.left_out) == (["c0", "c1"], 3)
