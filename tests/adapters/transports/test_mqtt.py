"""An MQTT broker that goes and comes, and messages that were not acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import paho.mqtt.publish
import pytest

from adapters.sdk.errors import FeedMisconfigured
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.relay import Relay, relaying
from tests.adapters.transports.running import impatient, own_bus, until
from tests.adapters.transports.servers import mosquitto
from tests.adapters.transports.stage import reading
from tests.conftest import free_port


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[int]:
    """Run a broker; return its port."""
    port = free_port()
    async with mosquitto(tmp_path, port):
        yield port


@pytest.fixture
async def wire(broker: int) -> AsyncIterator[Relay]:
    """Return a wire to the broker."""
    async with relaying(broker) as relay:
        yield relay


async def publish(broker: int, *documents: bytes, topic: str = "stages/a") -> None:
    """Publish documents."""
    messages: list[Any] = [(topic, document, 1, False) for document in documents]
    await asyncio.to_thread(paho.mqtt.publish.multiple, messages, "127.0.0.1", broker)


async def test_what_was_not_acknowledged_comes_again_at_the_next_start(
    tmp_path: Path, broker: int, wire: Relay
) -> None:
    """A feed that is stopped while the bus is away leaves its messages with the broker."""
    source = f"mqtt://127.0.0.1:{wire.port}/stages/%23"
    session: dict[str, Any] = {"client_id": "one"}
    async with own_bus(tmp_path / "home", "water") as bus:
        async with impatient(bus.home, bus.plan, source, **session) as feed:
            await until(lambda: wire.subscribed)
            await bus.server.kill()
            await publish(broker, *(reading(f"s{number}") for number in range(30)))
            await until(lambda: feed.ledger.received)
            await feed.transport.stop()
            assert wire.acknowledged == 0
            await bus.server.start()

        await publish(broker, reading("meanwhile"))
        async with impatient(bus.home, bus.plan, source, **session) as feed:
            await until(lambda: wire.acknowledged >= 31)
            assert feed.ledger.stored == 31


async def test_a_cut_connection_comes_back_and_nothing_is_doubled(
    tmp_path: Path, broker: int, wire: Relay
) -> None:
    """What was under way is sent again by the broker, stored once, and acknowledged."""
    source = f"mqtt://127.0.0.1:{wire.port}/stages/#"
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        impatient(bus.home, bus.plan, source) as feed,
    ):
        await until(lambda: wire.subscribed)
        bus.freeze()
        await publish(broker, *(reading(f"s{number}") for number in range(10)))
        await until(lambda: feed.ledger.in_flight)
        wire.cut()
        await until(lambda: wire.subscribed == 2)
        bus.thaw()

        await until(lambda: wire.acknowledged >= 10)
        assert feed.ledger.stored == 10
        assert len(await feed.records()) == 10


async def test_a_broker_that_is_away_is_connected_to_when_it_is_there(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """The feed starts all the same, and says what keeps messages from coming."""
    port = free_port()
    async with impatient(city_home, plan, f"mqtt://127.0.0.1:{port}/stages/#") as feed:
        await until(lambda: "cannot be reached" in feed.trouble)
        async with mosquitto(tmp_path, port):
            # The session is kept, so that what is published before it is subscribed is not lost.
            await until(feed.transport._client.is_connected)
            await until(lambda: not feed.trouble)
            while not feed.ledger.stored:
                await publish(port, reading("a"))
            await feed.transport.stop()


async def test_many_more_than_may_wait_are_all_stored(
    city_home: Home, plan: BusPlan, broker: int, wire: Relay
) -> None:
    """The broker is held back, and goes on as messages are settled."""
    source = f"mqtt://127.0.0.1:{wire.port}/stages/#"
    async with impatient(city_home, plan, source, max_waiting=3) as feed:
        await until(lambda: wire.subscribed)
        await publish(broker, *(reading(f"m{number}") for number in range(200)))

        await until(lambda: wire.acknowledged == 200)
        assert feed.ledger.stored == 200


async def test_the_quarantine_names_the_topic(
    city_home: Home, plan: BusPlan, broker: int, wire: Relay
) -> None:
    """Who sent what cannot be translated is seen by its topic."""
    source = f"mqtt://127.0.0.1:{wire.port}/stages/+/level"
    async with impatient(city_home, plan, source) as feed:
        await until(lambda: wire.subscribed)
        await publish(broker, b"no json", b"", topic="stages/gauge-7/level")
        await until(lambda: wire.acknowledged == 2)

        (entry,) = await feed.quarantined()
        assert entry.source == "stages/gauge-7/level"
        assert entry.raw == b"no json"


async def test_a_source_without_a_topic_is_told(city_home: Home, plan: BusPlan) -> None:
    """All topics of a broker would be too many to mean."""
    with pytest.raises(FeedMisconfigured, match="lacks a topic; write it as mqtt://"):
        async with impatient(city_home, plan, "mqtt://127.0.0.1:1883"):
            pytest.fail("it started")
