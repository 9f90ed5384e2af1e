"""What the schema allows of texts is known without checking a record."""

import pytest

from adapters.sdk.limits import attributes_fit, fit, longest, most, ranges, within
from liandong.weather.v1.weather_pb2 import Observation
from liandong.weather.v1.weather_pb2 import Warning as WarningBody


def test_limits_are_the_schema_s() -> None:
    """A text has so many characters, a list so many items."""
    assert longest(WarningBody, "identifier", "note") == (512, 16_384)
    assert most(WarningBody, "infos") == 128


def test_a_field_without_a_limit_is_a_mistake() -> None:
    """A shape that promises what nobody has set would promise nothing."""
    with pytest.raises(ValueError, match=r"Warning\.state has no max_len"):
        longest(WarningBody, "state")
    with pytest.raises(ValueError, match=r"Warning\.note has no max_items"):
        most(WarningBody, "note")


def test_texts_fit_up_to_their_limits() -> None:
    """Characters count, not bytes."""
    assert fit(("雨雨", ""), (2, 0))
    assert not fit(("雨雨雨", ""), (2, 0))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("k" * 128, "v" * 8192, True),
        ("", "v", False),
        ("k" * 129, "", False),
        ("k", "v" * 8193, False),
    ],
)
def test_attributes_have_a_key_and_limits(key: str, value: str, expected: bool) -> None:
    """An attribute without a key says nothing."""
    assert attributes_fit([("k", ""), (key, value)]) is expected


def test_numbers_that_cannot_be_true_lie_outside() -> None:
    """The bounds are the schema's own; what is not there is within them."""
    bounds = ranges(Observation)

    assert ("humidity_pct", 0, 110) in bounds
    assert within(Observation(humidity_pct=110, wind_direction_deg=360), bounds)
    assert not within(Observation(humidity_pct=140), bounds)
    assert not within(Observation(wind_direction_deg=400), bounds)
    assert not within(Observation(temperature_c=1760), bounds)
    assert not within(Observation(rain_1h_mm=float("nan")), bounds)
