"""Publishing with no loss, against the real server."""

import asyncio
import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from broker.connection import Bus, BusSettings
from broker.errors import BusUnavailable, PublishDenied, RecordTooLarge, StreamUnavailable
from broker.exchange import Exchange
from broker.home import Home
from broker.outgoing import Outgoing, Stored
from broker.plan import MEBIBYTE
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import past_subject, share_subject
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


def messages(count: int, token: str) -> list[Outgoing]:
    """Make messages of one entity, each with an id of its own."""
    return [
        Outgoing(f"share.water.water.level.{token}", b"%d" % number, f"{token}-{number}")
        for number in range(count)
    ]


async def held(bus: Bus, token: str) -> list[int]:
    """Return the payloads that the stream holds of an entity, as numbers, in order."""
    subject = f"share.water.water.level.{token}"
    return [int(delivery.payload) async for delivery in scan(bus, "WATER", subject)]


@pytest.fixture
def token() -> str:
    """Return an entity that no other test uses."""
    return uuid.uuid4().hex


async def test_what_is_published_together_is_stored_in_order(bus_of: Connect, token: str) -> None:
    """Batches keep the order and tell each message's sequence."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        results = await publisher.publish_all(messages(1700, token))

        assert [type(result) for result in results] == [Stored] * 1700
        assert await held(bus, token) == list(range(1700))
        sequences = [result.sequence for result in results if isinstance(result, Stored)]
        assert sequences == sorted(sequences, key=lambda sequence: sequence or 0)


async def test_a_resend_is_stored_once(bus_of: Connect, token: str) -> None:
    """The same ids again are duplicates, wherever in a lot they stand."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish_all(messages(10, token))

        again = await publisher.publish_all([*messages(12, token), *messages(12, token)])

        duplicates = [result.duplicate for result in again if isinstance(result, Stored)]
        assert duplicates == [True] * 10 + [False] * 2 + [True] * 12
        assert await held(bus, token) == list(range(12))


async def test_a_resend_after_a_restart_is_stored_once(bus_of: Connect, token: str) -> None:
    """A new publisher knows no ids; the server does, and the rest of the lot is stored."""
    async with bus_of("water") as bus:
        async with Publisher(bus, "WATER") as publisher:
            await publisher.publish_all(messages(10, token))
        async with Publisher(bus, "WATER") as publisher:
            again = await publisher.publish_all(messages(15, token))

        assert [r.duplicate for r in again if isinstance(r, Stored)] == [True] * 10 + [False] * 5
        assert await held(bus, token) == list(range(15))


async def test_a_resend_counts_as_one_after_its_id_was_forgotten(
    bus_of: Connect, token: str
) -> None:
    """Of what this very publisher stored, only the first counts, however long ago it was."""
    async with bus_of("water") as bus, Publisher(bus, "WATER", recent=4) as publisher:
        first = await publisher.publish_all(messages(30, token))

        again = await publisher.publish_all([*messages(32, token), *messages(30, token)])

        assert [r.duplicate for r in first if isinstance(r, Stored)] == [False] * 30
        assert [r.duplicate for r in again if isinstance(r, Stored)] == (
            [True] * 30 + [False] * 2 + [True] * 30
        )
        assert await held(bus, token) == list(range(32))


async def test_a_denied_publish_is_told_at_once_and_spoils_nothing_else(
    bus_of: Connect, token: str
) -> None:
    """A refused subject fails; what was published together with it is stored."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        foreign = Outgoing(f"share.police.incident.report.{token}", b"0", f"{token}-foreign")

        results = await publisher.publish_all([*messages(3, token), foreign])

        assert isinstance(results[3], PublishDenied)
        assert await held(bus, token) == [0, 1, 2]


async def test_a_message_that_is_too_large_is_refused_before_it_is_sent(
    bus_of: Connect, token: str
) -> None:
    """The size and the limit are in the error."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        large = Outgoing(f"share.water.water.level.{token}", b"x" * (1 << 20), f"{token}-large")

        with pytest.raises(RecordTooLarge, match="takes 1048576 at most"):
            await publisher.publish(large)


async def test_many_callers_share_batches(bus_of: Connect, token: str) -> None:
    """Each caller learns of its own messages only."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        async with asyncio.TaskGroup() as group:
            for message in messages(300, token):
                group.create_task(publisher.publish(message))

        assert sorted(await held(bus, token)) == list(range(300))


class Own:
    """A server of a test's own."""

    def __init__(self, server: EmbeddedServer, settings: BusSettings) -> None:
        self.server, self.settings = server, settings


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    """Run a server of the test's own, with every stream."""
    home = Home(tmp_path / "home")
    plan = msgspec.structs.replace(small_plan(("water",)), agency_bytes=256 * MEBIBYTE)
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        yield Own(server, BusSettings.of(home, plan, "water"))


async def test_the_next_batch_leaves_before_who_waited_for_the_last_goes_on(
    own: Own, token: str
) -> None:
    """The server works on it meanwhile, also when a caller works on and gives nobody a turn."""

    async def stored(count: int) -> None:
        """Wait until the stream holds so many."""
        async with Bus(own.settings) as reader, asyncio.timeout(10.0):
            while len(await held(reader, token)) < count:
                pass

    first, *others = messages(1001, token)
    async with Bus(own.settings) as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(first)
        one, other = publisher.take(others[:500]), publisher.take(others[500:])

        await one.results()
        work = threading.Thread(target=asyncio.run, args=(stored(1001),))
        work.start()
        work.join()

        assert await held(bus, token) == list(range(1001))
        assert len(await other.results()) == 500


async def test_a_killed_server_loses_doubles_and_reorders_nothing(own: Own, token: str) -> None:
    """What was in the air when the server was killed is there once, each subject in order."""
    subjects = [f"{token}-{number}" for number in range(5)]
    async with Bus(own.settings) as bus, Publisher(bus, "WATER") as publisher:
        async with asyncio.TaskGroup() as group:
            lots = [
                messages(1200, subject)[first : first + 100]
                for first in range(0, 1200, 100)
                for subject in subjects
            ]
            tasks = [group.create_task(publisher.publish_all(lot)) for lot in lots]
            await asyncio.wait(tasks[:20], return_when=asyncio.FIRST_COMPLETED)
            await own.server.kill()
            await own.server.start()

        results = [result for task in tasks for result in task.result()]
        fresh = [r for r in results if isinstance(r, Stored) and not r.duplicate]
        assert len(fresh) == len(results) == 6000
        for subject in subjects:
            assert await held(bus, subject) == list(range(1200))


def named_once(number: int, token: str) -> Outgoing:
    """Make a record of a name of its own, as reports and warnings have."""
    record = Record(name=f"water/water.level/{token}-{number}")
    record.observed_at.GetCurrentTime()
    return Outgoing(share_subject(record.name), record.SerializeToString(), f"{token}-{number}")


async def test_a_killed_server_loses_and_doubles_nothing_of_what_has_new_names(
    own: Own, token: str
) -> None:
    """Nobody asks for them before they leave; those in the air are asked for when it is back."""
    async with Bus(own.settings) as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(named_once(0, token))
        async with asyncio.TaskGroup() as group:
            lots = [
                [named_once(number, token) for number in range(first, first + 100)]
                for first in range(1, 6001, 100)
            ]
            tasks = [group.create_task(publisher.publish_all(lot)) for lot in lots]
            await asyncio.wait(tasks[:20], return_when=asyncio.FIRST_COMPLETED)
            await own.server.kill()
            await own.server.start()

        results = [result for task in tasks for result in task.result()]
        fresh = [r for r in results if isinstance(r, Stored) and not r.duplicate]
        assert len(fresh) == len(results) == 6000
        found = [one.subject async for one in scan(bus, "WATER", ">", headers_only=True)]
        assert sorted(found) == sorted(named_once(number, token).subject for number in range(6001))


async def test_a_batch_of_new_names_that_got_no_answer_is_stored_once(own: Own, token: str) -> None:
    """Its sender gives up; what it sends again is its own, and where it belongs."""
    late = named_once(1, token)
    late.payload = Record(
        name=Record.FromString(late.payload).name, observed_at=Timestamp(seconds=1)
    ).SerializeToString()
    late.message_id += "-late"
    async with Bus(own.settings) as bus, Publisher(bus, "WATER", budget_s=0.3) as publisher:
        await publisher.publish(named_once(0, token))
        lot = [named_once(1, token), named_once(2, token), late]
        with paused(own.server):
            given_up = await publisher.publish_all(lot)

        results = await publisher.publish_all(lot)

        assert [type(result) for result in given_up] == [BusUnavailable] * 3
        assert [r.duplicate for r in results if isinstance(r, Stored)] == [False] * 3
        found = [one.subject async for one in scan(bus, "WATER", ">", headers_only=True)]
        subjects = [named_once(number, token).subject for number in range(3)]
        assert found == [*subjects, past_subject(subjects[1])]


async def test_a_bus_that_stays_away_is_told_within_the_budget(own: Own, token: str) -> None:
    """The caller can then withhold its acknowledgement."""
    async with Bus(own.settings) as bus, Publisher(bus, "WATER", budget_s=0.5) as publisher:
        await own.server.kill()

        with pytest.raises(BusUnavailable):
            await publisher.publish(messages(1, token)[0])


@contextlib.contextmanager
def paused(server: EmbeddedServer) -> Iterator[None]:
    """Keep the server from running (SIGSTOP), as a machine that swaps or a hung disk does."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    # Its threads stop one after another.
    while any(_state(task) != "T" for task in Path(f"/proc/{server.pid}/task").iterdir()):
        time.sleep(0.001)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _state(task: Path) -> str:
    """Return the state of a thread, as the system tells it in a letter."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


async def test_callers_wait_while_a_paused_server_takes_nothing(own: Own, token: str) -> None:
    """What is under way is bounded, in number and in bytes; later all of it is stored."""
    async with Bus(own.settings) as bus, Publisher(bus, "WATER") as publisher:
        lots = [
            [
                Outgoing(f"share.water.x.y.{token}-{lot}", bytes(10_000), f"{token}-{lot}-{n}")
                for n in range(100)
            ]
            for lot in range(80)
        ]
        async with asyncio.TaskGroup() as group:
            with paused(own.server):
                tasks = [group.create_task(publisher.publish_all(lot)) for lot in lots]
                await asyncio.wait(tasks[:1], timeout=0.5)
                assert 64 << 20 <= publisher._open_bytes < (64 << 20) + 1_000_000
                assert bus.nc.pending_data_size < 32 << 20
                assert not any(task.done() for task in tasks)

        results = [result for task in tasks for result in task.result()]
        assert [r.duplicate for r in results if isinstance(r, Stored)] == [False] * 8000
        assert publisher._open_bytes == 0


async def test_nothing_more_is_written_to_a_server_that_does_not_read(own: Own, token: str) -> None:
    """Each attempt would wait in memory behind the last one; the system holds some, too."""
    batch = [Outgoing(f"share.water.x.y.{token}", bytes(1_000_000), token) for _ in range(4)]
    async with Bus(own.settings) as bus, Exchange(bus) as exchange:
        with paused(own.server):
            attempts = await asyncio.gather(
                *(exchange.commit(batch) for _ in range(10)), return_exceptions=True
            )

    told = [str(attempt) for attempt in attempts if isinstance(attempt, ConnectionError)]
    assert told == ["the server does not read what is sent to it"] * len(told)
    assert sum(isinstance(attempt, TimeoutError) for attempt in attempts) == 10 - len(told)
    assert 3 <= len(told) <= 5


async def test_what_was_given_up_and_stored_all_the_same_counts_as_stored(
    own: Own, token: str
) -> None:
    """Its resend is answered as new: it was never counted, whatever was stored since."""
    before, given_up, other = messages(3, token)
    async with Bus(own.settings) as bus, Publisher(bus, "WATER", budget_s=0.1) as publisher:
        await publisher.publish(before)
        with paused(own.server), pytest.raises(BusUnavailable):
            await publisher.publish(given_up)
        await publisher.publish(other)

        resent = await publisher.publish(given_up)
        again = await publisher.publish(given_up)

        assert (resent.sequence, resent.duplicate) == (2, False)
        assert again.duplicate
        assert await held(bus, token) == [0, 1, 2]


async def test_a_message_just_within_the_limit_is_stored(bus_of: Connect, token: str) -> None:
    """Alone and in a batch: what the batch adds to its headers has room."""
    subject = f"share.water.x.y.{token}"
    size = (1 << 20) - 256 - len(token)
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        results = await publisher.publish_all(
            [Outgoing(subject, bytes(size - 2), f"{token}-{number}") for number in range(3)]
        )

        assert [type(result) for result in results] == [Stored] * 3
        assert len([d async for d in scan(bus, "WATER", subject, headers_only=True)]) == 3


async def test_a_stream_that_may_not_be_asked_is_told_on_entering(bus_of: Connect) -> None:
    """Before anything is published that could not be judged."""
    async with bus_of("water") as bus:
        with pytest.raises(StreamUnavailable, match="POLICE"):
            await Publisher(bus, "POLICE").__aenter__()
