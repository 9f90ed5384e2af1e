"""Series are bounded by feeds and agencies, whatever the number of entities."""

import asyncio
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from adapters.runner import FeedRunner
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from ops.city import City, read_city
from ops.metrics.bus import HearingCollector, ServerCollector, StreamCollector
from ops.metrics.bus_watch import BusWatch
from ops.metrics.endpoint import registry_of
from ops.metrics.feed import FeedCollector
from tests.conftest import free_port, small_plan
from tests.ops.conftest import air, damaged
from tests.ops.metrics.pages import names

STATIONS = 2000
FEED = "environment.hj212"
CITY = f"""
[city]
name = "t"
[nats]
port = {{port}}
[[agency]]
name = "environment"
[[feed]]
id = "{FEED}"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:0"
"""


async def test_thousands_of_entities_make_no_series_more(tmp_path: Path) -> None:
    """As many after two stations as after two thousand, good frames and damaged ones."""
    home, city = Home(tmp_path / "home"), _city(tmp_path)
    async with EmbeddedServer(home, city.plan):
        await reconcile(home, city.plan)
        async with (
            FeedRunner(city.feed(FEED), home, city.plan) as runner,
            BusWatch(home, city) as watch,
        ):
            assert runner.ledger is not None
            told = registry_of(
                FeedCollector(city.feed(FEED), runner.ledger),
                StreamCollector(watch),
                ServerCollector(watch),
                HearingCollector(watch, city),
            )
            counts = []
            for stations in (range(2), range(STATIONS)):
                await _send(runner, stations)
                await _settled(watch, len(stations))
                counts.append(_count(told))
            kinds = names(told)

    assert counts[0] == counts[1]
    assert len(kinds) > 30


async def _send(runner: FeedRunner, stations: range) -> None:
    """Send a good frame and a damaged one of each station, and wait for all answers."""
    host, _, port = runner.address.partition("://")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    frames = [air(f"320100A{number:04}", 31.0, minute=-len(stations)) for number in stations]
    writer.write(b"".join([*frames, *(damaged(f"320100B{number:04}") for number in stations)]))
    async with asyncio.timeout(60):
        for _ in stations:
            await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()


async def _settled(watch: BusWatch, stations: int) -> None:
    """Wait until the bus was told of them all, and the streams of the city have them."""
    async with asyncio.timeout(60):
        while FEED not in watch.feeds or watch.feeds[FEED].stored < stations:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await watch.refresh()


def _count(registry: CollectorRegistry) -> int:
    """Return how many series there are."""
    return sum(len(family.samples) for family in registry.collect())


def _city(folder: Path) -> City:
    """Describe a city of one feed that leaves room on the disk."""
    port = free_port()
    file = folder / "city.toml"
    file.write_text(CITY.format(port=port))
    city = read_city(file)
    plan = msgspec.structs.replace(small_plan(("environment",)), port=port)
    return msgspec.structs.replace(city, plan=plan)
