"""Reading streams once and in order, whatever happens to them, against the real server."""

import asyncio
import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.js.api import StreamConfig

from broker.connection import Bus, BusSettings
from broker.consumer import Consumer
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.home import Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import follow, scan
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
PATIENCE_S = 60


class Reader:
    """Keeps what a follower delivers, as numbers."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.restarts = 0
        self._changed = asyncio.Event()

    def take(self, delivery: Delivery) -> None:
        """Keep one message."""
        self.numbers.append(int(delivery.payload))
        self._changed.set()

    def restart(self) -> None:
        """Forget everything."""
        self.numbers.clear()
        self.restarts += 1
        self._changed.set()

    async def has(self, expected: list[int], restarts: int = 0) -> None:
        """Wait for exactly these."""
        await self._until(lambda: (self.numbers, self.restarts) == (expected, restarts))

    async def has_some(self, count: int) -> None:
        """Wait for so many, whichever they are."""
        await self._until(lambda: len(self.numbers) >= count)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


class Stream:
    """A stream that no other test uses, with its administrator's connection."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.name = f"TEST_{uuid.uuid4().hex}"
        self.subject = f"test.{self.name}"

    async def make(self) -> None:
        """Make it, empty."""
        await self.bus.js.add_stream(StreamConfig(name=self.name, subjects=[f"{self.subject}.>"]))

    async def put(self, *numbers: int) -> None:
        """Store messages, each under a subject of its own."""
        for number in numbers:
            await self.bus.js.publish(f"{self.subject}.{number}", b"%d" % number)

    async def consumers(self) -> list[str]:
        """Return the names of its consumers."""
        return [info.name for info in await self.bus.js.consumers_info(self.name)]


@pytest.fixture
async def stream(bus_of: Connect) -> AsyncIterator[Stream]:
    """Return an empty stream."""
    async with bus_of("admin.water") as bus:
        made = Stream(bus)
        await made.make()
        yield made
        await bus.js.delete_stream(made.name)


async def numbers_of(stream: Stream) -> list[int]:
    """Read the stream once."""
    return [int(d.payload) async for d in scan(stream.bus, stream.name, f"{stream.subject}.>")]


async def test_a_follower_sees_what_was_there_and_what_comes(stream: Stream) -> None:
    """First the past, then the present, without a seam."""
    await stream.put(1, 2, 3)
    reader = Reader()

    async with await follow(stream.bus, stream.name, f"{stream.subject}.>", reader.take) as held:
        await asyncio.wait_for(held.caught_up.wait(), PATIENCE_S)
        assert reader.numbers == [1, 2, 3]
        await stream.put(4)

        await reader.has([1, 2, 3, 4])


async def test_a_follower_of_an_empty_stream_has_caught_up(stream: Stream) -> None:
    """Nothing was there, so all that was there has been delivered."""
    async with await follow(stream.bus, stream.name, ">", Reader().take) as held:
        await asyncio.wait_for(held.caught_up.wait(), PATIENCE_S)


async def test_a_follower_begins_where_it_is_told(stream: Stream) -> None:
    """A sequence to start from is the first one delivered."""
    await stream.put(1, 2, 3, 4)
    reader = Reader()

    async with await follow(stream.bus, stream.name, ">", reader.take, start=3):
        await reader.has([3, 4])


async def test_a_follower_whose_consumer_was_removed_goes_on(stream: Stream) -> None:
    """Silence is noticed; each message still comes once."""
    reader = Reader()
    await stream.put(1, 2)
    async with await follow(stream.bus, stream.name, ">", reader.take, on_restart=reader.restart):
        await reader.has([1, 2])
        (consumer,) = await stream.consumers()
        await stream.bus.js.delete_consumer(stream.name, consumer)
        await stream.put(3)

        await reader.has([1, 2, 3])
        await stream.put(4)
        await reader.has([1, 2, 3, 4])


async def test_a_follower_goes_on_behind_a_purge(stream: Stream) -> None:
    """A purge takes messages and keeps the numbering: what comes later still comes once."""
    reader = Reader()
    await stream.put(1, 2)
    async with await follow(stream.bus, stream.name, ">", reader.take, on_restart=reader.restart):
        await reader.has([1, 2])
        await stream.bus.js.purge_stream(stream.name)
        await stream.put(3)

        await reader.has([1, 2, 3])


@pytest.mark.parametrize("fresh", [(7,), (7, 8, 9, 10)], ids=["shorter", "longer"])
async def test_a_stream_made_anew_is_read_from_its_start(
    stream: Stream, fresh: tuple[int, ...]
) -> None:
    """The reader is told first, and then gets everything, whatever the new numbers are."""
    reader = Reader()
    await stream.put(1, 2, 3)
    async with await follow(stream.bus, stream.name, ">", reader.take, on_restart=reader.restart):
        await reader.has([1, 2, 3])
        await stream.bus.js.delete_stream(stream.name)
        await stream.make()
        await stream.put(*fresh)

        await reader.has([*fresh], restarts=1)


async def test_a_missing_message_ends_a_consumer(stream: Stream) -> None:
    """The server's numbering tells of a gap at the next message."""
    await stream.put(1, 2, 3)
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    consumer = Consumer(stream.bus, stream.name, ">")
    await consumer.open(arrived.put, 1)
    async with asyncio.timeout(PATIENCE_S):
        first, _, third = [await arrived.get() for _ in range(3)]

    await consumer.take(first)

    with pytest.raises(StreamUnavailable, match="message 2 of a consumer did not arrive"):
        await consumer.take(third)
    await consumer.close()


async def test_a_scan_reads_once_and_leaves_no_consumer(stream: Stream) -> None:
    """What is there now, in order; the server has nothing to remember afterwards."""
    await stream.put(*range(50))

    assert await numbers_of(stream) == list(range(50))
    async with asyncio.timeout(PATIENCE_S):
        while await stream.consumers():
            await stream.bus.nc.flush()


async def test_a_scan_begins_with_what_was_stored_at_a_time(stream: Stream) -> None:
    """That moment belongs to it, to the nanosecond; what comes later need not be there yet."""
    await stream.put(1, 2, 3)
    stored = [d.timestamp_ns async for d in scan(stream.bus, stream.name, ">")]

    async def after(start_ns: int) -> list[int]:
        deliveries = scan(stream.bus, stream.name, ">", start_ns=start_ns)
        return [int(delivery.payload) async for delivery in deliveries]

    assert await after(stored[1]) == [2, 3]
    assert await after(stored[1] + 1) == [3]
    assert await after(stored[2] + 1) == []


async def test_a_scan_ends_when_what_is_left_was_purged(stream: Stream) -> None:
    """It counts on messages which then are no more, and does not wait for them."""
    for _ in range(60):
        await stream.bus.js.publish(f"{stream.subject}.x", bytes(500_000))
    read = 0
    async with asyncio.timeout(PATIENCE_S):
        async with aclosing(scan(stream.bus, stream.name, ">")) as deliveries:
            async for _ in deliveries:
                if not read:
                    await stream.bus.js.purge_stream(stream.name)
                read += 1

    assert 1 <= read < 60


async def test_a_stream_that_is_not_there_is_told(stream: Stream) -> None:
    """Both ways of reading say which stream, and what the server says."""
    with pytest.raises(StreamUnavailable, match=r"NO_SUCH cannot be read \(stream not found"):
        await anext(scan(stream.bus, "NO_SUCH", ">"))
    with pytest.raises(StreamUnavailable, match="NO_SUCH"):
        await follow(stream.bus, "NO_SUCH", ">", Reader().take)


async def test_a_stream_that_may_not_be_read_is_told_at_once(bus_of: Connect) -> None:
    """A refusal by permission is an answer, not a silence."""
    async with bus_of("water") as bus:
        with pytest.raises(StreamUnavailable, match=r"may not publish on \$JS.API.CONSUMER.CREATE"):
            await anext(scan(bus, "POLICE", "share.>"))


@pytest.mark.parametrize(
    "headers",
    [
        b"NATS/1.0",
        b"NATS/1.0\r\n",
        b"NATS/1.0 100 Idle\r\nStatus: 100\r\n\r\n",
        b"NATS/1.0 \xff\xff",
    ],
)
async def test_malformed_headers_harm_no_reader(stream: Stream, headers: bytes) -> None:
    """The server stores any; whoever reads the stream must not choke on them."""
    command = b"HPUB %b.1 %d %d\r\n%b1\r\n" % (
        stream.subject.encode(),
        len(headers),
        len(headers) + 1,
        headers,
    )
    await stream.bus.nc._send_command(command)
    await stream.bus.nc.flush()
    await stream.put(2)

    assert await numbers_of(stream) == [1, 2]


def numbered(numbers: range) -> list[Outgoing]:
    """Make messages of many entities, so that the city keeps them all."""
    return [
        Outgoing(f"share.water.water.level.{number % 400}", b"%d" % number, f"n{number}")
        for number in numbers
    ]


@pytest.mark.parametrize(("user", "stream_name"), [("water", "WATER"), ("gateway", "CITY")])
async def test_a_follower_sees_each_message_once_though_the_server_is_killed(
    tmp_path: Path, user: str, stream_name: str
) -> None:
    """SIGKILL under load: each entity in order, nothing missing, nothing twice.

    An agency's stream is on disk when it is read, and goes on where it was. The city's may
    lose its end, which the hub then sources again: the reader is told and begins anew.
    """
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    reader = Reader()
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            Publisher(bus, "WATER") as publisher,
            Bus(BusSettings.of(home, plan, user)) as reading,
            await follow(reading, stream_name, "share.>", reader.take, on_restart=reader.restart),
        ):
            publishing = asyncio.create_task(publisher.publish_all(numbered(range(12_000))))
            await reader.has_some(100)
            await server.kill()
            seen = len(reader.numbers)
            await server.start()
            await publishing

            await reader.has_some(12_000)
            assert seen < 12_000
            assert sorted(reader.numbers) == list(range(12_000))
            for entity in range(400):
                mine = [number for number in reader.numbers if number % 400 == entity]
                assert mine == sorted(mine)
            assert reader.restarts == 0 or stream_name == "CITY"


async def test_a_follower_of_a_city_that_lost_its_end_reads_it_from_the_start(
    tmp_path: Path,
) -> None:
    """After a power cut the last sequences are given anew; the reader is told and reads all."""
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    stored = home.nats_dir / "data" / "jetstream" / "HUB" / "streams" / "CITY"
    reader = Reader()
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as bus,
            Publisher(bus, "WATER") as publisher,
            Bus(BusSettings.of(home, plan, "gateway")) as gateway,
            await follow(gateway, "CITY", "share.>", reader.take, on_restart=reader.restart),
        ):
            await publisher.publish_all(numbered(range(10)))
            await reader.has(list(range(10)))
            await server.stop()
            shutil.copytree(stored, tmp_path / "before")
            await server.start()
            await publisher.publish_all(numbered(range(10, 15)))
            await reader.has(list(range(15)))
            await server.kill()
            shutil.rmtree(stored)
            shutil.copytree(tmp_path / "before", stored)
            await server.start()

            await reader.has(list(range(15)), restarts=1)


async def scan_and_signal(bus: Bus, pid: int, number: int) -> int:
    """Read a stream, sending a signal to the server at the first message; return how many."""
    read = 0
    async for _ in scan(bus, "WATER", "share.>"):
        read += 1
        if read == 1:
            os.kill(pid, number)
    return read


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGKILL, "connection was lost"), (signal.SIGSTOP, "nothing was heard")],
)
async def test_a_scan_raises_when_the_server_is_gone(
    tmp_path: Path, number: signal.Signals, reason: str
) -> None:
    """It neither hangs nor ends as if all had been read."""
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        settings = BusSettings.of(home, plan, "water")
        async with Bus(settings) as bus, Publisher(bus, "WATER") as publisher:
            await publisher.publish_all(numbered(range(20_000)))
            assert server.pid is not None
            try:
                with pytest.raises(StreamUnavailable, match=reason):
                    await scan_and_signal(bus, server.pid, number)
            finally:
                if number == signal.SIGSTOP:
                    os.kill(server.pid, signal.SIGCONT)


async def test_a_follower_of_some_subjects_is_told_of_the_silence_on_others(
    stream: Stream,
) -> None:
    """What is not its own does not come, and does not leave it behind either."""
    passed: asyncio.Queue[int] = asyncio.Queue()
    reader = Reader()
    await stream.put(1, 2)
    own = (f"{stream.subject}.2", f"{stream.subject}.5")

    async with await follow(
        stream.bus, stream.name, own, reader.take, last_of_each=True, on_passed=passed.put_nowait
    ):
        await reader.has([2])
        await stream.put(3, 4)
        async with asyncio.timeout(PATIENCE_S):
            while await passed.get() < 4:
                pass
        await stream.put(5)

        await reader.has([2, 5])
    read = [int(one.payload) async for one in scan(stream.bus, stream.name, own)]
    assert read == [2, 5]
