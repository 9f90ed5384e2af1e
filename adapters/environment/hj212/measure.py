"""One factor as a measurement: its values, its quality, and what it adds to the body."""

from typing import Final, Literal, NamedTuple

import msgspec

from adapters.environment.hj212.factors import Definition
from adapters.environment.hj212.flags import NORMAL, judge
from adapters.environment.hj212.items import Factor
from adapters.sdk.clock import Clock
from adapters.sdk.numbers import finite
from liandong.environment.v1.environment_pb2 import AVERAGING_INSTANT, Averaging
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_MISSING,
    QUALITY_LEVEL_SUSPECT,
    QUALITY_LEVEL_VALID,
    Measurement,
    QualityLevel,
)

_Value = Literal[
    "value",
    "min",
    "mean",
    "max",
    "total",
    "converted_value",
    "converted_min",
    "converted_mean",
    "converted_max",
]

VALUES: Final[dict[str, _Value]] = {
    "Rtd": "value",
    "Min": "min",
    "Avg": "mean",
    "Max": "max",
    "Cou": "total",
    "Data": "mean",
    "ZsRtd": "converted_value",
    "ZsMin": "converted_min",
    "ZsAvg": "converted_mean",
    "ZsMax": "converted_max",
}
"""Sub-fields that are numbers, and the fields of a measurement that hold them.

``Data`` is the whole day's level of noise, beside which day and night stay as written.
"""

_NO_UNIT: Final = "No table and no configuration gives this factor's unit."


_decode_number: Final = msgspec.json.Decoder(float).decode


class Measured(NamedTuple):
    """A factor, translated."""

    measurement: Measurement
    flag: str
    """The source's own letter."""
    level: QualityLevel.ValueType
    """What its flag and its values make of it, aside from an unknown unit."""
    field: str
    """The typed field it fills, or none."""
    amount: float
    """The value for that field, in that field's unit."""


def number(text: str) -> float | None:
    """Return a finite number written in ASCII digits, or None.

    Numbers that JSON knows are read as the templates read them (``-0`` is 0); beyond
    those, ``+5``, ``.5``, ``5.`` and ``007`` are numbers too.
    """
    try:
        return _decode_number(text)
    except msgspec.DecodeError:
        pass
    return finite(text)


def preferred(averaging: Averaging.ValueType) -> tuple[str, ...]:
    """Return the sub-fields that speak for a factor, the better first."""
    if averaging == AVERAGING_INSTANT:
        return ("Rtd", "Avg")
    return ("Avg", "Data", "Rtd")


def measure(
    factor: Factor,
    definition: Definition,
    averaging: Averaging.ValueType,
    clock: Clock | None = None,
) -> Measured:
    """Translate one factor; what is not a number is kept as text and judged suspect.

    ``clock`` reads SampleTime; without one that stays text.
    """
    measurement = Measurement(
        code=definition.code,
        title=definition.title,
        unit=definition.unit,
        unit_basis=definition.basis,
    )
    notes: list[str] = []
    for name, text in factor.values.items():
        if name in VALUES:
            _put_value(measurement, name, text, notes)
        elif name == "SampleTime":
            _put_sample_time(measurement, text, clock)
        elif name != "Flag":
            measurement.attributes.add(key=name, value=text)
    flag = factor.values.get("Flag", "")
    level = _level(flag, factor, measurement, notes)
    field, amount = "", 0.0
    if definition.field and level == QUALITY_LEVEL_VALID:
        for name in preferred(averaging):
            if measurement.HasField(VALUES[name]):
                field = definition.field
                amount = getattr(measurement, VALUES[name]) * definition.scale
                break
        if field and not definition.bounds[0] <= amount <= definition.bounds[1]:
            field, level = "", QUALITY_LEVEL_SUSPECT
            notes.append(
                f"In {definition.unit} this cannot be: it stands for no value, or is in another "
                "unit, which units in the options would name."
            )
    _put_quality(measurement, level, flag, notes)
    return Measured(measurement, flag, level, field, amount)


def _put_value(measurement: Measurement, name: str, text: str, notes: list[str]) -> None:
    value = number(text)
    if value is not None:
        setattr(measurement, VALUES[name], value)
    elif text:
        notes.append(f"{name} is not a number.")
        if measurement.text:
            measurement.attributes.add(key=name, value=text)
        else:
            measurement.text = text


def _put_sample_time(measurement: Measurement, text: str, clock: Clock | None) -> None:
    sampled = clock.perhaps("SampleTime", text) if clock else None
    if sampled is None:
        measurement.attributes.add(key="SampleTime", value=text)
    else:
        sampled.write(measurement.sampled_at)


def _level(
    flag: str, factor: Factor, measurement: Measurement, notes: list[str]
) -> QualityLevel.ValueType:
    """Judge by the flag first, then by the values, and note why."""
    judgement = judge(flag)
    if judgement is not NORMAL:
        notes.insert(0, judgement.meaning)
        return judgement.level
    if notes:
        return QUALITY_LEVEL_SUSPECT
    expected = factor.values.keys() & VALUES.keys()
    if expected and not any(measurement.HasField(VALUES[name]) for name in expected):
        notes.append("There is no value.")
        return QUALITY_LEVEL_MISSING
    return judgement.level


def _put_quality(
    measurement: Measurement, level: QualityLevel.ValueType, flag: str, notes: list[str]
) -> None:
    if level == QUALITY_LEVEL_VALID:
        if measurement.unit:
            return
        level = QUALITY_LEVEL_SUSPECT
        notes.append(_NO_UNIT)
    measurement.quality.level = level
    measurement.quality.source_flag = flag[:64]
    measurement.quality.note = " ".join(notes)[:512]
