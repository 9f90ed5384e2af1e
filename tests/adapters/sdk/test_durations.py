"""Durations in classes."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.durations import BOUNDS_S, Durations


@given(st.lists(st.tuples(st.floats(-1, 100), st.integers(0, 500))))
def test_each_duration_is_in_the_class_of_the_next_bound(noted: list[tuple[float, int]]) -> None:
    """One that is as long as a bound is within it; a clock that went back counts as no time."""
    durations = Durations()
    for seconds, count in noted:
        durations.note(seconds, count)

    for number, bound in enumerate(BOUNDS_S):
        within = sum(count for seconds, count in noted if seconds <= bound)
        assert sum(durations.counts[: number + 1]) == within
    assert sum(durations.counts) == sum(count for _, count in noted)
    assert durations.total_s >= 0
