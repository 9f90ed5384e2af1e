"""The acts of the night, each with what must be true while it is played."""

import grpc
import pytest

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.incident.v1.incident_pb2 import LIFECYCLE_CLOSED, LIFECYCLE_RESPONDING
from liandong.question.v1 import question_pb2 as question
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion
from liandong.question.v1.discharge_nearby_pb2 import (
    DischargeNearbyAnswer,
    DischargeNearbyQuestion,
)
from liandong.question.v1.levels_upstream_pb2 import LevelsUpstreamAnswer, LevelsUpstreamQuestion
from liandong.question.v1.units_nearby_pb2 import UnitsNearbyAnswer, UnitsNearbyQuestion
from tests.adapters.transports.running import until
from tests.e2e.yangtze.night import DRILL, EVERYBODY, Night
from tests.e2e.yangtze.scene import POINT
from tests.e2e.yangtze.stage import publish

DENIED, NOT_FOUND = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND


async def evening(night: Night) -> None:
    """Let stations, the hospital and the boat speak once before the storm."""
    scene, feeds = night.scene, night.feeds
    assert await feeds.gauges.send(scene.river(7.9, -40))
    assert await feeds.outlets.send(scene.discharge(31.0, -60))
    assert await feeds.boats.send(scene.position(0.05, -5))
    assert await feeds.post(scene.beds(5, -30)) == 200
    first = (scene.gauge, scene.rain, scene.outlet, scene.boat, scene.hospital)
    await until(lambda: all(night.city.gateway.view.get(name) for name in first))
    night.is_over("evening")


async def the_storm_comes(night: Night) -> None:
    """Warn of rain; the river rises, an outlet overflows; an older reading comes late."""
    scene, feeds = night.scene, night.feeds
    await night.happens(
        "rainstorm warning, CAP in a folder",
        lambda: night.drop("warnings", scene.rainstorm()),
        warning=EVERYBODY,
    )
    told = await night.happens(
        "river over its warning level, SL 651",
        lambda: feeds.gauges.send(scene.river(9.12, 0)),
        gauge=("water", "emergency", "police", "environment"),
        rain=("water", "emergency", "environment"),
    )
    seen = {
        agency: one.record.water_level for (agency, word), one in told.items() if word == "gauge"
    }
    assert {level.level_m for level in seen.values()} == {9.12}
    assert {agency for agency, level in seen.items() if level.HasField("flow_m3_s")} == {
        "water",
        "emergency",
        "environment",
    }
    night.is_over("the river has risen")

    assert await feeds.gauges.send(scene.river(8.4, -20))
    await night.happens(
        "outlet over its limit, HJ 212",
        lambda: feeds.outlets.send(scene.discharge(132.0, 0)),
        outlet=("environment", "water", "emergency"),
    )


async def a_drill_goes_on(night: Night) -> None:
    """Play the same in a drill, even graver: only who asked for drills hears, no door opens."""
    scene = night.scene
    drill = scene.declaration(0, LIFECYCLE_RESPONDING, drill=True)
    await night.happens(
        "the same as a drill, gRPC", lambda: publish(night.city, "emergency", drill), drill=(DRILL,)
    )

    # A drill opens what belongs to the drill; of what is real nothing is told.
    assert (await night.desks["police"].refused(scene.hospital))[0] is NOT_FOUND


async def the_vessel_is_in_distress(night: Night) -> None:
    """A call for help; the office declares it and so opens doors; boat, team, hospital move."""
    scene, feeds, city = night.scene, night.feeds, night.city
    await night.happens(
        "call for help, CSV in a folder",
        lambda: night.drop("calls", scene.call()),
        distress=("police", "emergency"),
    )
    night.is_over("somebody called")

    told = await night.happens(
        "emergency of level II declared, gRPC",
        lambda: publish(city, "emergency", scene.declaration(1, LIFECYCLE_RESPONDING)),
        incident=EVERYBODY,
        hospital=("police", "emergency"),
        boat=("emergency",),
    )
    described = {
        agency
        for (agency, word), one in told.items()
        if word == "incident" and one.record.incident.description
    }
    assert described == {"emergency", "police"}
    phones = {
        agency: told[agency, "hospital"].record.health_facility.duty_phone
        for agency in ("police", "emergency")
    }
    assert phones == {"police": "", "emergency": "025-55550120"}
    night.is_over("the office declared it")

    team = await night.happens(
        "rescue team deployed, gRPC",
        lambda: publish(city, "emergency", scene.rescuers(2)),
        team=("emergency", "police"),
    )
    assert team["police", "team"].record.response_team.title == "水上救援一队"
    assert not team["police", "team"].record.response_team.duty_phone
    await night.happens(
        "patrol boat moves, JT/T 808",
        lambda: feeds.boats.send(scene.position(0.01, 0)),
        boat=("police", "emergency"),
    )
    await night.happens(
        "hospital has fewer beds, EDXL-HAVE over HTTP",
        lambda: feeds.post(scene.beds(3, 0)),
        hospital=("health", "police", "emergency"),
    )
    answer = await feeds.admissions.send(scene.admission())
    assert b"MSA|AA" in answer


async def questions_are_asked(night: Night) -> None:
    """Ask four departments what they answer, one what it does not, and one without agreement."""
    scene, desk = night.scene, night.desks["emergency"]

    said = await desk.asks(BedsQuestion(near=POINT, radius_m=10_000, min_free=1), "health")
    beds = BedsAnswer()
    assert said["health"].answer.Unpack(beds), said
    free = {one.record: (one.free, one.duty_phone) for one in beds.facilities}
    assert free[scene.hospital] == (3, "025-55550120")

    said = await desk.asks(LevelsUpstreamQuestion(station_id=scene.station), "water")
    levels = LevelsUpstreamAnswer()
    assert said["water"].answer.Unpack(levels), said
    assert [(one.record, one.over_warning_m) for one in levels.stations] == [(scene.gauge, 0.62)]
    assert list(levels.silent_stations) == [scene.upper_station]

    said = await desk.asks(DischargeNearbyQuestion(near=POINT, radius_m=1000), "environment")
    outlets = DischargeNearbyAnswer()
    assert said["environment"].answer.Unpack(outlets), said
    (over,) = [one for one in outlets.outlets if one.record == scene.outlet]
    assert [(one.field, one.value, one.limit) for one in over.exceedances] == [
        ("cod_mg_l", 132.0, 50.0)
    ]

    near = UnitsNearbyQuestion(near=POINT, radius_m=5000)
    said = await desk.asks(near, "police", "weather")
    units = UnitsNearbyAnswer()
    assert said["police"].answer.Unpack(units), said
    (boat,) = [one for one in units.units if one.record == scene.boat]
    assert 1000 < boat.distance_m < 1200
    assert said["weather"].error.code == question.ASK_CODE_UNIMPLEMENTED
    assert "weather has no responder for units_nearby" in said["weather"].error.message

    said = await night.desks["environment"].asks(BedsQuestion(), "health")
    assert said["health"].error.code == question.ASK_CODE_PERMISSION_DENIED


async def closed_doors_stay_closed(night: Night) -> None:
    """Refuse what no agreement opens, what is too confidential, and what lacks its purpose."""
    scene, desks = night.scene, night.desks
    (movement,) = [record.name for record in await night.feeds.admissions.records()]
    await desks["health"].hears(movement, 0.0)

    assert (await desks["environment"].refused(scene.hospital))[0] is DENIED
    assert (await desks["weather"].refused(scene.distress))[0] is DENIED
    assert (await desks["emergency"].refused(movement))[0] is NOT_FOUND
    code, why = await desks["environment"].refused(scene.gauge)
    assert (code, "no purpose is stated" in why) == (DENIED, True)
    listed = api.ListRecordsRequest(selection=api.Selection(agencies=["police"]))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await desks["weather"].state.ListRecords(listed)
    assert refused.value.code() is DENIED

    # Nor can the flow that is hidden be found out by selecting by it.
    fast = f"record.name == '{scene.gauge}' && record.water_level.flow_m3_s > 1000.0"
    listed = api.ListRecordsRequest(selection=api.Selection(filter=fast))
    found = {
        agency: len((await desks[agency].state.ListRecords(listed)).records)
        for agency in ("police", "emergency")
    }
    assert found == {"police": 0, "emergency": 1}


async def the_vessel_is_safe(night: Night) -> None:
    """Close the incident, and with it the doors that it opened; end the drill."""
    scene, desks = night.scene, night.desks
    told = await night.happens(
        "emergency closed, gRPC",
        lambda: publish(night.city, "emergency", scene.declaration(3, LIFECYCLE_CLOSED)),
        incident=EVERYBODY,
        hospital=("police", "emergency"),
        boat=("emergency",),
    )
    drill = scene.declaration(3, LIFECYCLE_CLOSED, drill=True)
    await night.happens(
        "drill over, gRPC", lambda: publish(night.city, "emergency", drill), drill=(DRILL,)
    )

    taken = {one.event for (_, word), one in told.items() if word != "incident"}
    assert taken == {"NOT_SHARED"}
    code, why = await desks["police"].refused(scene.hospital)
    assert (code, "only while an incident of emergency of level II" in why) == (DENIED, True)
    assert (await desks["emergency"].refused(scene.boat))[0] is DENIED
    night.is_over("the vessel is safe")
