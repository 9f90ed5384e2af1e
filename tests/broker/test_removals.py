"""The account of what left a quarantine, against the real server."""

import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import msgspec
import pytest

from broker.connection import Bus
from broker.errors import PublishError, QuarantineTaken
from broker.removals import Discard, Removals, RemovalsAccount, all_removals, read_removals

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
NOW = datetime(2026, 6, 15, 10, 0, 0, 123456, tzinfo=UTC)
FULL = Removals(
    since=1,
    healed=2,
    discarded=3,
    hours={495_000: 5},
    leaving=(7, 8),
    discards=(Discard(at=NOW, who="ann@desk", why="a drill 演练", what="all", count=3),),
    discards_forgotten=4,
    holder="ann@desk",
    held_until=NOW,
)


@pytest.fixture
def feed() -> str:
    """Return a feed that no other test uses."""
    return f"water.{uuid.uuid4().hex}"


async def test_an_account_is_read_back_as_it_was_written(bus_of: Connect, feed: str) -> None:
    """By the agency, and by the operators, who count."""
    async with bus_of("water") as bus, RemovalsAccount(bus, feed) as account:
        assert account.stands == Removals()
        await account.write(msgspec.structs.replace(FULL, healed=0))
        await account.write(FULL)
    async with bus_of("ops.water") as bus:
        found, revision = await read_removals(bus, feed)
        everything = dict([one async for one in all_removals(bus)])

    assert found == everything[feed] == FULL
    assert found.total == 5
    assert revision > 0


async def test_of_two_who_read_the_same_account_one_writes(bus_of: Connect, feed: str) -> None:
    """The other is told who was first, and what that one wrote stands."""
    async with (
        bus_of("water") as bus,
        RemovalsAccount(bus, feed) as first,
        RemovalsAccount(bus, feed) as second,
    ):
        await first.write(FULL)
        with pytest.raises(QuarantineTaken, match="ann@desk"):
            await second.write(Removals(healed=9))

        assert (await read_removals(bus, feed))[0] == FULL


async def test_an_attempt_whose_answer_was_lost_is_recognized(bus_of: Connect, feed: str) -> None:
    """It is refused when it is made again; what stands is what was to be written."""
    async with (
        bus_of("water") as bus,
        RemovalsAccount(bus, feed) as first,
        RemovalsAccount(bus, feed) as again,
    ):
        await first.write(FULL)
        await again.write(FULL)
        await again.write(msgspec.structs.replace(FULL, healed=3))

        assert (await read_removals(bus, feed))[0].healed == 3


async def test_operators_do_not_write_it(bus_of: Connect, feed: str) -> None:
    """Who may only count cannot explain anything away."""
    async with bus_of("ops.water") as bus, RemovalsAccount(bus, feed) as account:
        with pytest.raises(PublishError, match="denied to this user"):
            await account.write(FULL)
