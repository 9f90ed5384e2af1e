"""Where a feed's reading of its source stands, on the bus."""

import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from broker.checkpoints import KeyValueCheckpoint
from broker.connection import Bus, BusSettings
from broker.errors import PublishError, StreamUnavailable
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


@pytest.fixture
def feed() -> str:
    """Return a feed that no other test uses."""
    return f"water.stage-{uuid.uuid4().hex[:8]}"


async def test_the_place_that_was_saved_last_is_loaded(bus_of: Connect, feed: str) -> None:
    """By the next adapter too; a feed that saved nothing has none."""
    async with bus_of("water") as bus:
        async with KeyValueCheckpoint(bus, feed) as place:
            assert await place.load() is None
            await place.save(b"one")
            await place.save(b"two")
            assert await place.load() == b"two"
        async with KeyValueCheckpoint(bus, feed) as place:
            assert await place.load() == b"two"
        async with KeyValueCheckpoint(bus, f"{feed}-other") as place:
            assert await place.load() is None


async def test_the_usual_tools_can_look_into_the_bucket(bus_of: Connect, feed: str) -> None:
    """The client library's own key-value API reads it, by the feed's id."""
    async with bus_of("water") as bus, KeyValueCheckpoint(bus, feed) as place:
        await place.save(b"one")
        await place.save(b"two")

        bucket = await bus.js.key_value("checkpoints")
        entry = await bucket.get(feed)

        assert (entry.key, entry.value) == (feed, b"two")


async def test_what_the_usual_tools_put_there_is_where_the_feed_goes_on(
    bus_of: Connect, feed: str
) -> None:
    """So an operator can set a feed back."""
    async with bus_of("admin.water") as bus:
        bucket = await bus.js.key_value("checkpoints")
        await bucket.put(feed, b"set back")
        assert feed in await bucket.keys()

    async with bus_of("water") as bus, KeyValueCheckpoint(bus, feed) as place:
        assert await place.load() == b"set back"


async def test_agencies_do_not_see_each_others_places(bus_of: Connect, feed: str) -> None:
    """Each bucket is in its agency's own account."""
    async with bus_of("water") as water, KeyValueCheckpoint(water, feed) as place:
        await place.save(b"ours")
    async with bus_of("police") as police, KeyValueCheckpoint(police, feed) as place:
        assert await place.load() is None


async def test_a_place_survives_the_server_and_is_refused_without_it(tmp_path: Path) -> None:
    """A kill loses nothing that save returned from; what it did not return from is not there."""
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            KeyValueCheckpoint(bus, "water.stage", budget_s=0.2) as place,
        ):
            await place.save(b"one")
            await server.kill()
            with pytest.raises(PublishError):
                await place.save(b"two")
            with pytest.raises(StreamUnavailable):
                await place.load()
        await server.start()
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            KeyValueCheckpoint(bus, "water.stage") as place,
        ):
            assert await place.load() == b"one"
