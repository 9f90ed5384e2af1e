"""The four questions as they are shipped: from a department's stream to another's client."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from google.protobuf.message import Message

from adapters.responding import ResponderRunner
from adapters.sdk.errors import ResponderMisconfigured
from adapters.sdk.responder import ResponderConfig
from liandong.place.v1.place_pb2 import Point
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion
from liandong.question.v1.discharge_nearby_pb2 import (
    DischargeNearbyAnswer,
    DischargeNearbyQuestion,
)
from liandong.question.v1.levels_upstream_pb2 import (
    LevelsUpstreamAnswer,
    LevelsUpstreamQuestion,
)
from liandong.question.v1.units_nearby_pb2 import UnitsNearbyAnswer, UnitsNearbyQuestion
from liandong.record.v1.record_pb2 import Record
from tests.adapters.own import NOW, XINJIEKOU, record
from tests.gateway.questions import PATIENCE_S, answer_of
from tests.gateway.town import City


def responder(name: str, **options: object) -> ResponderConfig:
    """Configure a responder."""
    agency = name.partition("/")[0]
    return ResponderConfig(
        id=name.replace("/", "."), responder=name, agency=agency, options=options
    )


def cases(token: str) -> dict[str, tuple[ResponderConfig, Record, Message, Message]]:
    """Return what each responder is asked about a record, and what it answers in."""
    rivers = [{"name": "river", "stations": [token]}]
    return {
        "beds": (
            responder("health/beds"),
            record("health", "health.facility", token, facility_id=token, beds=[
                {"bed_type": token, "available": 3}
            ]),
            BedsQuestion(bed_types=[token]),
            BedsAnswer(),
        ),
        "discharge": (
            responder("environment/discharge_nearby", limits={"cod_mg_l": {"max": 50}}),
            record("environment", "environment.discharge", token, where=XINJIEKOU,
                   outlet_id=token, cod_mg_l=62.0),
            DischargeNearbyQuestion(near=Point(**XINJIEKOU), radius_m=100),
            DischargeNearbyAnswer(),
        ),
        "levels": (
            responder("water/levels_upstream", rivers=rivers),
            record("water", "water.level", token, station_id=token, level_m=9.1),
            LevelsUpstreamQuestion(station_id=token),
            LevelsUpstreamAnswer(),
        ),
        "units": (
            responder("police/units_nearby"),
            record("police", "traffic.vehicle", token, where=XINJIEKOU, vehicle_id=token),
            UnitsNearbyQuestion(near=Point(**XINJIEKOU), radius_m=100),
            UnitsNearbyAnswer(),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["beds", "discharge", "levels", "units"])
async def test_a_shipped_responder_answers_from_its_departments_stream(
    asked_city: City, name: str
) -> None:
    """What was stored before it began, and how old that is."""
    token = uuid.uuid4().hex
    config, stored, question, answer = cases(token)[name]
    await asked_city.publish(stored)

    async with ResponderRunner(config, asked_city.home, asked_city.plan):
        await answer_of(asked_city, config.agency, question, answer)

    rows = next(value for field, value in answer.ListFields() if field.is_repeated)
    (row,) = (one for one in rows if one.record == stored.name)
    assert row.observed_at == stored.observed_at


async def test_a_responder_follows_its_departments_stream(asked_city: City) -> None:
    """What is stored while it runs is in the next answer."""
    token = uuid.uuid4().hex
    config, stored, question, answer = cases(token)["levels"]
    await asked_city.publish(stored)
    async with ResponderRunner(config, asked_city.home, asked_city.plan):
        later = record(
            "water",
            "water.level",
            token,
            at=NOW + timedelta(seconds=1),
            station_id=token,
            level_m=9.9,
        )
        await asked_city.publish(later)

        assert isinstance(answer, LevelsUpstreamAnswer)
        async with asyncio.timeout(PATIENCE_S):
            while not (answer.stations and answer.stations[0].level_m == 9.9):
                answer.Clear()
                await answer_of(asked_city, "water", question, answer)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (responder("health/bets"), "there is no responder 'health/bets'; installed are: env"),
        (responder("health/beds", size=1), "its options are not right: .*there are: none"),
        (responder("water/levels_upstream", river=1), "there are: rivers"),
    ],
)
async def test_a_responder_that_is_misconfigured_does_not_start(
    asked_city: City, config: ResponderConfig, sentence: str
) -> None:
    """It says what is wrong, and what there is."""
    with pytest.raises(ResponderMisconfigured, match=sentence):
        async with ResponderRunner(config, asked_city.home, asked_city.plan):
            pass
