"""Outlets over their limit, from their loggers' latest readings (HJ 212).

The readings do not say what is allowed: that is in each outlet's permit, so the limits are
configured, for all outlets and for single ones.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from adapters.sdk.answers import Caller, answers
from adapters.sdk.nearby import distance_m
from adapters.sdk.responder import Responder
from liandong.environment.v1.environment_pb2 import Discharge
from liandong.question.v1.discharge_nearby_pb2 import (
    DischargeNearbyAnswer,
    DischargeNearbyQuestion,
    Exceedance,
    OutletOverLimit,
)
from liandong.record.v1.record_pb2 import Record

_DISCHARGE: Final = "environment.discharge"
_MOST: Final = 500
_FIELDS: Final = frozenset(
    field.name
    for field in Discharge.DESCRIPTOR.fields
    if field.cpp_type == field.CPPTYPE_DOUBLE and not field.is_repeated
)


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is allowed, in the unit of the field.

    Attributes:
        max: Not more than this; None: any amount.
        min: Not less than this; None: as little as may be.
        basis: Where it comes from, for example ``GB 18918-2002 1A``.
    """

    max: float | None = None
    min: float | None = None
    basis: str = ""


Limits = dict[str, Limit]


class DischargeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What outlets may discharge.

    Attributes:
        limits: By field of `Discharge`, for example ``cod_mg_l``, for all outlets.
        outlets: By outlet's number, what holds in place of those.
    """

    limits: Limits = {}
    outlets: dict[str, Limits] = {}

    def __post_init__(self) -> None:
        """Refuse limits of what is not measured."""
        for limits in (self.limits, *self.outlets.values()):
            for name in limits:
                if name not in _FIELDS:
                    known = ", ".join(sorted(_FIELDS))
                    raise ValueError(f"there is no {name!r} to limit; there are: {known}")


class DischargeNearby(Responder[DischargeOptions]):
    """Answers `DischargeNearbyQuestion` from ``environment.discharge`` records."""

    options_type = DischargeOptions
    follows = (_DISCHARGE,)

    @answers(DischargeNearbyQuestion)
    def discharge_nearby(
        self, question: DischargeNearbyQuestion, caller: Caller
    ) -> DischargeNearbyAnswer:
        """Return the outlets over their limit, nearest first."""
        del caller
        answer = DischargeNearbyAnswer()
        found = []
        for record, away in self._within(question):
            answer.outlets_within += 1
            limits = self._limits(record.environment_discharge)
            if not limits:
                answer.outlets_not_judged += 1
            exceedances = [*_exceedances(record.environment_discharge, limits)]
            if exceedances:
                found.append(_row(record, away, exceedances))
        found.sort(key=lambda row: (row.distance_m, row.record))
        answer.outlets.extend(found[:_MOST])
        answer.left_out = max(len(found) - _MOST, 0)
        return answer

    def _within(self, question: DischargeNearbyQuestion) -> Iterator[tuple[Record, float]]:
        """Yield the outlets that are meant, with their distance."""
        for record in self.records(_DISCHARGE):
            if not record.location.HasField("point"):
                continue
            if question.medium and record.environment_discharge.medium != question.medium:
                continue
            away = distance_m(question.near, record.location.point)
            if away <= question.radius_m:
                yield record, away

    def _limits(self, discharge: Discharge) -> Limits:
        """Return the limits of what an outlet reports."""
        limits = self.options.limits | self.options.outlets.get(discharge.outlet_id, {})
        reported = {field.name for field, _ in discharge.ListFields()}
        return {name: limit for name, limit in limits.items() if name in reported}


def _exceedances(discharge: Discharge, limits: Mapping[str, Limit]) -> Iterator[Exceedance]:
    """Yield the values beyond their limits."""
    for name, limit in limits.items():
        value = getattr(discharge, name)
        if limit.max is not None and value > limit.max:
            yield Exceedance(field=name, value=value, limit=limit.max, basis=limit.basis)
        elif limit.min is not None and value < limit.min:
            yield Exceedance(field=name, value=value, limit=limit.min, basis=limit.basis)


def _row(record: Record, away: float, exceedances: list[Exceedance]) -> OutletOverLimit:
    """Return what is told of an outlet."""
    discharge = record.environment_discharge
    return OutletOverLimit(
        record=record.name,
        outlet_id=discharge.outlet_id,
        title=record.location.address,
        medium=discharge.medium,
        point=record.location.point,
        distance_m=away,
        exceedances=exceedances,
        quality=record.quality.level,
        observed_at=record.observed_at,
    )
