"""Shifted coordinates become WGS-84."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.coordinates import (
    CoordinateSystem,
    bd09_from_gcj02,
    gcj02_from_wgs84,
    to_wgs84,
)

NANJING = (32.0415, 118.7674)
NANJING_GCJ02 = (32.0394612, 118.7726185)
NANJING_BD09 = (32.0455097, 118.7791048)


def test_the_forward_shifts_agree_with_known_values() -> None:
    """Values worked out independently, to a centimetre."""
    assert gcj02_from_wgs84(*NANJING) == pytest.approx(NANJING_GCJ02, abs=1e-7)
    assert bd09_from_gcj02(*NANJING_GCJ02) == pytest.approx(NANJING_BD09, abs=1e-7)


@pytest.mark.parametrize(
    ("system", "point"),
    [
        (CoordinateSystem.WGS84, NANJING),
        (CoordinateSystem.GCJ02, NANJING_GCJ02),
        (CoordinateSystem.BD09, NANJING_BD09),
    ],
)
def test_the_way_back_finds_the_point(system: CoordinateSystem, point: tuple[float, float]) -> None:
    """From each system the same place comes out."""
    assert to_wgs84(*point, system) == pytest.approx(NANJING, abs=2e-7)


@given(st.floats(20, 50), st.floats(75, 130))
def test_there_and_back_is_exact_all_over_china(latitude: float, longitude: float) -> None:
    """Iteration leaves less than 1e-9 degrees."""
    gcj02 = gcj02_from_wgs84(latitude, longitude)

    for system, shifted in (
        (CoordinateSystem.GCJ02, gcj02),
        (CoordinateSystem.BD09, bd09_from_gcj02(*gcj02)),
    ):
        assert to_wgs84(*shifted, system) == pytest.approx((latitude, longitude), abs=1e-9)


def test_points_abroad_are_not_shifted() -> None:
    """GCJ-02 is WGS-84 outside mainland China."""
    assert to_wgs84(51.5, -0.1, CoordinateSystem.GCJ02) == (51.5, -0.1)
