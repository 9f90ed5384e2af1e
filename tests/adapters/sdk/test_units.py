"""Units convert exactly, and only to their like."""

import pytest

from adapters.sdk.units import UnknownUnit, conversion, scale, ucum, units_like


@pytest.mark.parametrize(
    ("written", "unit"),
    [("µg/m³", "ug/m3"), ("厘米", "cm"), ("°C", "Cel"), ("KM/H", "km/h"), ("人/平方米", "/m2")],
)
def test_units_are_understood_as_people_write_them(written: str, unit: str) -> None:
    """In Chinese, with Greek letters and raised digits."""
    assert ucum(written, where="here") == unit


def test_an_unknown_unit_says_whose_it_was() -> None:
    """And which there are."""
    with pytest.raises(UnknownUnit, match=r"here names the unit 'furlong'.*expected one of ug/m3"):
        ucum("furlong", where="here")


@pytest.mark.parametrize(
    ("unit", "target", "value", "converted"),
    [
        ("cm", "m", 1234, 12.34),
        ("km", "m", 1.5, 1500.0),
        ("m", "m", 0.1, 0.1),
        ("K", "Cel", 273.15, 0.0),
        ("Cel", "K", 0.0, 273.15),
        ("[degF]", "Cel", -40.0, -40.0),
        ("[kn_i]", "m/s", 3600.0, 1852.0),
        ("/hm2", "/m2", 20_000.0, 2.0),
    ],
)
def test_values_convert(unit: str, target: str, value: float, converted: float) -> None:
    """One division rounds once."""
    convert = conversion(unit, target)

    assert convert is not None
    assert convert(value) == pytest.approx(converted, rel=1e-15, abs=1e-12)


@pytest.mark.parametrize(("unit", "target"), [("m", "s"), ("m", "?")])
def test_units_of_different_things_do_not_convert(unit: str, target: str) -> None:
    """Nothing turns metres into seconds."""
    assert conversion(unit, target) is None
    assert scale(unit, target) is None


def test_a_unit_with_an_offset_has_no_scale() -> None:
    """Fahrenheit is not so many degrees Celsius."""
    assert scale("[degF]", "Cel") is None
    assert scale("mg/m3", "ug/m3") == 1000.0


def test_units_are_listed_with_their_like() -> None:
    """For those who have to choose."""
    assert units_like("m") == ["m", "mm", "cm", "dm", "km"]
