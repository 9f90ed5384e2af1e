"""Levels upstream, from the stations' latest reports (SL 651).

A report does not say on which river its station is, nor what lies above it: the rivers are
configured, each with its stations in the order of the water's way.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from adapters.sdk.answers import Caller, answers
from adapters.sdk.errors import CannotAnswer
from adapters.sdk.nearby import distance_m
from adapters.sdk.responder import Responder
from liandong.question.v1.levels_upstream_pb2 import (
    LevelsUpstreamAnswer,
    LevelsUpstreamQuestion,
    StationLevel,
)
from liandong.question.v1.question_pb2 import ASK_CODE_NOT_FOUND
from liandong.record.v1.record_pb2 import Record

_LEVEL: Final = "water.level"
_NEAR_M: Final = 20_000.0


class River(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A river.

    Attributes:
        name: What people call it.
        stations: Numbers of its stations, furthest upstream first.
        joins_above: The station of another river above which it joins that; empty: none.
    """

    name: str
    stations: tuple[str, ...]
    joins_above: str = ""


class LevelsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rivers.

    Attributes:
        rivers: All of them.
    """

    rivers: tuple[River, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a station in two places: the water would have two ways."""
        stations = [station for river in self.rivers for station in river.stations]
        for station in stations:
            if stations.count(station) > 1:
                raise ValueError(f"station {station} is there twice")


class _Place(NamedTuple):
    """A station on its river."""

    station: str
    river: str
    steps: int


class LevelsUpstream(Responder[LevelsOptions]):
    """Answers `LevelsUpstreamQuestion` from ``water.level`` records."""

    options_type = LevelsOptions
    follows = (_LEVEL,)

    @answers(LevelsUpstreamQuestion)
    def levels_upstream(
        self, question: LevelsUpstreamQuestion, caller: Caller
    ) -> LevelsUpstreamAnswer:
        """Return the levels of the station that is meant and of those above it."""
        del caller
        levels = {record.water_level.station_id: record for record in self.records(_LEVEL)}
        answer = LevelsUpstreamAnswer()
        for place in self._meant(question, levels):
            record = levels.get(place.station)
            if record is None:
                answer.silent_stations.append(place.station)
            else:
                answer.stations.append(_row(record, place))
        return answer

    def _meant(
        self, question: LevelsUpstreamQuestion, levels: dict[str, Record]
    ) -> Iterator[_Place]:
        """Return the stations that are meant, in the order of the answer."""
        if question.WhichOneof("of") == "river":
            rivers = [
                river
                for river in self.options.rivers
                if question.river.casefold() in river.name.casefold()
            ]
            if not rivers:
                known = ", ".join(river.name for river in self.options.rivers)
                raise _unknown(f"there is no river {question.river!r}; there are: {known}")
            return (place for river in rivers for place in self._along(river, len(river.stations)))
        station = question.station_id or self._nearest(question, levels)
        for river in self.options.rivers:
            if station in river.stations:
                return self._along(river, river.stations.index(station) + 1)
        raise _unknown(f"station {station!r} is on no river that this department has described")

    def _along(
        self, river: River, end: int, steps: int = 0, below: frozenset[str] = frozenset()
    ) -> Iterator[_Place]:
        """Yield the first stations of a river, going upstream; then those of what joins it.

        Rivers that are said to flow in a circle are followed once around.
        """
        passed = river.stations[:end][::-1]
        below |= {river.name}
        for further, station in enumerate(passed):
            yield _Place(station, river.name, steps + further)
        for further, station in enumerate(passed):
            for joining in self.options.rivers:
                if joining.joins_above == station and joining.name not in below:
                    end = len(joining.stations)
                    yield from self._along(joining, end, steps + further + 1, below)

    def _nearest(self, question: LevelsUpstreamQuestion, levels: dict[str, Record]) -> str:
        """Return the station nearest to a point."""
        described = {station for river in self.options.rivers for station in river.stations}
        away, station = min(
            (
                (distance_m(question.near, record.location.point), station)
                for station, record in levels.items()
                if station in described and record.location.HasField("point")
            ),
            default=(float("inf"), ""),
        )
        if away > (question.radius_m or _NEAR_M):
            radius_km = (question.radius_m or _NEAR_M) / 1000
            raise _unknown(f"no station on a river is within {radius_km:g} km of the point")
        return station


def _unknown(sentence: str) -> CannotAnswer:
    """Return the refusal of what is not known."""
    return CannotAnswer(sentence, reason="NOT_KNOWN_HERE", code=ASK_CODE_NOT_FOUND)


def _row(record: Record, place: _Place) -> StationLevel:
    """Return what is told of a station."""
    level = record.water_level
    row = StationLevel(
        record=record.name,
        station_id=level.station_id,
        title=level.station_title,
        river=place.river,
        steps_upstream=place.steps,
        datum=level.datum,
        quality=record.quality.level,
        observed_at=record.observed_at,
    )
    for name in ("level_m", "warning_level_m", "guaranteed_level_m", "flow_m3_s"):
        if level.HasField(name):
            setattr(row, name, getattr(level, name))
    if level.HasField("level_m") and level.HasField("warning_level_m"):
        # To the micrometre: what is beyond is the noise of subtracting.
        row.over_warning_m = round(level.level_m - level.warning_level_m, 6)
    if record.location.HasField("point"):
        row.point.CopyFrom(record.location.point)
    return row
