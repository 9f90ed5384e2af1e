"""Publishing that goes on when the bus is away, against a real server that comes and goes."""

import asyncio
import itertools
import os
import random
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.aside import Result
from broker.connection import Bus, BusSettings
from broker.errors import BusUnavailable, RecordTooLarge, SpoolFailed, SpoolFull
from broker.exchange import Exchange
from broker.home import Home
from broker.outbox import Outbox
from broker.outgoing import MESSAGE_ID, Outgoing, Spooled, Stored
from broker.plan import MEBIBYTE, BusPlan
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.spool import Spool
from broker.streams import reconcile
from broker.subjects import share_subject
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.conftest import small_plan

ROOM = 64 * MEBIBYTE
BUDGET_S = 0.3


class Site:
    """A server of a test's own, and a machine beside it whose spool stays."""

    def __init__(self, server: EmbeddedServer, home: Home, plan: BusPlan) -> None:
        self.server, self.home, self.plan = server, home, plan
        self.room = ROOM
        self.settled: list[tuple[str, Result]] = []
        self.takes: Callable[[Result], bool] = lambda result: isinstance(result, Stored)

    def freeze(self) -> None:
        """Stop the server where it stands, as a machine that swaps does."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self.server.pid is not None:
            os.kill(self.server.pid, signal.SIGCONT)

    async def note(self, messages: Sequence[Outgoing], results: Sequence[Result]) -> list[bool]:
        """Note what became of spooled messages."""
        safe = [*map(self.takes, results)]
        for message, result, is_safe in zip(messages, results, safe, strict=True):
            if is_safe:
                self.settled.append((message.message_id, result))
        return safe

    def bus(self) -> Bus:
        """Connect as the agency."""
        return Bus(BusSettings.of(self.home, self.plan, "water"))

    @asynccontextmanager
    async def spool(self) -> AsyncIterator[Spool]:
        """Open the machine's spool."""
        async with Spool(self.home.path / "spool.sqlite", self.room) as spool:
            yield spool

    def outbox(self, spool: Spool, stream: str = "WATER") -> Outbox:
        """Make a way to a stream."""
        return Outbox(stream, spool, self.note, lambda: 0, self.plan.max_payload)

    @asynccontextmanager
    async def open(
        self, stream: str = "WATER", budget_s: float = BUDGET_S
    ) -> AsyncIterator[tuple[Outbox, Spool]]:
        """Open a way to a stream."""
        async with (
            self.spool() as spool,
            self.bus() as bus,
            Publisher(bus, stream, budget_s=budget_s) as publisher,
            self.outbox(spool, stream) as outbox,
        ):
            outbox.open(publisher)
            yield outbox, spool

    async def held(self, subject: str = ">") -> list[tuple[str, int]]:
        """Return subjects and payloads, as numbers, that the stream holds, in order."""
        async with self.bus() as bus:
            return [
                (delivery.subject, int(delivery.payload))
                async for delivery in scan(bus, "WATER", subject)
            ]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a server whose ids are forgotten after a second."""
    home = Home(tmp_path / "home")
    plan = msgspec.structs.replace(
        small_plan(("water",)), duplicate_window_s=1, quarantine_bytes=MEBIBYTE
    )
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        site = Site(server, home, plan)
        yield site
        site.thaw()


def message(number: int, subject: str = "one") -> Outgoing:
    """Make a message with an id of its own."""
    return Outgoing(f"share.water.water.level.{subject}", b"%d" % number, f"{subject}-{number}")


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)


async def test_while_the_bus_answers_nothing_is_spooled(site: Site) -> None:
    """An outbox is then its publisher."""
    async with site.open() as (outbox, spool):
        results = await outbox.publish_all([message(number) for number in range(700)])

        assert [type(result) for result in results] == [Stored] * 700
        assert spool.total == 0
    assert site.settled == []


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_what_the_bus_does_not_take_in_time_is_on_disk_and_goes_out_when_it_is_back(
    site: Site, how: str
) -> None:
    """Each message is told as spooled first, and as stored later, once."""
    async with site.open() as (outbox, spool):
        await outbox.publish_all([message(0)])
        if how == "kill":
            await site.server.kill()
        else:
            site.freeze()
        results = await outbox.publish_all([message(number) for number in range(1, 1200)])

        assert [type(result) for result in results] == [Spooled] * 1199
        assert spool.total == 1199
        if how == "kill":
            await site.server.start()
        site.thaw()
        await until(lambda: not spool.total)

    assert [number for _, number in await site.held()] == [*range(1200)]
    assert [identity for identity, _ in site.settled] == [f"one-{n}" for n in range(1, 1200)]
    assert not any(r.duplicate for _, r in site.settled if isinstance(r, Stored))


async def test_what_was_taken_for_new_and_spooled_is_placed_by_what_the_stream_holds(
    site: Site,
) -> None:
    """The guess on which its attempt rested does not go into the spool with it."""
    now_s = int(time.time())

    def observed(name: str, seconds: int) -> Outgoing:
        """Return a record that was observed so many seconds from now."""
        record = Record(name=f"water/water.level/{name}")
        record.observed_at.FromSeconds(now_s + seconds)
        return Outgoing(share_subject(record.name), record.SerializeToString(), f"{name}{seconds}")

    async with site.open() as (outbox, spool):
        await outbox.publish_all([observed("first", -60)])
        async with site.bus() as bus, Publisher(bus, "WATER") as another:
            await another.publish(observed("held", -20))
        site.freeze()
        lot = [observed("held", -40), observed("held", -10), observed("held", -30)]
        results = await outbox.publish_all([*lot, observed("new", -60)])
        site.thaw()
        await until(lambda: not spool.total)

        assert [type(result) for result in results] == [Spooled] * 4
    async with site.bus() as bus:
        stored = [
            (one.subject.removeprefix("share.water.water.level."), one.headers[MESSAGE_ID])
            async for one in scan(bus, "WATER", ">")
        ]
    assert sorted(stored) == [
        ("first", "first-60"),
        ("held", "held-10"),
        ("held", "held-20"),
        ("held.past", "held-30"),
        ("held.past", "held-40"),
        ("new", "new-60"),
    ]


async def test_a_frozen_server_is_waited_for_no_longer_than_was_said(site: Site) -> None:
    """An attempt is cut short by the budget: an attempt without one is still under way then."""
    async with site.open() as (outbox, _), site.bus() as bus, Exchange(bus) as exchange:
        site.freeze()
        attempt = asyncio.create_task(exchange.commit([message(7, "attempt")]))
        (result,) = await outbox.publish_all([message(1)])

        assert isinstance(result, Spooled)
        assert not attempt.done()
        site.thaw()
        await attempt


@pytest.mark.parametrize("seed", range(4))
async def test_order_is_kept_through_every_turn_of_a_bus_that_comes_and_goes(
    site: Site, seed: int
) -> None:
    """Many callers, a server that is killed, stopped and frozen: each subject in order, once."""
    chance = random.Random(seed)
    done = asyncio.Event()
    told: dict[str, list[Result]] = {f"s{number}": [] for number in range(12)}

    async def call(outbox: Outbox, subject: str) -> None:
        """Publish one lot after another, as a connection does."""
        numbers = itertools.count()
        while not done.is_set():
            lot = [message(next(numbers), subject) for _ in range(chance.randrange(1, 40))]
            results = await outbox.publish_all(lot)
            told[subject] += results
            await asyncio.sleep(chance.random() * 0.01)

    def has_grown(by: int) -> Callable[[], bool]:
        """Return whether all callers got so many answers more."""
        aim = {subject: len(results) + by for subject, results in told.items()}
        return lambda: all(len(told[subject]) >= number for subject, number in aim.items())

    async with site.open() as (outbox, spool), asyncio.TaskGroup() as group:
        for subject in told:
            group.create_task(call(outbox, subject))
        for turn in range(4):
            await until(has_grown(chance.randrange(1, 60)))
            how = chance.choice(["kill", "stop", "freeze"])
            if how == "freeze":
                site.freeze()
            else:
                await getattr(site.server, how)()
            if turn % 2:
                # Long enough to be answered from the disk; else back before or just when it turns.
                await until(has_grown(chance.randrange(1, 60)))
            else:
                await asyncio.sleep(BUDGET_S * chance.uniform(0.5, 1.2))
            if how == "freeze":
                site.thaw()
            else:
                await site.server.start()
        await until(has_grown(20))
        done.set()
        await until(lambda: not spool.total)

    assert {type(result) for results in told.values() for result in results} <= {Stored, Spooled}
    held = await site.held()
    for subject, results in told.items():
        numbers = [number for name, number in held if name.endswith(f".{subject}")]
        assert numbers == [*range(len(results))]
    fresh = [r for results in told.values() for r in results if isinstance(r, Stored)]
    fresh += [r for _, r in site.settled if isinstance(r, Stored)]
    assert sum(not result.duplicate for result in fresh) == len(held)


async def test_what_comes_while_the_spool_is_emptied_does_not_overtake(site: Site) -> None:
    """It waits behind what is there; once all is out the direct way is open again."""
    async with site.open() as (outbox, spool):
        await site.server.kill()
        await outbox.publish_all([message(number) for number in range(5000)])
        await site.server.start()
        numbers = itertools.count(5000)
        results: list[Result] = []
        async with asyncio.timeout(60):
            while not results or isinstance(results[-1], Spooled):
                results += await outbox.publish_all([message(next(numbers))])

        assert [type(result) for result in results[:-1]] == [Spooled] * (len(results) - 1)
        assert spool.total == 0
    assert [number for _, number in await site.held()] == [*range(5000 + len(results))]


async def forgotten(publisher: Publisher) -> None:
    """Wait until the server has forgotten all ids that it knows now."""
    probe = message(0, "probe")
    first = await publisher.publish(probe)
    async with asyncio.timeout(30):
        while (await publisher.publish(probe)).sequence == first.sequence:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)


async def test_what_was_stored_unanswered_is_not_stored_again_when_ids_are_forgotten(
    site: Site,
) -> None:
    """An attempt reached the server, the machine died, and the outage outlived the window."""
    lot = [message(number) for number in range(3)]
    async with site.spool() as spool, site.outbox(spool) as outbox:
        await outbox.publish_all(lot)
    async with site.bus() as bus, Publisher(bus, "WATER", recent=0) as publisher:
        await publisher.publish_all(lot[:2])
        await forgotten(publisher)

    async with site.open() as (outbox, spool):
        await until(lambda: not spool.total)

    assert [number for _, number in await site.held("share.water.water.level.one")] == [0, 1, 2]
    duplicates = [r.duplicate for _, r in site.settled if isinstance(r, Stored)]
    assert duplicates == [True, True, False]


async def test_a_look_back_finds_what_was_given_up_and_stored_all_the_same(site: Site) -> None:
    """Its resend counts as stored: it was never counted, and the server has forgotten it."""
    given_up, other = message(0), message(1)
    async with site.bus() as bus, Publisher(bus, "WATER", budget_s=0.1, recent=0) as publisher:
        site.freeze()
        with pytest.raises(BusUnavailable):
            await publisher.publish(given_up)
        site.thaw()
        await until(lambda: bus.is_connected)
        async with Publisher(bus, "WATER", recent=0) as patient:
            await forgotten(patient)

        await publisher.look_back({given_up.message_id, other.message_id}, 0)
        results = await publisher.publish_all([given_up, other])

        assert [r.duplicate for r in results if isinstance(r, Stored)] == [False, False]
    assert [number for _, number in await site.held("share.water.water.level.one")] == [0, 1]


async def test_what_is_spooled_when_the_machine_dies_goes_out_at_the_next_start(
    site: Site,
) -> None:
    """Before anything that comes later."""
    async with site.open() as (outbox, _):
        await site.server.kill()
        await outbox.publish_all([message(number) for number in range(600)])
    await site.server.start()

    async with site.open() as (outbox, spool):
        await outbox.publish_all([message(600)])
        await until(lambda: not spool.total)

    assert [number for _, number in await site.held()] == [*range(601)]


async def test_without_a_publisher_everything_is_spooled(site: Site) -> None:
    """So a feed can begin before the bus; what can never be taken is told at once."""
    async with site.spool() as spool, site.outbox(spool) as outbox:
        large = Outgoing("share.water.water.level.one", bytes(MEBIBYTE), "large")
        results = await outbox.publish_all([message(0), large, message(1), message(0)])

        assert [type(result) for result in results] == [Spooled, RecordTooLarge, Spooled, Stored]
        assert isinstance(results[3], Stored)
        assert results[3].duplicate
        async with site.bus() as bus, Publisher(bus, "WATER") as publisher:
            outbox.open(publisher)
            await until(lambda: not spool.total)
            assert [type(r) for r in await outbox.publish_all([message(2)])] == [Stored]
    assert [number for _, number in await site.held()] == [0, 1, 2]


async def test_a_full_spool_takes_nothing_and_loses_nothing(site: Site) -> None:
    """Whoever is refused repeats; what was taken goes out, and what is repeated after it."""
    site.room = 20_000
    async with site.open() as (outbox, spool):
        await site.server.kill()
        results = [(await outbox.publish_all([message(number)]))[0] for number in range(300)]
        taken = [type(result) for result in results].index(SpoolFull)

        assert {type(result) for result in results[taken:]} == {SpoolFull}
        assert 0 < taken < 300
        await site.server.start()
        await until(lambda: not spool.total)
        await outbox.publish_all([message(number) for number in range(taken, 300)])
        await until(lambda: not spool.total)

    assert [number for _, number in await site.held()] == [*range(300)]


async def test_a_full_disk_refuses_every_caller_and_passes(site: Site) -> None:
    """Nobody is left waiting; what was taken before goes out when the bus is back."""
    async with site.open() as (outbox, spool):

        async def limit(pages: int) -> None:
            await spool._run(
                lambda: spool._connection().execute(f"PRAGMA max_page_count = {pages}")
            )

        await site.server.kill()
        await outbox.publish_all([message(0)])
        await limit(1)
        lots = [[message(number * 100 + n) for n in range(1, 100)] for number in range(5)]
        refused = await asyncio.gather(*map(outbox.publish_all, lots))

        assert {type(result) for results in refused for result in results} == {SpoolFailed}
        assert "disk is full" in str(refused[0][0])
        await limit(100_000)
        assert [type(r) for r in await outbox.publish_all([message(1)])] == [Spooled]
        await site.server.start()
        await until(lambda: not spool.total)
    assert [number for _, number in await site.held()] == [0, 1]


async def test_a_caller_that_leaves_takes_nobody_with_it(site: Site) -> None:
    """What it handed in is spooled all the same, and others get their answers."""
    async with site.open() as (outbox, spool):
        await site.server.kill()
        await outbox.publish_all([message(0)])
        leaving = [asyncio.create_task(outbox.publish_all([message(n)])) for n in range(1, 20)]
        staying = asyncio.create_task(outbox.publish_all([message(20)]))
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()

        assert [type(result) for result in await staying] == [Spooled]
        assert spool.total == 21


async def test_what_nobody_answers_for_stays_in_the_spool(site: Site) -> None:
    """A quarantine that is full takes it once it has room; until then it is not dropped."""
    entries = [
        Outgoing("quarantine.water.x", bytes(400_000), f"entry-{number}") for number in range(4)
    ]
    async with site.open("QUARANTINE_WATER") as (outbox, spool):
        await site.server.kill()
        await outbox.publish_all(entries)
        await site.server.start()
        await until(lambda: spool.total < 4)
        left = spool.total

        assert left
        assert len(site.settled) == 4 - left
        plan = msgspec.structs.replace(site.plan, quarantine_bytes=8 * MEBIBYTE)
        await reconcile(site.home, plan)
        await until(lambda: not spool.total)
    async with site.bus() as bus:
        assert len([d async for d in scan(bus, "QUARANTINE_WATER", ">", headers_only=True)]) == 4


async def test_a_resend_while_spooled_is_told_as_known(site: Site) -> None:
    """It waits once, and is stored once."""
    async with site.open() as (outbox, spool):
        await site.server.kill()
        await outbox.publish_all([message(0)])
        (again,) = await outbox.publish_all([message(0)])

        assert isinstance(again, Stored)
        assert again.duplicate
        assert spool.total == 1


async def test_a_resend_of_what_the_bus_has_is_a_duplicate_in_the_end(site: Site) -> None:
    """Spooled because nobody can know now; when the bus is back it is not stored again."""
    async with site.open() as (outbox, spool):
        await outbox.publish_all([message(0)])
        await site.server.kill()
        (again,) = await outbox.publish_all([message(0), message(1)][:1])
        await outbox.publish_all([message(1)])
        await site.server.start()
        await until(lambda: not spool.total)

        assert again == Stored("WATER", None, duplicate=True)
    assert [number for _, number in await site.held()] == [0, 1]


async def test_spooling_is_one_flush_for_many_callers(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Callers that come together share a transaction; how fast that is, is printed."""
    callers, lots = 50, 40
    async with site.open() as (outbox, spool):
        await site.server.kill()
        await outbox.publish_all([message(0)])
        flushes = 0
        append: Any = spool.append

        async def counted(*given: Any) -> Any:
            nonlocal flushes
            flushes += 1
            return await append(*given)

        spool.append = counted  # type: ignore[assignment,method-assign]  # it goes on to the real one

        async def call(name: str) -> None:
            for number in range(lots):
                payload = bytes(300)
                lot = [
                    Outgoing(f"share.water.x.y.{name}", payload, f"{name}-{number}-{n}")
                    for n in range(10)
                ]
                assert {type(result) for result in await outbox.publish_all(lot)} == {Spooled}

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(call(uuid.uuid4().hex))
        seconds = time.perf_counter() - began
        messages = callers * lots * 10

        assert spool.total == messages + 1
        assert flushes < callers * lots / 10
    with capsys.disabled():
        print(
            f"\nspooled {messages / seconds:,.0f} messages/s with {flushes / seconds:.0f} flushes/s"
        )
