"""Datagrams while the bus stands still, and more than can be held."""

import asyncio
import socket
from pathlib import Path

from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import RunningFeed, impatient, own_bus, until
from tests.adapters.transports.stage import reading

ANYWHERE = "udp://127.0.0.1:0"


def sender_to(feed: RunningFeed) -> socket.socket:
    """Return a socket that sends to a feed."""
    host, _, port = feed.address.removeprefix("udp://").rpartition(":")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setblocking(False)
    sender.connect((host, int(port)))
    return sender


async def test_datagrams_wait_in_the_kernel_while_too_many_are_here(tmp_path: Path) -> None:
    """A frozen bus: few are held by us, all are stored and answered once it goes on."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        impatient(bus.home, bus.plan, ANYWHERE, max_waiting=10) as feed,
    ):
        bus.freeze()
        with sender_to(feed) as sender:
            for number in range(60):
                sender.send(reading(f"s{number}"))
            await until(lambda: feed.transport._intake.is_full)
            assert feed.ledger.received <= 10
            bus.thaw()

            loop = asyncio.get_running_loop()
            async with asyncio.timeout(30):
                answers = [await loop.sock_recv(sender, 100) for _ in range(60)]
        assert set(answers) == {b"stored\n"}
        assert feed.ledger.stored == 60


async def test_datagrams_that_the_kernel_drops_are_counted_and_told(tmp_path: Path) -> None:
    """Nobody sees a lost datagram, so the feed says how many there were."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        impatient(bus.home, bus.plan, ANYWHERE, max_waiting=1, receive_bytes=4096) as feed,
    ):
        bus.freeze()
        with sender_to(feed) as sender:
            for number in range(500):
                sender.send(reading(f"s{number}"))
            await until(lambda: feed.transport._intake.is_full)
            bus.thaw()
            await until(lambda: feed.transport._intake._worker is None)
            sender.send(reading("after"))
            await until(lambda: "datagrams were lost before they could be read" in feed.error)

        await until(lambda: not feed.ledger.in_flight)
        told = int(feed.error.split()[0])
        assert told + feed.ledger.stored == 501


async def test_each_sender_gets_its_own_answers(city_home: Home, plan: BusPlan) -> None:
    """Answers go where the datagram came from; the quarantine says from where."""
    async with impatient(city_home, plan, ANYWHERE) as feed:
        loop = asyncio.get_running_loop()
        with sender_to(feed) as one, sender_to(feed) as other:
            one.send(reading("one"))
            other.send(reading("other", "no number"))
            async with asyncio.timeout(30):
                assert await loop.sock_recv(one, 100) == b"stored\n"
                assert await loop.sock_recv(other, 100) == b"quarantined\n"

            (entry,) = await feed.quarantined()
            assert entry.source == "{}:{}".format(*other.getsockname())


async def test_an_empty_datagram_is_nothing(city_home: Home, plan: BusPlan) -> None:
    """It holds no message, and harms nothing."""
    async with impatient(city_home, plan, ANYWHERE) as feed:
        with sender_to(feed) as sender:
            sender.send(b"")
            sender.send(reading("good"))
            await until(lambda: feed.ledger.stored == 1)
        assert feed.ledger.received == 1
