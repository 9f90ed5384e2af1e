"""One factor as a measurement: its values, its quality, and what it adds to the body."""

import math
from typing import Final, NamedTuple

from adapters.environment.hj212.clock import Clock
from adapters.environment.hj212.factors import Definition
from adapters.environment.hj212.flags import NORMAL, judge
from adapters.environment.hj212.items import Factor
from adapters.sdk.errors import Untranslatable
from liandong.environment.v1 import environment_pb2 as environment
from liandong.quantity.v1 import quantity_pb2 as quantity

VALUES: Final = {
    "Rtd": "value",
    "Min": "min",
    "Avg": "mean",
    "Max": "max",
    "Cou": "total",
    "ZsRtd": "converted_value",
    "ZsMin": "converted_min",
    "ZsAvg": "converted_mean",
    "ZsMax": "converted_max",
}
"""Sub-fields that are numbers, and the fields of a measurement that hold them."""

NO_UNIT: Final = "No table and no configuration gives this factor's unit."


class Measured(NamedTuple):
    """A factor, translated."""

    measurement: quantity.Measurement
    flag: str
    """The source's own letter."""
    level: quantity.QualityLevel
    """What its flag and its values make of it, aside from an unknown unit."""
    field: str
    """The typed field it fills, or none."""
    amount: float
    """The value for that field, in that field's unit."""


def number(text: str) -> float | None:
    """Return a finite number written in ASCII digits, or None."""
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def preferred(averaging: environment.Averaging) -> tuple[str, str]:
    """Return the sub-fields that speak for a factor, the better first."""
    if averaging == environment.AVERAGING_INSTANT:
        return ("Rtd", "Avg")
    return ("Avg", "Rtd")


def measure(
    factor: Factor,
    definition: Definition,
    averaging: environment.Averaging,
    clock: Clock | None = None,
) -> Measured:
    """Translate one factor; what is not a number is kept as text and judged suspect.

    ``clock`` reads SampleTime; without one that stays text.
    """
    measurement = quantity.Measurement(
        code=definition.code,
        title=definition.title,
        unit=definition.unit,
        unit_basis=definition.basis,
    )
    flag, notes = "", list[str]()
    missing = False
    for name, text in factor.values.items():
        if name in VALUES:
            value = number(text)
            if value is not None:
                setattr(measurement, VALUES[name], value)
            elif text:
                notes.append(f"{name} is not a number.")
                _keep_text(measurement, name, text)
            else:
                missing = True
        elif name == "Flag":
            flag = text
        elif name == "SampleTime":
            _sampled(measurement, text, clock)
        else:
            measurement.attributes.add(key=name, value=text)
    judgement = judge(flag)
    level = judgement.level
    if judgement is not NORMAL and judgement.meaning:
        notes.insert(0, f"{judgement.meaning[0].upper()}{judgement.meaning[1:]}.")
    elif notes:
        level = quantity.QUALITY_LEVEL_SUSPECT
    elif missing and not any(measurement.HasField(field) for field in _NUMBERS):
        level = quantity.QUALITY_LEVEL_MISSING
        notes.append("There is no value.")
    stated = level
    if not definition.unit and level == quantity.QUALITY_LEVEL_VALID:
        stated = quantity.QUALITY_LEVEL_SUSPECT
        notes.append(NO_UNIT)
    if stated != quantity.QUALITY_LEVEL_VALID:
        measurement.quality.level = stated
        measurement.quality.source_flag = flag[:64]
        measurement.quality.note = " ".join(notes)[:512]
    field, amount = "", 0.0
    if definition.field and level == quantity.QUALITY_LEVEL_VALID:
        for name in preferred(averaging):
            if measurement.HasField(VALUES[name]):  # type: ignore[arg-type]
                field = definition.field
                amount = getattr(measurement, VALUES[name]) * definition.scale
                break
    return Measured(measurement, flag, level, field, amount)


_NUMBERS: Final = tuple(VALUES.values())


def _keep_text(measurement: quantity.Measurement, name: str, text: str) -> None:
    if measurement.text:
        measurement.attributes.add(key=name, value=text)
    else:
        measurement.text = text


def _sampled(measurement: quantity.Measurement, text: str, clock: Clock | None) -> None:
    if clock is not None:
        try:
            measurement.sampled_at.FromDatetime(clock.utc("SampleTime", text))
        except Untranslatable:
            pass
        else:
            return
    measurement.attributes.add(key="SampleTime", value=text)
