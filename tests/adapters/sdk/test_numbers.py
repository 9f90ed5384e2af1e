"""Numbers of legacy formats: what is none is refused with its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.numbers import number, whole_number


@pytest.mark.parametrize(
    "text", ["", "1_0", "١٢", "\uff13.2", "nan", "inf", "-Infinity", "1e999", "high", "1,5", "0x10"]
)
def test_what_only_python_takes_is_no_number(text: str) -> None:
    """Field, value and what was expected are told."""
    with pytest.raises(Untranslatable) as refused:
        number("metres", text, "a number of metres")

    assert str(refused.value) == f"metres is {text!r}, expected a number of metres"


@pytest.mark.parametrize("text", ["", "1_0", "١٢", "3.0", "-1", "256", "+", "9" * 5000, " 1"])
def test_what_lies_outside_is_no_whole_number(text: str) -> None:
    """The bounds are told with it."""
    with pytest.raises(Untranslatable, match="expected a whole number from 0 to 255"):
        whole_number("beds", text, most=255)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**19), 10**19))
def test_every_number_is_read_as_it_was_written(real: float, integer: int) -> None:
    """Signs, exponents and sizes."""
    assert number("x", repr(real)) == real
    assert whole_number("x", str(integer), least=-(10**19), most=10**19) == integer
