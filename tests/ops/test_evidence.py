"""What is done with a quarantine is on record before it begins, however it ends."""

import asyncio
import uuid
from pathlib import Path

import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.home import OPS, Home
from broker.plan import BusPlan
from liandong.gateway.v1.audit_pb2 import (
    OUTCOME_ALLOWED,
    OUTCOME_BROKEN_OFF,
    PHASE_ENDED,
    PHASE_OPENED,
    AccessEntry,
    QuarantineAction,
)
from ops.city import City, read_city
from ops.evidence import DISCARD, Actor, Evidence
from tests import deeds
from tests.conftest import free_port

ACTION = QuarantineAction(agency="water", feed="water.levels", meant=3, reason="a test")


def described(plan: BusPlan, folder: Path) -> City:
    """Return a city on the session's bus."""
    file = folder / "city.toml"
    file.write_text('[city]\nname = "t"\n[[agency]]\nname = "water"\n')
    return msgspec.structs.replace(read_city(file), plan=plan)


async def recorded(home: Home, plan: BusPlan, actor: Actor) -> list[AccessEntry]:
    """Return what the log has of somebody."""
    async with Bus(BusSettings.of(home, plan, OPS)) as bus:
        return await deeds.recorded(bus, actor.name)


@pytest.mark.parametrize("failure", [None, LookupError("no counts"), asyncio.CancelledError()])
async def test_an_action_is_recorded_before_it_begins_and_with_how_it_ended(
    city_home: Home, plan: BusPlan, tmp_path: Path, failure: BaseException | None
) -> None:
    """Also one that failed or was stopped: what left until then is told."""
    actor = Actor(OPS, f"{uuid.uuid4().hex}@desk", "drill", "command")
    evidence = Evidence(city_home, described(plan, tmp_path))
    before: list[AccessEntry] = []

    async def act() -> None:
        async with evidence.of(DISCARD, actor, ACTION) as came:
            before.extend(await recorded(city_home, plan, actor))
            came.removed = 2
            if failure is not None:
                raise failure

    if failure is None:
        await act()
    else:
        with pytest.raises(type(failure)):
            await act()

    begun, ended = await recorded(city_home, plan, actor)
    assert before == [begun]
    assert (begun.phase, begun.action, begun.purpose) == (PHASE_OPENED, ACTION, "drill")
    assert (ended.phase, ended.opened_sequence) == (PHASE_ENDED, begun.sequence)
    assert ended.action.removed == 2
    outcome = OUTCOME_ALLOWED if failure is None else OUTCOME_BROKEN_OFF
    told: dict[type, str] = {LookupError: "FAILED", asyncio.CancelledError: "STOPPED"}
    assert (ended.outcome, ended.reason) == (outcome, told.get(type(failure), ""))


async def test_what_cannot_be_recorded_is_not_begun(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """The bus is away: the quarantine stays as it is."""
    away = msgspec.structs.replace(plan, port=free_port())
    evidence = Evidence(city_home, described(away, tmp_path))
    begun = False

    with pytest.raises(BrokerError):
        async with evidence.of(DISCARD, Actor(OPS, "somebody"), ACTION):
            begun = True

    assert not begun
