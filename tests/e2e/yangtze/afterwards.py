"""What must be true of the night once it is over."""

import asyncio
from datetime import timedelta

import grpc
import pytest

from liandong.gateway.v1 import audit_pb2 as audit
from liandong.gateway.v1 import audit_pb2_grpc as audit_rpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.incident.v1.incident_pb2 import LIFECYCLE_CLOSED, LIFECYCLE_RESPONDING
from liandong.record.v1.record_pb2 import Record
from tests.e2e.yangtze.desks import PATIENCE_S, Desk
from tests.e2e.yangtze.night import DRILL, EVERYBODY, Night
from tests.e2e.yangtze.scene import Scene
from tests.gateway.audit.reading import Reader, name_of, verified

OBSERVED, RECEIVED = api.TIME_BASIS_OBSERVED, api.TIME_BASIS_RECEIVED
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def each_saw_what_it_may(night: Night) -> None:
    """Compare all that each client was told with what it should have been, event by event."""
    names = night.scene.names
    seen = {
        agency: sorted(f"{event} {names[name]}" for event, name in desk.story(names))
        for agency, desk in night.desks.items()
    }
    common = ["CHANGE incident", "CHANGE incident", "CHANGE warning"]
    river = ["SNAPSHOT gauge", "SNAPSHOT rain", "CHANGE gauge", "CHANGE rain"]
    outlet = ["SNAPSHOT outlet", "CHANGE outlet"]
    hospital = ["CHANGE hospital", "CHANGE hospital", "NOT_SHARED hospital"]
    expected = {
        "police": [
            *common,
            *("SNAPSHOT gauge", "CHANGE gauge"),
            *("SNAPSHOT boat", "CHANGE boat"),
            *("CHANGE distress", "CHANGE team"),
            *hospital,
        ],
        "environment": [*common, *river, *outlet],
        "health": [*common, "SNAPSHOT hospital", "CHANGE hospital"],
        "water": [*common, *river, *outlet],
        "weather": common,
        "emergency": [
            *common,
            *river,
            *outlet,
            *("CHANGE distress", "CHANGE team"),
            *hospital,
            *("CHANGE boat", "CHANGE boat", "NOT_SHARED boat"),
        ],
        DRILL: ["CHANGE drill", "CHANGE drill"],
    }
    assert seen == {agency: sorted(told) for agency, told in expected.items()}
    told_of_patients = {
        agency
        for agency, desk in night.desks.items()
        for one in desk.told
        if one.record.provenance.feed == night.feeds.admissions.feed.id
    }
    assert told_of_patients == {"health"}


async def the_past_is_replayed(night: Night) -> None:
    """Look back, by when the city knew and by when it happened; what came late stays history."""
    scene = night.scene
    async with Desk(night.city, "emergency") as desk, Desk(night.city, "police") as police:
        wanted = (scene.gauge, scene.distress, scene.incident)
        known = {
            moment: _told(scene, await desk.lists(wanted, as_of=at, as_of_basis=RECEIVED))
            for moment, at in night.moments.items()
        }
        happened = {
            minutes: (
                await desk.get(
                    scene.gauge,
                    as_of=scene.now + timedelta(minutes=minutes),
                    as_of_basis=OBSERVED,
                )
            ).water_level.level_m
            for minutes in (-30, -10)
        }
        before = scene.now - timedelta(minutes=10)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await desk.get(scene.gauge, as_of=before, as_of_basis=RECEIVED)
        now = await desk.get(scene.gauge)
        asked = api.ListRevisionsRequest(name=scene.gauge)
        course = (await desk.state.ListRevisions(asked)).revisions
        shown = (await police.state.ListRevisions(asked)).revisions

    risen = {"gauge": 9.12}
    assert known == {
        "evening": {"gauge": 7.9},
        "the river has risen": risen,
        "somebody called": {**risen, "distress": 0},
        "the office declared it": {**risen, "distress": 0, "incident": LIFECYCLE_RESPONDING},
        "the vessel is safe": {**risen, "distress": 0, "incident": LIFECYCLE_CLOSED},
    }
    assert happened == {-30: 7.9, -10: 8.4}
    assert unknown.value.code() is NOT_FOUND
    assert now.water_level.level_m == 9.12
    rise = [(7.9, False), (8.4, True), (9.12, False)]
    assert [(one.record.water_level.level_m, one.back_filled) for one in course] == rise
    assert [(one.record.water_level.level_m, one.back_filled) for one in shown] == rise
    assert all(one.record.water_level.HasField("flow_m3_s") for one in course)
    assert not any(one.record.water_level.HasField("flow_m3_s") for one in shown)


def _told(scene: Scene, found: dict[str, Record]) -> dict[str, float]:
    """Return of each record what matters: the gauge's level, an incident's lifecycle."""
    return {
        scene.names[name]: record.water_level.level_m
        if record.HasField("water_level")
        else record.incident.lifecycle
        for name, record in found.items()
    }


async def the_log_tells_the_story(night: Night, log: Reader) -> None:
    """Read the log as departments do: who watched, who asked whom, who was refused, and why."""
    scene = night.scene
    entries = await _whole(log, streams=len(night.desks) + 2)

    watched = {entry.agency for entry in entries if entry.phase == audit.PHASE_OPENED}
    assert watched == set(EVERYBODY)
    in_emergency = {
        (entry.agency, one.provider, one.kind, tuple(one.agreements))
        for entry in entries
        for one in entry.disclosed
        if one.emergency == scene.incident
    }
    assert in_emergency == {
        ("police", "health", "health.facility", ("hospitals-to-police-in-emergencies",)),
        ("emergency", "health", "health.facility", ("hospitals-in-emergencies",)),
        ("emergency", "police", "traffic.vehicle", ("boats-in-emergencies",)),
    }

    told = {agency: await log.listed(agency) for agency in EVERYBODY}
    read = _readers(told["health"], "health")
    assert ("health", "health.movement", "") in read
    assert {one for one in read if one[0] != "health"} == {
        ("police", "health.facility", ""),
        ("emergency", "health.facility", ""),
    }
    assert _readers(told["water"], "water") >= {
        ("police", "water.level", ""),
        ("environment", "water.level", "spill-response"),
        ("environment", "water.rainfall", "spill-response"),
    }
    assert _asked(told["health"], "health") == {
        ("emergency", "beds", "OK"),
        ("environment", "beds", "PERMISSION_DENIED"),
    }
    assert _asked(told["emergency"], "") == {
        ("emergency", "beds", "OK"),
        ("emergency", "levels_upstream", "OK"),
        ("emergency", "discharge_nearby", "OK"),
        ("emergency", "units_nearby", "OK"),
        ("emergency", "units_nearby", "UNIMPLEMENTED"),
    }
    assert _refused(told["health"], "health") == {
        ("police", "NO_SUCH_RECORD"),
        ("police", "NO_AGREEMENT"),
        ("environment", "NO_AGREEMENT"),
        ("emergency", "NO_SUCH_RECORD"),
    }
    assert _refused(told["police"], "police") == {
        ("weather", "NO_AGREEMENT"),
        ("emergency", "NO_AGREEMENT"),
    }
    assert _refused(told["water"], "water") == {("environment", "NO_AGREEMENT")}
    # Others' dealings are not its own: of health's and police's the weather service sees nothing.
    assert not _readers(told["weather"], "health") | _refused(told["weather"], "police")

    async with night.city.channel("ops") as channel:
        stub: audit_rpc.AuditServiceAsyncStub = audit_rpc.AuditServiceStub(channel)
        found = await stub.VerifyLog(audit.VerifyLogRequest())
    name = name_of(night.city.gateway)
    (head,) = [one.sequence for one in found.heads if one.gateway == name]
    assert head >= len(entries)
    assert [one for one in found.findings if one.gateway == name] == []
    assert (await verified(log.bus, night.city.gateway)).findings() == []


async def _whole(log: Reader, streams: int) -> list[audit.AccessEntry]:
    """Return the log's entries, once it tells how each of so many streams ended."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            entries = await log.recorded()
            if sum(entry.phase == audit.PHASE_ENDED for entry in entries) >= streams:
                return entries


def _readers(entries: list[audit.AccessEntry], provider: str) -> set[tuple[str, str, str]]:
    """Return who read what of a department, and what for."""
    return {
        (entry.agency, one.kind, entry.purpose)
        for entry in entries
        for one in entry.disclosed
        if one.provider == provider
    }


def _asked(entries: list[audit.AccessEntry], provider: str) -> set[tuple[str, str, str]]:
    """Return who asked what and how that ended; of one department, or of all."""
    return {
        (entry.agency, one.question, one.outcome)
        for entry in entries
        for one in entry.questions
        if provider in {"", one.provider}
    }


def _refused(entries: list[audit.AccessEntry], provider: str) -> set[tuple[str, str]]:
    """Return who was refused what a department has, and why."""
    return {
        (entry.agency, entry.reason)
        for entry in entries
        if entry.outcome == audit.OUTCOME_REFUSED and provider in entry.closed_providers
    }


async def nothing_was_lost(night: Night) -> None:
    """Check the books of each feed; nothing had to go to quarantine."""
    for title, feed in night.feeds._asdict().items():
        await feed.balance(f"night on the Yangtze, {title}")
        assert not await feed.quarantined()
