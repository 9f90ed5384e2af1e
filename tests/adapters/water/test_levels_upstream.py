"""Levels upstream."""

from typing import Any

import msgspec
import pytest

from adapters.sdk.errors import CannotAnswer
from adapters.water.levels_upstream import LevelsOptions, LevelsUpstream
from liandong.question.v1.levels_upstream_pb2 import (
    LevelsUpstreamAnswer,
    LevelsUpstreamQuestion,
)
from liandong.record.v1.record_pb2 import Record
from tests.adapters.own import POLICE, XINJIEKOU, north, own, record

OPTIONS = msgspec.convert(
    {
        "rivers": [
            {"name": "长江 Yangtze", "stations": ["y1", "y2", "y3"]},
            {"name": "秦淮河 Qinhuai", "stations": ["q1", "q2"], "joins_above": "y2"},
            {"name": "Lishui", "stations": ["l1"], "joins_above": "q1"},
            {"name": "ring a", "stations": ["ra"], "joins_above": "rb"},
            {"name": "ring b", "stations": ["rb"], "joins_above": "ra"},
        ]
    },
    LevelsOptions,
)


def station(number: str, metres: float, **level: Any) -> Record:
    """Make a station so many metres north of Xinjiekou."""
    return record(
        "water",
        "water.level",
        number,
        where=north(metres),
        station_id=number,
        **{"level_m": 8.0, **level},
    )


STATIONS = (
    station("y1", 9_000),
    station("y2", 6_000, level_m=9.2, warning_level_m=8.7, guaranteed_level_m=10.6),
    station("y3", 0),
    station("q1", 4_000),
    station("l1", 5_000),
    station("stray", 1),
)


def ask(**question: Any) -> LevelsUpstreamAnswer:
    """Ask the department."""
    responder = LevelsUpstream(OPTIONS, own(*STATIONS))
    return responder.levels_upstream(LevelsUpstreamQuestion(**question), POLICE)


def way(answer: LevelsUpstreamAnswer) -> list[tuple[str, int]]:
    """Return stations and how far up they are."""
    return [(one.station_id, one.steps_upstream) for one in answer.stations]


def test_what_lies_above_a_station_is_told_with_what_joins() -> None:
    """Against the water, tributaries after the river; who is silent is named."""
    answer = ask(station_id="y2")

    assert way(answer) == [("y2", 0), ("y1", 1), ("q1", 2), ("l1", 3)]
    assert list(answer.silent_stations) == ["q2"]
    assert answer.stations[2].river == "秦淮河 Qinhuai"


def test_a_point_means_the_nearest_station_on_a_river() -> None:
    """One that is on no river cannot be meant."""
    assert way(ask(near=XINJIEKOU))[0] == ("y3", 0)


def test_a_river_is_all_its_stations() -> None:
    """By a part of its name, without case."""
    assert way(ask(river="yang"))[:3] == [("y3", 0), ("y2", 1), ("y1", 2)]


def test_a_row_sets_the_level_beside_its_marks() -> None:
    """Over the warning level by so much; how old the reading is."""
    row = ask(station_id="y2").stations[0]

    assert (row.level_m, row.warning_level_m, row.guaranteed_level_m) == (9.2, 8.7, 10.6)
    assert row.over_warning_m == pytest.approx(0.5)
    assert row.HasField("observed_at")
    assert not ask(station_id="y1").stations[0].HasField("over_warning_m")


def test_rivers_said_to_flow_in_a_circle_come_to_an_end() -> None:
    """A mistake in the configuration does not hold a question for ever."""
    assert list(ask(station_id="ra").silent_stations) == ["ra", "rb"]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"station_id": "stray"}, "station 'stray' is on no river"),
        ({"river": "Nile"}, "there is no river 'Nile'; there are: 长江 Yangtze"),
        ({"near": north(60_000)}, "no station on a river is within 20 km"),
        ({"near": north(-100), "radius_m": 50}, "within 0.05 km"),
    ],
)
def test_what_is_not_known_is_refused_in_words(question: dict[str, Any], sentence: str) -> None:
    """NOT_FOUND, with what there is."""
    with pytest.raises(CannotAnswer, match=sentence):
        ask(**question)


def test_a_station_in_two_places_is_refused() -> None:
    """The water would have two ways."""
    rivers = [{"name": "a", "stations": ["1"]}, {"name": "b", "stations": ["1"]}]

    with pytest.raises(msgspec.ValidationError, match="station 1 is there twice"):
        msgspec.convert({"rivers": rivers}, LevelsOptions)
