"""The last message of a record's subject is its state; what comes late lies beside it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from broker import placing
from broker.api import call
from broker.connection import Bus
from broker.outgoing import Outgoing, Stored
from broker.publisher import Publisher
from broker.subjects import past_subject, share_subject
from broker.subscriber import scan
from broker.users import CITY, HUB, admin
from liandong.record.v1.record_pb2 import Record

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
NOW_S = int(time.time())


def new_name() -> str:
    """Return a record's name that nobody has used."""
    return f"water/water.level/{uuid.uuid4().hex}"


@pytest.fixture
def name() -> str:
    """Return a record's name that no other test uses."""
    return new_name()


def observed(name: str, seconds: int, *, identity: str = "") -> Outgoing:
    """Return a record that was observed so many seconds from now."""
    record = Record(name=name)
    record.observed_at.FromSeconds(NOW_S + seconds)
    return Outgoing(share_subject(name), record.SerializeToString(), identity or uuid.uuid4().hex)


async def publish(connect: Connect, messages: Sequence[Outgoing]) -> list[object]:
    """Publish messages at once with a publisher of their own."""
    async with connect("water") as bus, Publisher(bus, "WATER") as publisher:
        return [*await publisher.publish_all(messages)]


async def held(connect: Connect, subject: str) -> list[int]:
    """Return when the records on a subject were observed, in the order of the stream."""
    async with connect("water") as bus:
        return [
            Record.FromString(one.payload).observed_at.seconds - NOW_S
            async for one in scan(bus, "WATER", subject)
        ]


async def test_what_was_observed_earlier_goes_beside_what_is_held(
    bus_of: Connect, name: str
) -> None:
    """Also by a publisher that has just begun and knows the stream alone."""
    await publish(bus_of, [observed(name, -60)])

    await publish(bus_of, [observed(name, -300), observed(name, -200), observed(name, -10)])

    assert await held(bus_of, share_subject(name)) == [-60, -10]
    assert await held(bus_of, past_subject(share_subject(name))) == [-300, -200]


async def test_in_one_batch_each_record_is_placed_after_those_before_it(
    bus_of: Connect, name: str
) -> None:
    """The stream need not be asked between them; of two of one moment the later one holds."""
    times = [-100, -50, -70, -50, -60, -40]

    await publish(bus_of, [observed(name, seconds) for seconds in times])

    assert await held(bus_of, share_subject(name)) == [-100, -50, -50, -40]
    assert await held(bus_of, past_subject(share_subject(name))) == [-70, -60]


async def test_a_clock_that_is_ahead_does_not_send_the_truth_into_the_past(
    bus_of: Connect, name: str
) -> None:
    """It counts as observed when it was stored."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(observed(name, 3600))
        record = Record(name=name)
        record.observed_at.FromNanoseconds(time.time_ns())
        await publisher.publish(
            Outgoing(share_subject(name), record.SerializeToString(), uuid.uuid4().hex)
        )

    assert len(await held(bus_of, share_subject(name))) == 2


async def test_a_resend_is_known_again_wherever_it_was_placed(bus_of: Connect, name: str) -> None:
    """A message id is unique in the whole stream."""
    early = observed(name, -300, identity=uuid.uuid4().hex)
    await publish(bus_of, [early])
    await publish(bus_of, [observed(name, -10)])

    again = observed(name, -300, identity=early.message_id)
    (result,) = await publish(bus_of, [again])

    assert isinstance(result, Stored)
    assert result.duplicate
    assert await held(bus_of, f"{share_subject(name)}.>") == []


async def test_many_subjects_are_placed_with_few_questions(bus_of: Connect) -> None:
    """More than the server answers for in one."""
    names = [f"water/water.level/{uuid.uuid4().hex}" for _ in range(1500)]
    await publish(bus_of, [observed(each, -60) for each in names])

    await publish(bus_of, [observed(each, -90) for each in names])

    for each in (names[0], names[700], names[-1]):
        assert await held(bus_of, share_subject(each)) == [-60]
        assert await held(bus_of, past_subject(share_subject(each))) == [-90]


@asynccontextmanager
async def meeting_new_names(connect: Connect) -> AsyncIterator[Publisher]:
    """Open a publisher to which all names so far were new, so that it takes others to be new."""
    async with connect("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(observed(new_name(), -60))
        yield publisher


async def unasked(connect: Connect, subject: str) -> list[bool]:
    """Return of each message on a subject whether the server was to say that it is the first."""
    async with connect("water") as bus:
        return [
            "Nats-Expected-Last-Subject-Sequence" in one.headers
            async for one in scan(bus, "WATER", subject, headers_only=True)
        ]


async def places(connect: Connect, names: Sequence[str]) -> list[tuple[list[int], list[int]]]:
    """Return of each name what is held on its subject and beside it, as when it was observed."""
    subjects = [share_subject(name) for name in names]
    found: dict[str, list[int]] = {
        each: [] for one in subjects for each in (one, past_subject(one))
    }
    async with connect("water") as bus:
        async for one in scan(bus, "WATER", "share.water.water.level.>"):
            if one.subject in found:
                seconds = Record.FromString(one.payload).observed_at.seconds - NOW_S
                found[one.subject].append(seconds)
    return [(found[subject], found[past_subject(subject)]) for subject in subjects]


async def in_the_city(hub: Bus, subject: str, count: int) -> None:
    """Wait until the city's stream has so many messages of a subject."""
    async with asyncio.timeout(10):
        while len([one async for one in scan(hub, CITY, subject)]) < count:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)


async def test_while_names_are_new_the_stream_is_not_asked_before_a_batch_leaves(
    bus_of: Connect, name: str
) -> None:
    """The server refuses what is not the first of its subject; within the batch each is placed."""
    other = new_name()
    messages = [observed(name, -60), observed(other, -60), observed(name, -90), observed(name, -30)]
    async with meeting_new_names(bus_of) as publisher:
        results = await publisher.publish_all(messages)
        again = await publisher.publish_all([observed(name, -70), observed(other, -10)])

    assert [one.duplicate for one in (*results, *again) if isinstance(one, Stored)] == [False] * 6
    assert await held(bus_of, share_subject(name)) == [-60, -30]
    assert await held(bus_of, past_subject(share_subject(name))) == [-90, -70]
    assert await held(bus_of, share_subject(other)) == [-60, -10]
    assert await unasked(bus_of, share_subject(name)) == [True, False]


async def test_what_turns_out_to_be_held_already_is_placed_by_what_is_held(
    bus_of: Connect, name: str
) -> None:
    """Also what was placed behind it in the same batch; what is new beside it is stored as well."""
    other = new_name()
    async with meeting_new_names(bus_of) as publisher:
        await publish(bus_of, [observed(name, -40)])

        await publisher.publish_all(
            [observed(name, -60), observed(other, -60), observed(name, -50), observed(name, -30)]
        )

    assert await held(bus_of, share_subject(name)) == [-40, -30]
    assert await held(bus_of, past_subject(share_subject(name))) == [-60, -50]
    assert await held(bus_of, share_subject(other)) == [-60]


async def test_of_two_who_bring_the_same_new_names_at_once_the_newest_hold(
    bus_of: Connect,
) -> None:
    """Whoever comes second is refused, and placed behind the first or beside it."""
    names = [new_name() for _ in range(400)]
    async with meeting_new_names(bus_of) as one, meeting_new_names(bus_of) as other:
        results = await asyncio.gather(
            one.publish_all([observed(each, -60) for each in names]),
            other.publish_all([observed(each, -30) for each in names]),
        )

    assert [one.duplicate for lot in results for one in lot if isinstance(one, Stored)] == [
        False
    ] * 800
    for place in await places(bus_of, names):
        assert place in (([-60, -30], []), ([-30], [-60]))


async def test_what_was_stored_before_a_crash_is_a_resend_among_new_names(
    bus_of: Connect,
) -> None:
    """Its batch was stored, its sender never told: all comes again, with what is new."""
    names = [new_name() for _ in range(40)]
    messages = [observed(each, -60, identity=f"{each}-1") for each in names]
    await publish(bus_of, messages[:30])

    async with meeting_new_names(bus_of) as publisher:
        results = await publisher.publish_all(
            [observed(each, -60, identity=f"{each}-1") for each in names]
        )

    duplicates = [one.duplicate for one in results if isinstance(one, Stored)]
    assert duplicates == [True] * 30 + [False] * 10
    assert await places(bus_of, names) == [([-60], [])] * 40


async def test_a_name_of_which_nothing_is_left_counts_as_new(bus_of: Connect, name: str) -> None:
    """What was purged or has expired is no state; the city's stream, which may have it, goes on."""
    subject = share_subject(name)
    async with meeting_new_names(bus_of) as publisher, bus_of(admin(HUB)) as hub:
        await publish(bus_of, [observed(name, -10)])
        await in_the_city(hub, subject, 1)
        async with bus_of(admin("WATER")) as bus:
            await call(bus, "WATER", "STREAM.PURGE.WATER", {"filter": subject})

        await publisher.publish_all([observed(name, -60), observed(new_name(), -60)])

        assert await held(bus_of, subject) == [-60]
        assert await unasked(bus_of, subject) == [True]
        await in_the_city(hub, subject, 2)


async def test_more_names_than_are_remembered_are_placed_all_the_same(
    bus_of: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room is made while questions for others are under way."""
    monkeypatch.setattr(placing, "_REMEMBERED", 1000)
    old, new = [new_name() for _ in range(1000)], [new_name() for _ in range(1000)]
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish_all([observed(each, -60) for each in old])

        # Whole batches, which leave together, of what is known and what is not.
        mixed = [
            each for at in range(0, 1000, 250) for each in old[at : at + 250] + new[at : at + 250]
        ]
        results = await publisher.publish_all([observed(each, -90) for each in mixed])

    assert [type(one) for one in results] == [Stored] * 2000
    assert await places(bus_of, old) == [([-60], [-90])] * 1000
    assert await places(bus_of, new) == [([-90], [])] * 1000
