"""The bus goes away for longer than senders can wait, and the adapter is killed meanwhile."""

import asyncio
from pathlib import Path

import pytest

from adapters.sdk.audit import Audit, audit
from liandong.feed.v1.feed_pb2 import FEED_STATE_RUNNING
from tests.e2e.stations import FEED, Backlog, Site, Station, running, station_name, until

STATIONS = 6
BACKLOG = 6000


async def balanced(site: Site) -> Audit:
    """Audit the feed once nothing is in flight and all is told."""
    async with asyncio.timeout(60), site.bus() as bus:
        while True:
            result = await audit(bus, "environment", FEED)
            if not result.feed.in_flight and not result.feed.spooled:
                return result
            await asyncio.sleep(0.2)


def settled(result: Audit) -> int:
    """Return how many records came to an end."""
    feed = result.feed
    return feed.stored + feed.duplicates + feed.quarantined


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_no_answered_frame_is_lost_when_bus_and_adapter_go_down_together(
    tmp_path: Path, how: str
) -> None:
    """Killed while spooling and while draining: each frame is there once, stations in order."""
    async with running(tmp_path) as site, asyncio.TaskGroup() as group:
        stations = [Station(site.hj212_port, number) for number in range(STATIONS)]
        goal = 40

        def all_have(count: int) -> bool:
            return all(station.answered >= count for station in stations)

        for station in stations:
            group.create_task(station.send(goal))
        await until(lambda: all_have(5))
        before = min(station.answered for station in stations)

        # The bus goes away: after a while everybody is answered again.
        if how == "kill":
            await site.server.kill()
        else:
            site.freeze()
        await until(lambda: all_have(before + 6))
        assert site.spooled

        # The adapter is killed while it spools, and begins again without the bus.
        await site.kill_adapter()
        await site.start_adapter()
        await until(lambda: all_have(before + 12))
        backlog = Backlog(site.hj212_port, 1000, BACKLOG)
        await backlog.send()
        assert site.spooled >= BACKLOG

        # The bus is back, and the adapter is killed while it empties the spool.
        if how == "kill":
            await site.server.start()
        site.thaw()
        await until(lambda: 0 < site.spooled < BACKLOG)
        await site.kill_adapter()
        left = site.spooled
        await site.start_adapter()
        await until(lambda: not site.spooled)
        await until(lambda: all_have(goal))

        result = await balanced(site)
        stored = await site.stored()

    assert left
    assert result.findings == ()
    assert stored == {
        **{station_name(number): [*range(goal)] for number in range(STATIONS)},
        station_name(1000): [*range(BACKLOG)],
    }
    assert result.feed.received == settled(result)
    assert result.feed.stored == STATIONS * goal + BACKLOG


async def test_an_adapter_that_is_stopped_while_it_spools_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    """It ends in order without the bus; with it, the next one brings everything there."""
    async with running(tmp_path) as site:
        await site.server.kill()
        station = Station(site.hj212_port, 1)
        await station.send(10)

        assert await site.stop_adapter() == 0
        assert site.spooled == 10
        await site.server.start()
        await site.start_adapter()
        await until(lambda: not site.spooled)
        result = await balanced(site)

        assert await site.stored() == {station_name(1): [*range(10)]}
        assert (result.findings, result.feed.stored) == ((), 10)
        assert result.feed.state == FEED_STATE_RUNNING


async def test_a_full_spool_answers_nobody_and_loses_nothing(tmp_path: Path) -> None:
    """Senders wait, as without a spool; what they send in the end is stored once, in order."""
    count = 3000
    async with running(tmp_path, spool="max_mb = 1") as site, asyncio.TaskGroup() as group:
        await site.server.kill()
        backlogs = [Backlog(site.hj212_port, number, count) for number in (1, 2)]
        sending = [group.create_task(backlog.send()) for backlog in backlogs]
        await until(lambda: "held until the bus takes them" in site.log.read_text())

        assert not all(task.done() for task in sending)
        assert sum(backlog.answered for backlog in backlogs) < 2 * count
        await site.server.start()
        await asyncio.wait(sending)
        result = await balanced(site)

        stored = await site.stored()
    assert stored == {station_name(number): [*range(count)] for number in (1, 2)}
    assert result.findings == ()


async def test_a_feed_whose_spool_is_switched_off_answers_nobody_without_the_bus(
    tmp_path: Path,
) -> None:
    """What an earlier run has spooled goes out first; from then on the bus alone is good enough."""
    async with running(tmp_path) as site, asyncio.TaskGroup() as group:
        await site.server.kill()
        station = Station(site.hj212_port, 1)
        await station.send(5)
        await site.kill_adapter()
        site.file.write_text(site.file.read_text() + "enabled = false\n")
        await site.server.start()
        await site.start_adapter()
        await until(lambda: not site.spooled)
        await station.send(8)
        await site.server.kill()
        sending = group.create_task(station.send(10))
        await until(lambda: "held until the bus takes them" in site.log.read_text())

        assert (station.answered, site.spooled) == (8, 0)
        await site.server.start()
        await sending
        assert await site.stored() == {station_name(1): [*range(10)]}


async def test_a_damaged_spool_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The adapter does not begin on top of what it cannot read, and says which file to keep."""
    async with running(tmp_path) as site:
        await site.kill_adapter()
        path = site.home.spool(FEED)
        for file in path.parent.iterdir():
            file.write_bytes(b"no database at all" * 100)

        with pytest.raises(AssertionError) as told:
            await site.start_adapter()

        assert f"the spool {path} cannot be used (file is not a database)" in str(told.value)
        assert "move the file away and keep it" in str(told.value)
