"""The last message of a record's subject is its state; what comes late lies beside it."""

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from broker.connection import Bus
from broker.outgoing import Outgoing, Stored
from broker.publisher import Publisher
from broker.subjects import past_subject, share_subject
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
NOW_S = int(time.time())


@pytest.fixture
def name() -> str:
    """Return a record's name that no other test uses."""
    return f"water/water.level/{uuid.uuid4().hex}"


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
