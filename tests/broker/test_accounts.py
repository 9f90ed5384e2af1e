"""Agencies' accounts and what the hub takes from them, against the real server."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.errors import PublishRefused
from broker.home import Home
from broker.outgoing import Outgoing, Stored, header_lines
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import follow
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
PATIENCE_S = 60


class City:
    """What the hub's stream delivers."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self._changed = asyncio.Event()

    def take(self, delivery: Delivery) -> None:
        """Keep a subject."""
        self.subjects.append(delivery.subject)
        self._changed.set()

    async def has(self, *subjects: str) -> None:
        """Wait for subjects."""
        async with asyncio.timeout(PATIENCE_S):
            while not set(subjects) <= set(self.subjects):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def token() -> str:
    """Return an entity that no other test uses."""
    return uuid.uuid4().hex


async def test_the_same_id_from_two_agencies_is_two_messages(bus_of: Connect, token: str) -> None:
    """What one agency sends cannot keep another's from the city."""
    city = City()
    subjects = [f"share.{agency}.x.y.{token}" for agency in ("water", "police")]
    async with (
        bus_of("water") as water,
        bus_of("police") as police,
        bus_of("gateway") as gateway,
        await follow(gateway, "CITY", f"share.*.x.y.{token}", city.take),
        Publisher(water, "WATER") as of_water,
        Publisher(police, "POLICE") as of_police,
    ):
        await of_water.publish(Outgoing(subjects[0], b"1", token))
        await of_police.publish(Outgoing(subjects[1], b"1", token))

        await city.has(*subjects)


async def test_a_forged_origin_is_refused_and_spoils_nothing_else(
    bus_of: Connect, token: str
) -> None:
    """Only the server writes where a message was sourced from."""
    forged = header_lines({"Nats-Stream-Source": "POLICE:x 1 share.police.> share.police.>"})
    messages = [Outgoing(f"share.water.x.y.{token}", b"%d" % n, f"{token}-{n}") for n in range(3)]
    messages[1].headers = forged
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        with pytest.raises(PublishRefused, match="source header is not allowed"):
            await publisher.publish(messages[1])

        results = await publisher.publish_all(messages)

        assert [type(result) for result in results] == [Stored, PublishRefused, Stored]


async def test_the_hub_takes_no_subject_of_another_agency(tmp_path: Path) -> None:
    """Even when an agency's own stream was made to hold it."""
    home, plan = Home(tmp_path / "home"), small_plan(("police", "water"))
    city = City()
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "admin.water")) as admin,
            Bus(BusSettings.of(home, plan, "gateway")) as gateway,
            await follow(gateway, "CITY", "share.>", city.take),
        ):
            config = (await admin.js.stream_info("WATER")).config
            config.subjects = ["share.>"]
            await admin.js.update_stream(config)
            await admin.js.publish("share.police.incident.report.forged", b"1")
            await admin.js.publish("share.water.water.level.own", b"1")

            await city.has("share.water.water.level.own")
            assert city.subjects == ["share.water.water.level.own"]
            assert await reconcile(home, plan) == ["changed subjects of stream WATER"]


async def test_many_agencies_need_no_more_memory_than_there_is(tmp_path: Path) -> None:
    """What is set aside for accounts at the start stays small."""
    home = Home(tmp_path / "home")
    plan: BusPlan = small_plan(tuple(f"a{number}" for number in range(100)))

    async with EmbeddedServer(home, plan) as server:
        assert server.pid is not None
