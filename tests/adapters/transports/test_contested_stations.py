"""Two loggers with one number, over real sockets; and one logger that only reconnects."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from adapters.environment.hj212 import framed
from adapters.water.sl651 import crc
from broker.home import Home
from broker.plan import BusPlan
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transports.running import PATIENCE_S, RunningFeed, running, until

Write = Callable[[int], bytes]
FIRST, SECOND = "127.0.0.1", "127.0.0.2"


def hj212(minute: int) -> bytes:
    """Write a minute's readings of an air station."""
    time = f"202406011200{minute:02d}"
    return framed(
        f"QN={time}000;ST=22;CN=2011;PW=123456;MN=320102000000A00000000001;Flag=5;"
        f"CP=&&DataTime={time};a34004-Rtd=31.0,a34004-Flag=N&&"
    )


def sl651(minute: int) -> bytes:
    """Write a minute's stage of a river station."""
    body = f"{minute:04X}2406011200{minute:02d}F1F1006321234548F0F02406011200392300012345"
    raw = bytes.fromhex(f"7E7E0100632123451234320{len(body) // 2:03X}02{body}03")
    return raw + crc(raw).to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Station:
    """A format's loggers, all with one number."""

    adapter: str
    write: Write
    name: str


STATIONS = (
    Station(
        "environment/hj212",
        hj212,
        "environment/environment.air/320102000000A00000000001",
    ),
    Station("water/sl651", sl651, "water/water.level/0063212345"),
)


@pytest.fixture(params=STATIONS, ids=lambda station: station.adapter)
def station(request: pytest.FixtureRequest) -> Station:
    """Return the station of each format."""
    station: Station = request.param
    return station


@pytest.fixture
async def feed(station: Station, city_home: Home, plan: BusPlan) -> AsyncIterator[RunningFeed]:
    """Run a feed that its loggers connect to."""
    async with running(city_home, plan, station.adapter, "tcp://127.0.0.1:0") as feed:
        yield feed


@asynccontextmanager
async def logger(feed: RunningFeed, host: str) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Connect from a host; yield how to send a frame and see what became of it."""
    _, port = feed.address.removeprefix("tcp://").split(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port), local_addr=(host, 0))
    members = len(feed.transport._crowd.members)

    async def send(frame: bytes) -> None:
        settled = feed.settled
        writer.write(frame)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read(1024)
        assert feed.settled == settled + 1

    try:
        yield send
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await until(lambda: len(feed.transport._crowd.members) < members)


def told(records: list[Record]) -> list[tuple[str, int]]:
    """Return of each record its name and quality."""
    return [(record.name, record.quality.level) for record in records]


async def test_a_logger_that_reconnects_is_not_flagged(feed: RunningFeed, station: Station) -> None:
    """Its old connection still looks open and is silent; the new one speaks for it."""
    async with logger(feed, FIRST) as old, logger(feed, FIRST) as new:
        await old(station.write(1))
        await new(station.write(2))
        await new(station.write(3))

    assert told(await feed.records()) == [(station.name, QUALITY_LEVEL_VALID)] * 3
    assert feed.error == ""


async def test_two_loggers_with_one_number_are_kept_apart_and_flagged(
    feed: RunningFeed, station: Station
) -> None:
    """From the first's second word on each has a series of its own, and both are suspect."""
    async with logger(feed, FIRST) as first, logger(feed, SECOND) as second:
        for minute, say in zip(range(5), itertools.cycle((first, second)), strict=False):
            await say(station.write(minute))

    name, apart = station.name, f"{station.name}@{SECOND}"
    records = await feed.records()
    assert told(records) == [
        (name, QUALITY_LEVEL_VALID),
        (name, QUALITY_LEVEL_VALID),
        (name, QUALITY_LEVEL_SUSPECT),
        (apart, QUALITY_LEVEL_SUSPECT),
        (name, QUALITY_LEVEL_SUSPECT),
    ]
    assert {record.quality.note for record in records[2:]} == {
        "Another connection claims this station's number."
    }
    assert f"both send as {name}" in feed.error


async def test_once_one_hangs_up_it_is_calm_again(feed: RunningFeed, station: Station) -> None:
    """Who is left has the name for itself."""
    write = station.write
    async with logger(feed, SECOND) as second:
        async with logger(feed, FIRST) as first:
            await first(write(1))
            await second(write(2))
            await first(write(3))
        await second(write(4))
        await second(write(5))

    assert told(await feed.records())[3:] == [(station.name, QUALITY_LEVEL_VALID)] * 2


async def test_a_resend_over_a_new_connection_is_a_duplicate(
    feed: RunningFeed, station: Station
) -> None:
    """The message is what it was, also while its number is contested."""
    async with logger(feed, FIRST) as first, logger(feed, SECOND) as second:
        for say, minute in ((first, 1), (second, 2), (first, 3)):
            await say(station.write(minute))
        async with logger(feed, SECOND) as third:
            await third(station.write(1))
            await third(station.write(2))

    assert feed.ledger.duplicates == 2
    assert len(await feed.records()) == 3


async def test_files_claim_nothing(
    city_home: Home, plan: BusPlan, station: Station, tmp_path: Path
) -> None:
    """Frames out of several files in turn are one station's."""
    async with running(city_home, plan, station.adapter, f"drop:{tmp_path}") as feed:

        def is_settled(wanted: int) -> bool:
            return feed.settled == wanted

        for minute, kind in enumerate("aba"):
            hidden = tmp_path / f".{minute}"
            hidden.write_bytes(station.write(minute))
            hidden.rename(tmp_path / f"{kind}.frames")
            await until(partial(is_settled, minute + 1))

        assert told(await feed.records()) == [(station.name, QUALITY_LEVEL_VALID)] * 3
