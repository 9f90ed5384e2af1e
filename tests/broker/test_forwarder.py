"""What a spool holds goes to its stream in order, each message once, against a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.forwarder import Forwarder
from broker.home import Home
from broker.lookup import extent, first_since, last_message, message_at
from broker.outgoing import Outgoing
from broker.plan import MEBIBYTE, BusPlan
from broker.server import EmbeddedServer
from broker.spool import Spool
from broker.streams import reconcile
from broker.subscriber import read, scan
from broker.users import AUDIT
from tests.conftest import small_plan

SUBJECT = "audit.east"


class Site:
    """A server of a test's own, and a spool that stays."""

    def __init__(self, server: EmbeddedServer, home: Home, plan: BusPlan) -> None:
        self.server, self.home, self.plan = server, home, plan

    def bus(self) -> Bus:
        """Connect as the gateway."""
        return Bus(BusSettings.of(self.home, self.plan, "gateway"))

    def spool(self) -> Spool:
        """Return the spool, to be opened."""
        return Spool(self.home.path / "journal.sqlite", 64 * MEBIBYTE)

    async def held(self) -> list[str]:
        """Return the ids that the stream holds, in order."""
        async with self.bus() as bus:
            return [one.headers["Nats-Msg-Id"] async for one in scan(bus, AUDIT, "audit.>")]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a server that forgets ids after a second, and whose log is small."""
    home = Home(tmp_path / "home")
    plan = msgspec.structs.replace(
        small_plan(("water",)), duplicate_window_s=1, audit_bytes=MEBIBYTE
    )
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        yield Site(server, home, plan)


def messages(first: int, last: int, size: int = 1) -> list[Outgoing]:
    """Make numbered messages."""
    return [Outgoing(SUBJECT, b"x" * size, str(number)) for number in range(first, last + 1)]


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)


async def test_all_is_forwarded_in_order_and_the_newest_stays(site: Site) -> None:
    """The spool knows where it stands also without the bus."""
    async with site.spool() as spool, site.bus() as bus:
        await spool.append(AUDIT, messages(1, 150))
        async with Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
            await spool.append(AUDIT, messages(151, 160))
            forwarder.wake()
            await until(lambda: not forwarder.left)
        newest = await spool.newest(AUDIT)

        assert newest is not None
        assert newest.message_id == "160"
        assert spool.count(AUDIT) == 1
    assert await site.held() == [str(number) for number in range(1, 161)]


async def test_what_was_stored_before_a_crash_is_not_stored_again(site: Site) -> None:
    """Also when the server has forgotten the ids: the stream itself is asked."""
    async with site.spool() as spool, site.bus() as bus:
        await spool.append(AUDIT, messages(1, 5))
        for message in messages(1, 3):
            await bus.nc.request(
                SUBJECT, message.payload, headers={"Nats-Msg-Id": message.message_id}
            )
        stored = await last_message(bus, AUDIT, SUBJECT)
        assert stored is not None
        async with asyncio.timeout(30):
            # The window has passed when the same id is taken again.
            while True:
                answer = await bus.nc.request("audit.probe", b"", headers={"Nats-Msg-Id": "probe"})
                if b"duplicate" not in answer.data and await message_count(bus, "audit.probe") > 1:
                    break
                await asyncio.sleep(0.1)
        async with Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
        own = [one.headers["Nats-Msg-Id"] async for one in scan(bus, AUDIT, SUBJECT)]

    assert own == ["1", "2", "3", "4", "5"]


async def message_count(bus: Bus, subject: str) -> int:
    """Return how many messages the stream has of a subject."""
    return len([one async for one in scan(bus, AUDIT, subject)])


async def test_an_outage_delays_and_loses_nothing(site: Site) -> None:
    """Stopped and killed again and again while messages come."""
    async with (
        site.spool() as spool,
        site.bus() as bus,
        Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder,
    ):
        for round_ in range(3):
            await spool.append(AUDIT, messages(round_ * 100 + 1, round_ * 100 + 50))
            forwarder.wake()
            await site.server.kill()
            await spool.append(AUDIT, messages(round_ * 100 + 51, round_ * 100 + 100))
            forwarder.wake()
            await site.server.start()
        await until(lambda: not forwarder.left)
    assert await site.held() == [str(number) for number in range(1, 301)]


async def test_a_full_stream_makes_all_wait_in_order(site: Site) -> None:
    """A smaller message does not go past one that does not fit."""
    async with site.spool() as spool, site.bus() as bus:
        await spool.append(AUDIT, messages(1, 1, 600_000))
        async with Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
            await spool.append(AUDIT, messages(2, 2, 600_000))
            await spool.append(AUDIT, messages(3, 3))
            forwarder.wake()
            await until(lambda: forwarder.stands_still)
            assert await site.held() == ["1"]
            larger = msgspec.structs.replace(site.plan, audit_bytes=4 * MEBIBYTE)
            await reconcile(site.home, larger)
            await until(lambda: not forwarder.left)
    assert await site.held() == ["1", "2", "3"]


async def test_single_messages_and_stretches_are_looked_up(site: Site) -> None:
    """By place, by subject, by moment."""
    async with site.spool() as spool, site.bus() as bus:
        assert await last_message(bus, AUDIT, SUBJECT) is None
        assert await first_since(bus, AUDIT, 0) == 0
        await spool.append(AUDIT, messages(1, 9))
        async with Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
        await spool.append(AUDIT, messages(10, 12))
        async with Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
        eleventh = await message_at(bus, AUDIT, 11)
        tenth = await message_at(bus, AUDIT, 10)
        assert eleventh is not None
        assert tenth is not None

        assert await extent(bus, AUDIT) == (1, 12)
        assert eleventh.headers["Nats-Msg-Id"] == "11"
        assert await message_at(bus, AUDIT, 99) is None
        assert await first_since(bus, AUDIT, 0) == 1
        assert await first_since(bus, AUDIT, tenth.timestamp_ns) <= 10
        assert await first_since(bus, AUDIT, tenth.timestamp_ns) > 9
        assert await first_since(bus, AUDIT, eleventh.timestamp_ns + 10**12) == 0
        assert [one.sequence for one in await read(bus, AUDIT, SUBJECT, 3, 5)] == [3, 4, 5]
        assert [one.sequence for one in await read(bus, AUDIT, SUBJECT, 11, 50)] == [11, 12]


async def test_leaving_while_the_bus_is_away_keeps_all(site: Site) -> None:
    """The next start forwards it."""
    async with site.spool() as spool:
        async with site.bus() as bus, Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await site.server.stop()
            await spool.append(AUDIT, messages(1, 3))
            forwarder.wake()
        assert spool.count(AUDIT) == 3
        await site.server.start()
        async with site.bus() as bus, Forwarder(bus, spool, AUDIT, SUBJECT) as forwarder:
            await until(lambda: not forwarder.left)
    assert await site.held() == ["1", "2", "3"]
