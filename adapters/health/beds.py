"""Free beds, from what the hospitals report of themselves (EDXL-HAVE, HL7 census)."""

import math
from typing import Final

from adapters.sdk.answers import Caller, answers
from adapters.sdk.nearby import distance_m
from adapters.sdk.responder import NoOptions, Responder
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion, FacilityBeds
from liandong.record.v1.record_pb2 import Record

_FACILITY: Final = "health.facility"
_MOST: Final = 500


class Beds(Responder[NoOptions]):
    """Answers `BedsQuestion` from the department's ``health.facility`` records."""

    follows = (_FACILITY,)

    @answers(BedsQuestion)
    def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Return the facilities that have such beds, nearest or freest first."""
        del caller
        wanted = frozenset(map(str.casefold, question.bed_types))
        found = [
            row
            for record in self.records(_FACILITY)
            if record.location.district.startswith(question.district)
            and (row := _row(record, question, wanted)) is not None
        ]
        found.sort(key=_order)
        return BedsAnswer(facilities=found[:_MOST], left_out=max(len(found) - _MOST, 0))


def _order(row: FacilityBeds) -> tuple[float, int, str]:
    """Return what facilities are ordered by; those without a known distance come last."""
    away = row.distance_m if row.HasField("distance_m") else math.inf
    return away, -row.free, row.record


def _row(record: Record, question: BedsQuestion, wanted: frozenset[str]) -> FacilityBeds | None:
    """Return what is told of a facility; None: it is not asked for."""
    facility = record.health_facility
    beds = [bed for bed in facility.beds if not wanted or bed.bed_type.casefold() in wanted]
    free = sum(bed.available for bed in beds)
    if not beds or free < question.min_free:
        return None
    row = FacilityBeds(
        record=record.name,
        facility_id=facility.facility_id,
        title=facility.title,
        beds=beds,
        free=free,
        ambulance_status=facility.ambulance_status,
        district=record.location.district,
        duty_phone=facility.duty_phone,
        observed_at=record.observed_at,
    )
    if record.location.HasField("point"):
        row.point.CopyFrom(record.location.point)
    if question.HasField("near"):
        if not record.location.HasField("point"):
            # Where it is nobody knows: not within any radius, and behind all others.
            return None if question.radius_m else row
        row.distance_m = distance_m(question.near, row.point)
        if question.radius_m and row.distance_m > question.radius_m:
            return None
    return row
