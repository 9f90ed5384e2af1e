"""The body of a record, and what may be trusted of it as a whole."""

from collections.abc import Sequence
from typing import Final

from adapters.environment.hj212.codes import AIR, DISCHARGE, Subject
from adapters.environment.hj212.measure import Measured
from liandong.environment.v1 import environment_pb2 as environment
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.water.v1 import water_pb2 as water

Body = environment.Air | environment.Discharge | water.WaterQuality

_VALID: Final = quantity.QUALITY_LEVEL_VALID
_SUSPECT: Final = quantity.QUALITY_LEVEL_SUSPECT
_MISSING: Final = quantity.QUALITY_LEVEL_MISSING
_NAMED: Final = 8
"""How many doubtful factors a note names."""


def body_of(
    subject: Subject,
    st: str,
    averaging: environment.Averaging.ValueType,
    measured: Sequence[Measured],
) -> Body:
    """Return a body without the station's number; of two factors for a field the first counts."""
    body: Body
    if subject.kind == AIR:
        body = environment.Air(station_type=st, averaging=averaging)
    elif subject.kind == DISCHARGE:
        body = environment.Discharge(station_type=st, averaging=averaging, medium=subject.medium)
    else:
        body = water.WaterQuality(station_type=st, averaging=averaging)
    for one in measured:
        if one.field and not body.HasField(one.field):  # type: ignore[arg-type]
            setattr(body, one.field, one.amount)
    body.measurements.extend(one.measurement for one in measured)
    return body


def quality_of(measured: Sequence[Measured], doubt: str) -> quantity.Quality:
    """Judge a record by its values' flags: all alike, or suspect with the exceptions named.

    A factor without a unit is doubtful by itself and does not weigh on the others.
    """
    if not measured:
        return quantity.Quality(level=_MISSING, note=doubt or "The message carries no factor.")
    flags = {one.flag for one in measured}
    flag = flags.pop() if len(flags) == 1 else ""
    levels = {one.level for one in measured}
    if levels == {_VALID}:
        return quantity.Quality(
            level=_SUSPECT if doubt else _VALID, source_flag=flag[:64], note=doubt
        )
    doubtful = [one for one in measured if one.level != _VALID]
    note = f"{len(doubtful)} of {len(measured)} values are not valid: "
    note += ", ".join(map(_named, doubtful[:_NAMED]))
    if len(doubtful) > _NAMED:
        note += ", ..."
    level = levels.pop() if len(levels) == 1 and not doubt else _SUSPECT
    return quantity.Quality(
        level=level, source_flag=flag[:64], note=f"{doubt} {note}.".strip()[:512]
    )


def _named(one: Measured) -> str:
    return f"{one.measurement.code} ({one.flag})" if one.flag else one.measurement.code


def state_each(measured: Sequence[Measured]) -> None:
    """Write each value's own quality, for it is not the record's."""
    for one in measured:
        if not one.measurement.HasField("quality"):
            one.measurement.quality.level = one.level
            one.measurement.quality.source_flag = one.flag[:64]
