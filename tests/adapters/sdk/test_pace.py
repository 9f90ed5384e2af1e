"""How fast a feed may be taken, and what holds back a sender that is faster."""

import asyncio

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.pace import Pace
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import frame, until


async def test_without_a_limit_nobody_waits() -> None:
    """All pass in one step of the loop."""
    passing = asyncio.create_task(Pace(0).keep(10**9))
    await asyncio.sleep(0)

    assert passing.done()


async def test_what_is_faster_waits_its_turn() -> None:
    """In the order of asking, and never sooner than the rate allows."""
    loop, pace, passed = asyncio.get_running_loop(), Pace(200), []
    began = loop.time()

    async def ask(name: int) -> None:
        await pace.keep(10)
        passed.append((name, loop.time() - began))

    await asyncio.gather(*map(ask, range(5)))

    assert [name for name, _ in passed] == [0, 1, 2, 3, 4]
    for name, seconds in passed:
        assert seconds >= name * 10 / 200 - loop_resolution()


def loop_resolution() -> float:
    """Return by how much a timer may be early."""
    return 0.002


async def test_whoever_waits_passes_when_the_feed_ends() -> None:
    """Nobody waits for hours for what was read already."""
    pace = Pace(0.001)
    await pace.keep(10)
    waiting = asyncio.create_task(pace.keep(10))
    await asyncio.sleep(0)
    assert not waiting.done()

    pace.release()

    await waiting
    await pace.keep(10)


async def test_a_fast_sender_is_held_back_by_tcp_and_little_is_kept(
    city_home: Home, plan: BusPlan
) -> None:
    """What the adapter has read is bounded; the rest waits at its sender."""
    feed = FeedConfig(
        id="environment.slow",
        adapter="environment/hj212",
        agency="environment",
        source="tcp://127.0.0.1:0",
        limit_per_s=5,
        transport={"max_waiting": 64},
    )
    async with FeedRunner(feed, city_home, plan) as runner:
        ledger = runner.ledger
        assert ledger is not None
        crowd = runner._transport._crowd  # type: ignore[union-attr]
        port = int(runner.address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(frame(number) for number in range(200_000)))
        await reader.readuntil(b"\r\n")
        (connection,) = crowd.members
        await until(lambda: connection._holds)
        read = crowd.held_bytes
        # Answers come at the feed's rate, and no more is read meanwhile.
        received = ledger.received
        await until(lambda: ledger.received > received)

        assert crowd.held_bytes <= read < 2 << 20
        assert writer.transport.get_write_buffer_size() > 10 << 20
        assert ledger.received < 100
        writer.transport.abort()
    # What was read is settled before the end, at no pace.
    assert not ledger.in_flight
    assert 100 < ledger.received < 10_000
