"""Watchers that read slowly or not at all, and more of them than there may be."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import randrange

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.town import NOW, City, level, reason
from tests.gateway.watching import BOOKMARK, Watch, another, metres, store, watching

FROZEN = """
import sys, grpc
from pathlib import Path
from liandong.gateway.v1 import shared_state_pb2 as api, shared_state_pb2_grpc as rpc
target, district, *files = sys.argv[1:]
credentials = grpc.ssl_channel_credentials(*(Path(file).read_bytes() for file in files))
with grpc.secure_channel(target, credentials) as channel:
    request = api.WatchRecordsRequest(selection=api.Selection(districts=[district]))
    for response in rpc.SharedStateServiceStub(channel).WatchRecords(request):
        print(response.events[-1].type, flush=True)
"""


@pytest.fixture
def place() -> str:
    """Return a district that no other test uses."""
    return f"3201{randrange(10**8):08}"


@pytest.fixture
def here(place: str) -> api.Selection:
    """Return the selection of that district."""
    return api.Selection(districts=[place])


def large(station: str, place: str, count: int) -> list[Record]:
    """Make revisions of one station, of some 290 kB each."""
    one = level(station, 0.0, district=place)
    for _ in range(8):
        series = one.water_level.series.add(code="39")
        series.starts_at.FromDatetime(NOW)
        series.step.FromSeconds(300)
        for _ in range(4000):
            series.steps.add(value=1.0)
    records = []
    for number in range(1, count + 1):
        record = Record()
        record.CopyFrom(one)
        record.water_level.level_m = number
        record.observed_at.FromDatetime(NOW + timedelta(seconds=number - 1000))
        records.append(record)
    return records


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


async def taken(city: City, record: Record) -> None:
    """Wait until the gateway's view holds a record."""

    def holds() -> bool:
        entry = city.gateway.view.get(record.name)
        return entry is not None and entry.observed == record.observed_at.ToNanoseconds()

    await eventually(holds)


async def read_to_its_end(watch: Watch, events: list[api.RecordEvent]) -> None:
    """Read events into a list until the gateway ends the watch."""
    while True:
        events.append(await watch.next())


async def test_a_watcher_that_reads_slowly_gets_the_latest(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Not each revision: what it costs the gateway is what it has selected."""
    revisions = large(station, place, 50)
    async with watching(city, "water", here) as slow, watching(city, "water", here) as quick:
        await slow.until(BOOKMARK)
        await quick.until(BOOKMARK)

        storing = asyncio.create_task(store(city, revisions))
        seen = [0.0]
        while seen[-1] < 50:
            seen += metres([await quick.next()])
        await storing

        late = [0.0]
        while late[-1] < 50:
            late += metres([await slow.next()])

    assert late == sorted(late)
    assert len(late) < 50


async def test_a_slow_watcher_of_every_revision_is_ended_and_goes_on_with_its_token(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """It is told its token, and misses none."""
    revisions = large(station, place, 60)
    events: list[api.RecordEvent] = []
    async with another(city, backlog_bytes=1 << 20) as narrow:
        async with watching(narrow, "water", here, every_revision=True) as slow:
            await slow.until(BOOKMARK)
            await store(city, revisions)
            await taken(narrow, revisions[-1])
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await read_to_its_end(slow, events)
        assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason(raised.value) == "WATCHER_TOO_SLOW"
        assert raised.value.details() == (
            "more came than was read: read faster, or select less; "
            f"go on with resume_token {slow.token}"
        )
        seen = len(events)

        async with watching(narrow, "water", here, slow.token, every_revision=True) as again:
            events += await again.until(BOOKMARK)

    assert 0 < seen < 60
    assert metres(events) == [float(number) for number in range(1, 61)]


async def test_a_watcher_that_does_not_read_is_ended_and_the_others_are_not(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Another of the same selection is told everything meanwhile."""
    revisions = large(station, place, 40)
    async with (
        another(city, unread_s=1.0) as strict,
        watching(strict, "water", here) as dead,
        watching(strict, "water", here) as alive,
    ):
        await dead.until(BOOKMARK)
        await alive.until(BOOKMARK)

        storing = asyncio.create_task(store(city, revisions))
        seen = [0.0]
        while seen[-1] < 40:
            seen += metres([await alive.next()])
        await storing
        await eventually(lambda: len(strict.gateway.watches) == 1)

        with pytest.raises(grpc.aio.AioRpcError, match="nothing was read") as raised:
            await read_to_its_end(dead, [])
        assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@asynccontextmanager
async def frozen(city: City, place: str) -> AsyncIterator[None]:
    """Run a client that has come as far as the bookmark and is stopped as a process."""
    pem, key = city.home.certificate("water")
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", FROZEN, f"localhost:{city.gateway.port}", place),
        *map(str, (city.home.ca, key, pem)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert client.stdout is not None
    try:
        assert await client.stdout.readline() == b"2\n"
        os.kill(client.pid, signal.SIGSTOP)
        yield
    finally:
        client.kill()
        await client.wait()


async def test_a_client_whose_machine_has_frozen_is_ended(
    city: City, station: str, place: str
) -> None:
    """It neither reads nor says good-bye."""
    revisions = large(station, place, 40)
    async with another(city, unread_s=1.0) as strict, frozen(strict, place):
        for revision in revisions:
            # Each as an event of its own: what is joined is one, however many there were.
            await store(city, [revision])
            await taken(strict, revision)

        await eventually(lambda: len(strict.gateway.watches) == 0)


async def test_a_department_may_have_so_many_watches_open_and_no_more(
    city: City, here: api.Selection
) -> None:
    """One more is told when to try again; others are not concerned; a closed one makes room."""
    async with another(city, department=2) as strict:
        async with watching(strict, "water", here) as one, watching(strict, "water", here) as two:
            await one.until(BOOKMARK)
            await two.until(BOOKMARK)
            with pytest.raises(grpc.aio.AioRpcError, match="department water") as raised:
                async with watching(strict, "water", here) as three:
                    await three.next()
            async with watching(strict, "police", here) as other:
                await other.until(BOOKMARK)

        status = rpc_status.from_call(raised.value)  # type: ignore[arg-type]  # it has what that reads
        assert status is not None
        assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in status.details)
        assert retry.retry_delay.seconds > 0
        await eventually(lambda: len(strict.gateway.watches) == 0)
        async with watching(strict, "water", here) as four:
            await four.until(BOOKMARK)


async def test_all_departments_together_may_have_so_many(city: City, here: api.Selection) -> None:
    """A gateway has an end too."""
    async with another(city, total=1) as strict, watching(strict, "water", here) as one:
        await one.until(BOOKMARK)

        with pytest.raises(grpc.aio.AioRpcError, match="the gateway has 1") as raised:
            async with watching(strict, "police", here) as two:
                await two.next()

    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_crowd_that_comes_back_at_once_is_served(city: City, here: api.Selection) -> None:
    """As after a restart of the gateway; gRPC by itself would drop some by chance."""
    request = api.WatchRecordsRequest(selection=here)
    async with city.stub("water") as stub:
        calls = [stub.WatchRecords(request) for _ in range(1500)]
        async with asyncio.timeout(60):
            first = await asyncio.gather(*(anext(aiter(call)) for call in calls))
        for call in calls:
            call.cancel()

    assert {response.events[-1].type for response in first} == {BOOKMARK}


async def test_nothing_is_left_of_watchers_that_have_gone(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Neither of those who cancelled nor of their group."""
    watches = city.gateway.watches
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(_look_in(city, here))

    await eventually(lambda: len(watches) == 0)

    assert not [*watches._groups]
    await city.share(level(station, 1.0, district=place))
    assert not any(watches._groups._by_key.values())


async def _look_in(city: City, selection: api.Selection) -> None:
    """Watch up to the bookmark."""
    async with watching(city, "water", selection) as watch:
        await watch.until(BOOKMARK)
