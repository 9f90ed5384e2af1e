"""What the stream holds already, wherever it is kept there."""

import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from adapters.sdk.known import Wanted
from broker.connection import Bus
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import apart, share_subject

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


def message(name: str) -> Outgoing:
    """Make a record's message."""
    return Outgoing(share_subject(name), b"1", uuid.uuid4().hex)


@pytest.mark.parametrize("count", [3, 200])
async def test_of_records_those_are_told_that_are_stored(bus_of: Connect, count: int) -> None:
    """Subject by subject while they are few, else by one reading of all."""
    token = uuid.uuid4().hex
    messages = [message(f"water/water.level/{token}-{number}") for number in range(count)]
    stored = messages[::2]
    wanted = Wanted()
    for one in messages:
        wanted.add(one, "192.0.2.7")
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish_all([*stored, message(f"water/water.level/{token}-0")])

        assert await wanted.stored(bus, "water") == {one.message_id for one in stored}


async def test_a_record_that_was_kept_apart_from_another_senders_is_found(bus_of: Connect) -> None:
    """Two claimed one station; sent again, the message is kept under a name of its own."""
    name = f"water/water.level/{uuid.uuid4().hex}"
    first = message(name)
    wanted = Wanted()
    wanted.add(first, "192.0.2.7")
    again = Outgoing(share_subject(apart(name, "192.0.2.7")), b"1", first.message_id)
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(again)

        assert await wanted.stored(bus, "water") == {first.message_id}


async def test_somebody_elses_ids_are_no_harm(bus_of: Connect) -> None:
    """What was published by hand has an id that is none of ours."""
    name = f"water/water.level/{uuid.uuid4().hex}"
    wanted = Wanted()
    wanted.add(message(name), "")
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(Outgoing(share_subject(name), b"1", f"by hand {uuid.uuid4().hex}"))

        assert await wanted.stored(bus, "water") == set()
