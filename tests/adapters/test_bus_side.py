"""How a feed begins and goes on while the bus comes and goes, in one process with a real server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from adapters.runner import FeedRunner
from adapters.sdk.audit import audit
from adapters.sdk.feed import FeedConfig, SpoolConfig
from adapters.sdk.journal import last_state
from adapters.sdk.ledger import Ledger
from adapters.transports import BusCheckpoint
from broker.checkpoints import KeyValueCheckpoint
from broker.connection import Bus, BusSettings
from broker.errors import KeyRefused
from broker.home import Home
from broker.nkey import new_seed
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.feed.v1.feed_pb2 import FEED_STATE_RUNNING, FEED_STATE_STOPPED
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transports.exports import warning
from tests.adapters.transports.running import (
    OwnBus,
    answers,
    frame,
    impatient,
    own_bus,
    running,
    until,
)
from tests.adapters.transports.web import page, serving
from tests.conftest import small_plan

SOON = SpoolConfig(after_s=0.3)


def air(**more: Any) -> FeedConfig:
    """Return a feed of HJ 212 that spools soon."""
    facts: dict[str, Any] = {"id": "environment.hj212", "spool": SOON} | more
    return FeedConfig(
        adapter="environment/hj212", agency="environment", source="tcp://127.0.0.1:0", **facts
    )


def books(runner: FeedRunner) -> Ledger:
    """Return the books of a feed that runs."""
    assert runner.ledger is not None
    return runner.ledger


async def sent(runner: FeedRunner, numbers: range) -> list[bytes]:
    """Send frames over one connection; return their answers."""
    host, _, port = runner.address.partition("://")[2].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"".join(map(frame, numbers)))
    found = await answers(reader, len(numbers))
    writer.close()
    return found


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[OwnBus]:
    """Run a server that a test may stop."""
    async with own_bus(tmp_path / "home", "environment", "health", "water", "weather") as bus:
        yield bus


async def test_a_feed_begins_without_the_bus_and_takes_up_its_books_later(bus: OwnBus) -> None:
    """What came before, in the meantime and after is counted once, and the audit is content."""
    feed = air()
    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await sent(runner, range(5))
    await bus.server.kill()
    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        assert len(await sent(runner, range(3, 9))) == 6
        ledger = books(runner)
        assert (ledger.received, ledger.in_flight, ledger.stored) == (6, 6, 0)

        await bus.server.start()
        await until(lambda: ledger.received > 6 and not ledger.in_flight)
        await sent(runner, range(9, 12))

    assert (ledger.received, ledger.stored, ledger.duplicates) == (14, 12, 2)
    async with Bus(BusSettings.of(bus.home, bus.plan, "environment")) as connection:
        result = await audit(connection, "environment", feed.id)
    assert (result.findings, result.stored) == ((), 12)
    assert result.feed.state == FEED_STATE_STOPPED


async def test_it_joins_a_server_whose_streams_come_later(tmp_path: Path) -> None:
    """The server is there before its streams are laid out: the feed waits for both."""
    home, plan = Home(tmp_path / "home"), small_plan(("environment",))
    feed = air()
    async with EmbeddedServer(home, plan) as server:
        await server.kill()
        async with FeedRunner(feed, home, plan) as runner:
            await sent(runner, range(4))
            await server.start()
            assert books(runner).in_flight == 4
            await reconcile(home, plan)
            await until(lambda: books(runner).stored == 4)
            async with Bus(BusSettings.of(home, plan, "environment")) as connection:
                async with asyncio.timeout(30):
                    while True:
                        state = await last_state(connection, "environment", feed.id)
                        if state is not None and state.stored == 4:
                            break
                        await asyncio.sleep(0.05)
                assert state.state == FEED_STATE_RUNNING
                assert state.address == runner.address


async def test_a_feed_that_ends_before_the_bus_is_there_keeps_what_it_took(bus: OwnBus) -> None:
    """The next one brings it there."""
    feed = air()
    await bus.server.kill()
    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await sent(runner, range(3))
    await bus.server.start()

    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await until(lambda: books(runner).stored == 3)


async def test_a_key_that_the_server_does_not_know_ends_a_feed_that_went_ahead(
    bus: OwnBus,
) -> None:
    """It would spool for ever what nobody will take."""
    await bus.server.kill()
    seed = bus.home.seed_path("environment")
    seed.chmod(0o600)
    replace_seed(seed)

    async def run() -> None:
        async with FeedRunner(air(), bus.home, bus.plan) as runner:
            await sent(runner, range(2))
            await bus.server.start()
            await asyncio.Event().wait()

    with pytest.raises(KeyRefused, match="does not know the key"):
        await run()


def replace_seed(path: Path) -> None:
    """Put another key in the place of a user's."""
    path.write_bytes(new_seed())


async def test_without_a_spool_a_feed_waits_for_the_bus(bus: OwnBus) -> None:
    """One with a spool has begun long before."""
    await bus.server.kill()
    waiting = FeedRunner(air(spool=SpoolConfig(enabled=False)), bus.home, bus.plan)
    beginning = asyncio.create_task(waiting.__aenter__())
    async with FeedRunner(air(id="environment.other"), bus.home, bus.plan) as runner:
        await sent(runner, range(1))

        assert not beginning.done()
    await bus.server.start()
    await beginning
    await sent(waiting, range(1, 2))
    assert books(waiting).stored == 1
    await waiting.__aexit__(None, None, None)


def moved(event: str, visit: str, minute: int) -> bytes:
    """Return a movement in a ward, as MLLP sends it."""
    at = f"2026070100{minute:02d}00+0000"
    text = (
        f"MSH|^~\\&|HIS|NJ1|||{at}||ADT^{event}|{event}{visit}{minute}|P|2.5.1\r"
        f"EVN||{at}\rPV1|1|I|ICU^^^NJ1{'|' * 16}{visit}\r"
    )
    return b"\x0b" + text.encode() + b"\x1c\r"


async def test_what_an_adapter_must_see_again_is_seen_also_when_it_was_in_the_spool(
    bus: OwnBus,
) -> None:
    """Beds are counted on from what was spooled when the last adapter ended."""
    feed = FeedConfig(
        id="health.hl7",
        adapter="health/hl7v2",
        agency="health",
        source="mllp://127.0.0.1:0",
        spool=SOON,
        options={
            "wards": {"NJ1/ICU": {"baseline": 10, "occupied": 3, "bed_type": "AdultICU"}},
            "census_at": "2026-07-01T00:00:00Z",
        },
    )

    async def send(runner: FeedRunner, *messages: bytes) -> None:
        host, _, port = runner.address.partition("://")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for message in messages:
            writer.write(message)
            async with asyncio.timeout(30):
                assert b"MSA|AA|" in await reader.readuntil(b"\x1c\r")
        writer.close()

    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await bus.server.kill()
        await send(runner, moved("A01", "1", 1), moved("A01", "2", 2))
    await bus.server.start()
    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await send(runner, moved("A03", "1", 3))

    async with Bus(BusSettings.of(bus.home, bus.plan, "health")) as connection:
        records = [
            Record.FromString(delivery.payload)
            async for delivery in scan(connection, "HEALTH", "share.>")
        ]
    counts = [bed.occupied for record in records for bed in record.health_facility.beds]
    assert counts == [4, 5, 4]


async def test_what_the_stream_will_never_take_goes_from_the_spool_to_quarantine(
    bus: OwnBus,
) -> None:
    """It was answered, so it must not vanish; it is counted in the hour of its arrival."""
    feed = air()
    async with FeedRunner(feed, bus.home, bus.plan) as runner:
        await bus.server.kill()
        await sent(runner, range(3))
        ledger = books(runner)
        assert ledger.in_flight == 3
        # The stream takes no message of that size any more.
        await bus.server.start()
        await shrink(bus, max_msg_size=10)
        await until(lambda: not ledger.in_flight)
        await shrink(bus, max_msg_size=-1)
        await sent(runner, range(3, 4))

    assert (ledger.received, ledger.stored, ledger.quarantined) == (4, 1, 3)
    async with Bus(BusSettings.of(bus.home, bus.plan, "environment")) as connection:
        assert (await audit(connection, "environment", feed.id)).findings == ()


async def shrink(bus: OwnBus, max_msg_size: int) -> None:
    """Limit the size of a stream's messages."""
    async with Bus(BusSettings.of(bus.home, bus.plan, "admin.environment")) as connection:
        config = (await connection.js.stream_info("ENVIRONMENT")).config
        config.max_msg_size = max_msg_size
        await connection.js.update_stream(config)


async def test_a_poll_goes_on_after_adapter_and_server_were_started_again(bus: OwnBus) -> None:
    """The place is in the agency's bucket, and the validators are given back."""
    quick: dict[str, Any] = {"interval_s": 0.02, "max_interval_s": 0.1}
    async with serving(page(warning("KV-1"), ETag='"x"')) as web:
        async with running(
            bus.home, bus.plan, "weather/cap", web.url, feed_id="weather.cap", **quick
        ) as feed:
            await until(lambda: feed.ledger.stored == 1)
            await until(lambda: len(web.requests) > 2)
        await bus.server.kill()
        await bus.server.start()
        asked = len(web.requests)
        async with running(
            bus.home, bus.plan, "weather/cap", web.url, feed_id="weather.cap", **quick
        ) as feed:
            await until(lambda: len(web.requests) > asked + 1)

            assert 'if-none-match: "x"' in web.requests[asked]
            assert feed.ledger.received == 1


async def test_a_query_goes_on_after_adapter_and_server_were_started_again(
    bus: OwnBus, tmp_path: Path
) -> None:
    """Only what is new is read; a server that is away is waited for with the place."""
    url = f"sqlite:///{tmp_path}/legacy.db"
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)

    def insert(first: int, last: int) -> None:
        with engine.begin() as connection:
            connection.execute(
                sqlalchemy.text("INSERT INTO t VALUES (:id, :station, :at, 2.5)"),
                [
                    {"id": n, "station": f"s{n}", "at": "2026-07-01T09:30:00+00:00"}
                    for n in range(first, last)
                ],
            )

    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE t (id, station, at, level_m)"))
    options = {"query": "SELECT * FROM t", "key": "id", "interval_s": 0.02, "overlap": 0}

    async def read(expected: int) -> int:
        async with (
            Bus(BusSettings.of(bus.home, bus.plan, "water")) as connection,
            KeyValueCheckpoint(connection, "water.stage") as place,
            impatient(
                bus.home, bus.plan, f"sql+{url}", checkpoint=BusCheckpoint(place), **options
            ) as feed,
        ):
            await until(lambda: feed.ledger.stored == expected)
            return feed.ledger.received

    insert(0, 50)
    assert await read(50) == 50
    await bus.server.kill()
    await bus.server.start()
    insert(50, 60)
    assert await read(10) == 10
