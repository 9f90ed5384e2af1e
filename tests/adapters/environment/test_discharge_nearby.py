"""Outlets over their limit."""

from typing import Any

import msgspec
import pytest

from adapters.environment.discharge_nearby import DischargeNearby, DischargeOptions
from adapters.sdk.errors import ResponderMisconfigured
from adapters.sdk.records import OwnRecords
from adapters.sdk.responder import ResponderConfig, responder_of
from liandong.environment.v1.environment_pb2 import MEDIUM_GAS, MEDIUM_WATER
from liandong.question.v1.discharge_nearby_pb2 import (
    DischargeNearbyAnswer,
    DischargeNearbyQuestion,
)
from liandong.record.v1.record_pb2 import Record
from tests.adapters.own import POLICE, XINJIEKOU, north, own, record

OPTIONS = msgspec.convert(
    {
        "limits": {
            "cod_mg_l": {"max": 50, "basis": "GB 18918-2002 1A"},
            "ph": {"min": 6, "max": 9},
        },
        "outlets": {"strict": {"cod_mg_l": {"max": 30, "basis": "permit 7"}}},
    },
    DischargeOptions,
)


def outlet(number: str, metres: float, medium: int = MEDIUM_WATER, **values: Any) -> Record:
    """Make an outlet so many metres north of Xinjiekou."""
    return record(
        "environment",
        "environment.discharge",
        number,
        where=north(metres),
        outlet_id=number,
        medium=medium,
        **values,
    )


def ask(*outlets: Record, **question: Any) -> DischargeNearbyAnswer:
    """Ask the department."""
    asked = DischargeNearbyQuestion(**{"near": XINJIEKOU, "radius_m": 10_000, **question})
    return DischargeNearby(OPTIONS, own(*outlets)).discharge_nearby(asked, POLICE)


def test_only_outlets_over_their_limit_are_told_nearest_first() -> None:
    """A value at its limit is allowed."""
    answer = ask(
        outlet("b", 2_000, cod_mg_l=50.1),
        outlet("a", 1_000, cod_mg_l=61.0, ph=5.5),
        outlet("at", 10, cod_mg_l=50.0),
        outlet("away", 11_000, cod_mg_l=500.0),
    )

    assert [one.outlet_id for one in answer.outlets] == ["a", "b"]
    over = [(one.field, one.value, one.limit, one.basis) for one in answer.outlets[0].exceedances]
    assert over == [("cod_mg_l", 61.0, 50.0, "GB 18918-2002 1A"), ("ph", 5.5, 6.0, "")]
    assert answer.outlets_within == 3
    assert answer.outlets[0].HasField("observed_at")


def test_an_outlets_own_limit_holds_for_it() -> None:
    """In place of the one for all."""
    answer = ask(outlet("strict", 10, cod_mg_l=31.0), outlet("other", 10, cod_mg_l=31.0))

    (one,) = answer.outlets
    assert (one.outlet_id, one.exceedances[0].basis) == ("strict", "permit 7")


def test_what_could_not_be_judged_is_counted() -> None:
    """So that nobody takes a missing limit for a good reading."""
    answer = ask(outlet("gas", 10, MEDIUM_GAS, so2_mg_m3=900.0), outlet("ok", 10, cod_mg_l=1.0))

    assert (answer.outlets_within, answer.outlets_not_judged, len(answer.outlets)) == (2, 1, 0)


def test_a_medium_narrows() -> None:
    """Water or gas only."""
    assert ask(outlet("gas", 10, MEDIUM_GAS, ph=1.0), medium=MEDIUM_WATER).outlets_within == 0


def test_a_limit_of_what_is_not_measured_is_refused() -> None:
    """When the responder starts, in words."""
    config = ResponderConfig(
        id="environment.discharge",
        responder="environment/discharge_nearby",
        agency="environment",
        options={"limits": {"codmn": {"max": 1}}},
    )

    with pytest.raises(
        ResponderMisconfigured, match="there is no 'codmn' to limit; there are: cod"
    ):
        responder_of(config, OwnRecords())
