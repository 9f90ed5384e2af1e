"""What the hub takes of a department's own server, under whose name, and from where on."""

import asyncio
from pathlib import Path

from broker.connection import Bus, BusSettings
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import admin
from tests.e2e.machines import PATIENCE_S, Machines, city_file, leaf, node


def outgoing(number: int) -> Outgoing:
    """Make a message of the department."""
    return Outgoing(f"share.environment.x.y.{number}", b"%d" % number, f"id-{number}")


async def test_a_source_that_is_filtered_otherwise_goes_on_where_it_was(tmp_path: Path) -> None:
    """As an earlier release defined it: what the city has already does not come again."""
    file = city_file(tmp_path, "leaf", node("nats-1"), leaf("environment"))
    async with (
        Machines(file, tmp_path) as machines,
        Bus(BusSettings.of(machines.home, machines.plan, "environment")) as own,
        Publisher(own, "ENVIRONMENT") as publisher,
        Bus(BusSettings.of(machines.home, machines.plan, admin("HUB"))) as hub,
    ):

        async def held(count: int) -> list[bytes]:
            async with asyncio.timeout(PATIENCE_S):
                while (await hub.js.stream_info("CITY")).state.messages < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            return [one.payload async for one in scan(hub, "CITY", "share.>")]

        config = (await hub.js.stream_info("CITY")).config
        assert config.sources is not None
        for one in config.sources:
            if one.name == "ENVIRONMENT":
                one.subject_transforms, one.filter_subject = None, "share.environment.>"
        await hub.js.update_stream(config)
        for number in range(5):
            await publisher.publish(outgoing(number))
        await held(5)

        changed = await reconcile(machines.home, machines.plan)
        for number in range(5, 8):
            await publisher.publish(outgoing(number))

        assert changed == ["changed sources of stream CITY"]
        assert await held(8) == [b"%d" % number for number in range(8)]
        assert await reconcile(machines.home, machines.plan) == []
