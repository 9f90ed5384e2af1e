"""Which district lies in which, by their codes."""

import pytest

from broker.districts import district_prefix, in_districts


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("320000", "32"),
        ("320100", "3201"),
        ("320102", "320102"),
        ("3201", "3201"),
        ("320102001", "320102001"),
        ("320102000", "320102"),
        ("320100000000", "3201"),
        ("320102000000", "320102"),
        ("320102001000", "320102001"),
        ("320102001013", "320102001013"),
        ("320110", "320110"),
    ],
)
def test_a_code_less_its_zeros_is_what_all_below_it_begin_with(code: str, prefix: str) -> None:
    """However many levels it is written with, and no zero of a level that is one is lost."""
    assert district_prefix(code) == prefix


@pytest.mark.parametrize("code", ["320102", "320102000", "320102000000", "320100", "320000"])
def test_a_district_lies_in_itself_and_in_what_is_above_however_that_is_written(code: str) -> None:
    """Not in its neighbour."""
    assert in_districts("320102", [code])
    assert in_districts("320102001013", [code])
    assert not in_districts("330102", [code])
    assert in_districts("320104", [code]) == (code in {"320100", "320000"})
