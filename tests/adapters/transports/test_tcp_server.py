"""Senders over TCP that stall, babble, hang up, do not listen, or are too many."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports import guests
from adapters.transports.connection import Connection, _Hold
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import (
    RunningFeed,
    answers,
    frame,
    hung_up,
    own_bus,
    rest,
    running,
    stations,
    until,
)

ADAPTER = "environment/hj212"
ANYWHERE = "tcp://127.0.0.1:0"


@pytest.fixture
def listening(city_home: Home, plan: BusPlan) -> Any:
    """Return how to run a feed of HJ 212 frames on the session's bus."""

    def run(**limits: Any) -> AbstractAsyncContextManager[RunningFeed]:
        return running(city_home, plan, ADAPTER, ANYWHERE, **limits)

    return run


@asynccontextmanager
async def deaf_sender(
    feed: RunningFeed, frames: int
) -> AsyncIterator[tuple[socket.socket, Connection]]:
    """Connect a sender that sends frames and reads no answer."""
    host, _, port = feed.address.removeprefix("tcp://").rpartition(":")
    sender = socket.socket()
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sender.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sender, (host, int(port)))
    # One frame again and again: duplicates are answered, too, and cost the bus nothing.
    sending = asyncio.create_task(loop.sock_sendall(sender, frame(0) * frames))
    try:
        await until(lambda: feed.transport._crowd.members)
        (connection,) = feed.transport._crowd.members
        await until(lambda: _Hold.UNREAD in connection._holds)
        yield sender, connection
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        sender.close()


async def test_a_frame_that_stalls_is_given_up_and_the_connection_goes_on(listening: Any) -> None:
    """Half a frame and then nothing goes to quarantine; the next frame is answered."""
    async with listening(stall_s=0.1) as feed:
        reader, writer = await feed.connect()
        writer.write(frame(0)[:40])
        await until(lambda: feed.ledger.quarantined == 1)
        writer.write(frame(1))
        (answer,) = await answers(reader, 1)
        writer.close()

        assert f"MN={1:024d}".encode() in answer
        (entry,) = await feed.quarantined()
        assert entry.raw == frame(0)[:40]
        assert entry.source.startswith("127.0.0.1:")


async def test_a_sender_that_never_makes_a_frame_is_hung_up_on(listening: Any) -> None:
    """Bytes without a frame are kept up to the limit of faults; others are served."""
    async with listening(max_faults=8) as feed:
        babbler, writer = await feed.connect()
        writer.write(b"x" * 4096 * 64)
        assert await hung_up(babbler)
        writer.close()

        reader, writer = await feed.connect()
        writer.write(frame(0))
        await answers(reader, 1)
        writer.close()
        assert feed.ledger.stored == 1
        assert feed.ledger.received > 8
        assert {entry.raw.strip(b"x") for entry in await feed.quarantined()} == {b""}


async def test_garbage_between_frames_is_kept_and_the_frames_are_answered(listening: Any) -> None:
    """Every byte that is no frame is in quarantine, in its order."""
    async with listening() as feed:
        reader, writer = await feed.connect()
        writer.write(frame(0) + b"\x00\xffnoise" + frame(1) + b"##99999 more" + frame(2))
        writer.write_eof()
        told = await rest(reader)
        writer.close()

        assert told.count(b"CN=9014") == 3
        assert {record.name[-24:] for record in await feed.records()} == stations(3)
        kept = b"".join(entry.raw for entry in await feed.quarantined())
        assert kept == b"\x00\xffnoise##99999 more"


async def test_a_frame_beyond_the_limit_goes_to_quarantine(listening: Any) -> None:
    """A frame longer than the decoder takes is no frame; the next one is."""
    body = b"##9000" + b"A=" + b"b" * 8998 + b"0000\r\n"
    async with listening() as feed:
        reader, writer = await feed.connect()
        writer.write(body + frame(0))
        await answers(reader, 1)
        writer.close()

        kept = b"".join(entry.raw for entry in await feed.quarantined())
        assert kept == body


async def test_answers_come_after_the_sender_has_said_all(listening: Any) -> None:
    """A half-closed connection gets its answers, then ours is closed, too."""
    async with listening() as feed:
        reader, writer = await feed.connect()
        writer.write(b"".join(map(frame, range(20))))
        writer.write_eof()
        told = await rest(reader)
        writer.close()

        assert told.count(b"CN=9014") == 20
        assert feed.ledger.stored == 20


async def test_what_came_before_a_reset_is_stored(listening: Any) -> None:
    """A sender that vanishes without reading its answer loses nothing."""
    async with listening() as feed:
        _, writer = await feed.connect()
        writer.write(frame(0))
        await writer.drain()
        await until(lambda: feed.ledger.received)
        writer.transport.abort()

        await until(lambda: feed.settled)
        assert feed.ledger.stored == 1
        await until(lambda: not feed.transport._crowd.members)


async def test_a_sender_that_reads_no_answers_is_read_no_further(listening: Any) -> None:
    """It waits, and holds a bounded part of memory; others are served; nothing is lost."""
    frames = 60_000
    async with listening(max_waiting=100) as feed:
        async with deaf_sender(feed, frames) as (sender, connection):
            await until(lambda: connection._worker is None)

            assert connection._transport is not None
            assert not connection._transport.is_reading()
            assert feed.transport._crowd.held_bytes == 0
            reader, writer = await feed.connect()
            writer.write(frame(1))
            await answers(reader, 1)
            writer.close()

            loop = asyncio.get_running_loop()
            told = bytearray()
            async with asyncio.timeout(60):
                while told.count(b"\r\n") < frames:
                    told += await loop.sock_recv(sender, 1 << 20)
        assert feed.ledger.duplicates == frames - 1


async def test_a_peer_that_never_reads_does_not_keep_the_feed_from_stopping(
    listening: Any,
) -> None:
    """Answers that nobody takes are given up a moment after the stop."""
    async with listening() as feed:
        crowd = feed.transport._crowd
        async with deaf_sender(feed, 200_000):
            await feed.transport.stop()
            assert not crowd.members


async def test_a_sender_that_reads_nothing_for_long_is_cut_off(listening: Any) -> None:
    """Not reading one's answers is being idle."""
    async with listening(idle_s=0.2) as feed, deaf_sender(feed, 200_000):
        await until(lambda: not feed.transport._crowd.members)


async def test_one_connection_too_many_is_hung_up_on_until_another_leaves(listening: Any) -> None:
    """The limit holds for what is open at once."""
    async with listening(max_connections=3) as feed:
        open_ones = [await feed.connect() for _ in range(3)]
        await until(lambda: len(feed.transport._crowd.members) == 3)
        refused, writer = await feed.connect()
        assert await hung_up(refused)
        writer.close()

        open_ones[0][1].close()
        await until(lambda: len(feed.transport._crowd.members) == 2)
        reader, writer = await feed.connect()
        writer.write(frame(0))
        await answers(reader, 1)
        for _, one in [*open_ones[1:], (reader, writer)]:
            one.close()


async def test_who_has_said_nothing_gives_way_to_newcomers(
    listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent, or saying what is no message; never one of whom messages were understood."""
    monkeypatch.setattr(guests, "FAIR_S", 0.0)
    async with listening(max_connections=3) as feed:
        station = await feed.connect()
        station[1].write(frame(0))
        await answers(station[0], 1)
        silent, babbling = await feed.connect(), await feed.connect()
        babbling[1].write(b"##00ab" * 3)
        newcomers = [await feed.connect() for _ in range(2)]

        assert await hung_up(silent[0])
        assert await hung_up(babbling[0])
        for number, (reader, writer) in enumerate((station, *newcomers), 1):
            writer.write(frame(number))
            await answers(reader, 1)
        refused = await feed.connect()
        assert await hung_up(refused[0])
        for _, writer in (station, silent, babbling, *newcomers, refused):
            writer.close()


async def test_an_idle_connection_is_closed(listening: Any) -> None:
    """A sender that says nothing for long is gone."""
    async with listening(idle_s=0.1) as feed:
        reader, writer = await feed.connect()
        assert await hung_up(reader)
        writer.close()


async def test_a_sender_that_waits_for_its_answer_is_not_idle(tmp_path: Path) -> None:
    """However long the bus takes: the connection is still there for the next frame."""
    async with (
        own_bus(tmp_path / "home", "environment") as bus,
        running(bus.home, bus.plan, ADAPTER, ANYWHERE, idle_s=2.0, stall_s=2.0) as feed,
    ):
        reader, writer = await feed.connect()
        bus.freeze()
        writer.write(frame(0))
        await until(lambda: feed.ledger.in_flight)
        (connection,) = feed.transport._crowd.members
        connection._last_progress -= 3600
        connection._look()
        bus.thaw()
        await answers(reader, 1)
        connection._look()

        writer.write(frame(1))
        await answers(reader, 1)
        writer.close()


async def test_while_jetstream_stands_still_nothing_is_answered_and_then_all_once(
    tmp_path: Path,
) -> None:
    """A frozen server holds the sender back; what it sent is answered once it goes on."""
    frames = 3000
    async with (
        own_bus(tmp_path / "home", "environment") as bus,
        running(bus.home, bus.plan, ADAPTER, ANYWHERE, max_waiting=50, stall_s=0.2) as feed,
    ):
        reader, writer = await feed.connect()
        bus.freeze()
        writer.write(b"".join(map(frame, range(frames))))
        await until(lambda: feed.transport._crowd.members)
        (connection,) = feed.transport._crowd.members
        await until(lambda: _Hold.FULL in connection._holds)

        assert not connection._transport.is_reading()
        assert feed.ledger.received < frames
        assert not feed.settled
        assert not reader._buffer  # type: ignore[attr-defined]

        bus.thaw()
        told = await answers(reader, frames)
        writer.write_eof()
        assert await rest(reader) == b""
        writer.close()
        assert [int(one.partition(b"MN=")[2][:24]) for one in told] == list(range(frames))
        assert feed.ledger.stored == frames
        assert feed.ledger.quarantined == 0, "a frame that we did not read has not stalled"


async def test_connections_share_a_bound_of_memory(tmp_path: Path) -> None:
    """With too much held in all, each connection is read only as far as it is settled."""
    async with (
        own_bus(tmp_path / "home", "environment") as bus,
        running(bus.home, bus.plan, ADAPTER, ANYWHERE, max_waiting_bytes=10_000) as feed,
    ):
        bus.freeze()
        senders = [await feed.connect() for _ in range(4)]
        for number, (_, writer) in enumerate(senders):
            writer.write(b"".join(map(frame, range(number * 1000, number * 1000 + 1000))))
        crowd = feed.transport._crowd
        await until(lambda: len(crowd.members) == 4)
        await until(lambda: sum(_Hold.FULL in one._holds for one in crowd.members) >= 3)
        bus.thaw()

        for reader, writer in senders:
            await answers(reader, 1000)
            writer.close()
        assert feed.ledger.stored == 4000
        await until(lambda: not crowd.members)
        assert crowd.held_bytes == 0


async def test_a_stop_settles_and_answers_what_has_come(tmp_path: Path) -> None:
    """Whoever was heard is answered before the feed hangs up."""
    async with own_bus(tmp_path / "home", "environment") as bus:
        async with running(bus.home, bus.plan, ADAPTER, ANYWHERE) as feed:
            reader, writer = await feed.connect()
            bus.freeze()
            writer.write(b"".join(map(frame, range(200))))
            await until(lambda: feed.ledger.received)
            stopping = asyncio.create_task(feed.transport.stop())
            bus.thaw()
            await stopping
            told = await rest(reader)
            writer.close()

        assert told.count(b"CN=9014") == feed.ledger.stored > 0
        assert feed.ledger.in_flight == 0


async def test_a_source_without_a_port_is_told_with_the_remedy(
    city_home: Home, plan: BusPlan
) -> None:
    """What cannot be an address is refused at the start."""
    for source in ("tcp://127.0.0.1", "tcp://:7212", "tcp://127.0.0.1:99999"):
        with pytest.raises(FeedMisconfigured, match="lacks host or port; write it as tcp://"):
            async with running(city_home, plan, ADAPTER, source):
                pytest.fail("it started")


async def test_a_port_that_is_taken_is_told(listening: Any, city_home: Home, plan: BusPlan) -> None:
    """Two feeds cannot listen on one port."""
    async with listening() as feed:
        with pytest.raises(FeedMisconfigured, match="cannot listen on"):
            async with running(city_home, plan, ADAPTER, feed.address):
                pytest.fail("it started")
