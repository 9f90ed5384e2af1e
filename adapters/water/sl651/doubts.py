"""How far a record may be trusted, by its time, its values, and what the station says of itself."""

from typing import Final

from adapters.sdk.adapter import VALID
from adapters.water.sl651.codes import ALARMS
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.water.v1 import water_pb2 as water

_SUSPECT: Final = quantity.QUALITY_LEVEL_SUSPECT
_MISSING: Final = quantity.QUALITY_LEVEL_MISSING
_FLOW_FAULT, _LEVEL_FAULT = ALARMS[5], ALARMS[6]
_FAULTS: Final = {
    _FLOW_FAULT: {"flow_m3_s", "velocity_m_s"},
    _LEVEL_FAULT: {"level_m", "downstream_level_m", "groundwater_depth_m"},
}
"""Faults of table 58 and the fields that they make doubtful."""
_EMPTY: Final = quantity.Quality(level=_MISSING, note="the station has no value")
_NAMED: Final = 8
"""How many values without a number a note names."""
_NO_VALUES: Final = frozenset(
    {
        "station_id",
        "station_title",
        "station_type",
        "occasion",
        "datum",
        "warning_level_m",
        "guaranteed_level_m",
        "supply_voltage_v",
        "alarms",
        "measurements",
        "series",
    }
)
"""Fields that say something beside what was observed, and those that are looked into."""


def quality_at(note: str) -> quantity.Quality:
    """Return the quality of what only its time makes doubtful; an empty note: nothing does."""
    return quantity.Quality(level=_SUSPECT, note=note) if note else VALID


def quality_of(
    body: water.Level | water.Rainfall | water.WaterQuality, note: str
) -> quantity.Quality:
    """Judge a record: valid, suspect with its doubts named, or without any value.

    A value that is missing beside others is no doubt: many stations report sensors that they
    do not have.

    Args:
        body: Its body.
        note: Why its time is doubtful; empty: it is not.
    """
    doubts = [note] if note else []
    without = [one for one in body.measurements if one.HasField("quality")]
    has_values = _has_values(body)
    if has_values:
        without = [one for one in without if one.quality.level != _MISSING]
    if without:
        shown = ", ".join(one.code for one in without[:_NAMED])
        more = ", ..." if len(without) > _NAMED else ""
        doubts.append(f"there is no valid value of {shown}{more}")
    present = {field.name for field, _ in body.ListFields()}
    doubts += [
        f"the station says: {fault}"
        for fault, fields in _FAULTS.items()
        if fault in body.alarms and present & fields
    ]
    if not doubts:
        return VALID if has_values else _EMPTY
    levels = {one.quality.level for one in without}
    level = levels.pop() if len(levels) == 1 and not note and not has_values else _SUSPECT
    return quantity.Quality(level=level, note="; ".join(doubts)[:512])


def _has_values(body: water.Level | water.Rainfall | water.WaterQuality) -> bool:
    """Tell whether any value of a record is one."""
    if any(field.name not in _NO_VALUES for field, _ in body.ListFields()):
        return True
    if any(not one.HasField("quality") for one in body.measurements):
        return True
    if isinstance(body, water.WaterQuality):
        return False
    return any(step.HasField("value") for one in body.series for step in one.steps)
