"""A vessel in distress at night on the Yangtze in a rainstorm, as six departments live it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from broker.home import Home
from broker.plan import BusPlan
from tests.conftest import SECONDS
from tests.e2e.samples import Run
from tests.e2e.yangtze import acts, afterwards
from tests.e2e.yangtze.night import Night
from tests.e2e.yangtze.scene import Scene
from tests.e2e.yangtze.stage import feeding, governed, responding
from tests.gateway.audit.reading import reader_of


@pytest.fixture
async def night(city_home: Home, plan: BusPlan, run: Run, tmp_path: Path) -> AsyncIterator[Night]:
    """Set the stage: feeds, responders, and the gateway under the night's agreements."""
    scene = Scene()
    async with (
        governed(city_home, plan, tmp_path) as city,
        feeding(run, scene, tmp_path) as feeds,
        responding(city_home, plan, scene),
    ):
        yield Night(city, scene, feeds, tmp_path)


async def test_a_vessel_in_distress_at_night_in_a_rainstorm(
    night: Night, record_property: Callable[[str, object], None]
) -> None:
    """Each department sees what its agreements allow, nothing more, and all of it is on record."""
    # given an evening on which all is well, and six departments that watch the city
    await acts.evening(night)
    async with AsyncExitStack() as stack:
        await night.watch(stack)

        # when the night takes its course
        await acts.the_storm_comes(night)
        await acts.a_drill_goes_on(night)
        await acts.the_vessel_is_in_distress(night)
        await acts.questions_are_asked(night)
        await acts.closed_doors_stay_closed(night)
        await acts.the_vessel_is_safe(night)

    # then each was told what it may know, and the past can be replayed and accounted for
    afterwards.each_saw_what_it_may(night)
    await afterwards.the_past_is_replayed(night)
    async with reader_of(night.city) as log:
        await afterwards.the_log_tells_the_story(night, log)
    await afterwards.nothing_was_lost(night)
    for event, agency, seconds in night.seconds:
        record_property(SECONDS, f"{event:<56} {agency:<12} {seconds:8.3f} s")
