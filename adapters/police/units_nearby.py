"""Units near a place: vehicles by their latest position, teams by where they are stationed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from adapters.sdk.answers import Caller, answers
from adapters.sdk.nearby import distance_m
from adapters.sdk.responder import NoOptions, Responder
from liandong.question.v1.units_nearby_pb2 import (
    NearbyUnit,
    UnitsNearbyAnswer,
    UnitsNearbyQuestion,
)
from liandong.record.v1.record_pb2 import Record

_VEHICLE: Final = "traffic.vehicle"
_TEAM: Final = "response.team"
_MAX_AGE_S: Final = 900.0
_LIMIT: Final = 100


class UnitsNearby(Responder[NoOptions]):
    """Answers `UnitsNearbyQuestion` from ``traffic.vehicle`` and ``response.team`` records."""

    follows = (_VEHICLE, _TEAM)

    @answers(UnitsNearbyQuestion)
    def units_nearby(self, question: UnitsNearbyQuestion, caller: Caller) -> UnitsNearbyAnswer:
        """Return the units near a point, nearest first."""
        del caller
        max_age_s = question.max_age.ToNanoseconds() / 1e9 or _MAX_AGE_S
        oldest = datetime.now(UTC).timestamp() - max_age_s
        answer = UnitsNearbyAnswer()
        found = [_team(record, away) for record, away in self._within(_TEAM, question)]
        for record, away in self._within(_VEHICLE, question):
            if record.observed_at.ToNanoseconds() / 1e9 < oldest:
                answer.too_old += 1
            else:
                found.append(_vehicle(record, away))
        found.sort(key=lambda unit: (unit.distance_m, unit.record))
        limit = question.limit or _LIMIT
        answer.units.extend(found[:limit])
        answer.left_out = max(len(found) - limit, 0)
        return answer

    def _within(self, kind: str, question: UnitsNearbyQuestion) -> Iterator[tuple[Record, float]]:
        """Yield the records of a kind within the radius, with their distance."""
        for record in self.records(kind):
            if record.location.HasField("point"):
                away = distance_m(question.near, record.location.point)
                if away <= question.radius_m:
                    yield record, away


def _vehicle(record: Record, away: float) -> NearbyUnit:
    """Return what is told of a vehicle."""
    vehicle = record.traffic_vehicle
    unit = NearbyUnit(
        record=record.name,
        unit_id=vehicle.vehicle_id,
        title=vehicle.vehicle_id,
        vehicle_type=vehicle.type,
        point=record.location.point,
        distance_m=away,
        observed_at=record.observed_at,
    )
    if vehicle.HasField("speed_m_s"):
        unit.speed_m_s = vehicle.speed_m_s
    if vehicle.HasField("course_deg"):
        unit.course_deg = vehicle.course_deg
    return unit


def _team(record: Record, away: float) -> NearbyUnit:
    """Return what is told of a team."""
    team = record.response_team
    return NearbyUnit(
        record=record.name,
        unit_id=team.team_id,
        title=team.title,
        readiness=team.readiness,
        skills=team.skills,
        point=record.location.point,
        distance_m=away,
        observed_at=record.observed_at,
    )
