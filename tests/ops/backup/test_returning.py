"""Streams of an archive put back into a city that goes on meanwhile."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.numbering import number_of
from broker.streams import reconcile
from broker.subscriber import Delivery, scan
from broker.users import CITY, HUB, admin
from liandong.record.v1.record_pb2 import Record
from ops.backup import Archive, return_streams, save_city
from ops.city import City
from ops.failure import Failure
from tests.e2e.machines import PATIENCE_S, Machines, city_file, node
from tests.e2e.stations import Station, until
from tests.e2e.test_topologies import keep_sending, readings, seen, station

STREAM = "ENVIRONMENT"


async def test_a_lost_stream_is_put_back_while_its_feed_sends(tmp_path: Path) -> None:
    """Every record is there once, under its number; the city's stream got none twice."""
    file = city_file(tmp_path, "cluster", node("nats-1"), node("nats-2"), node("nats-3"))
    async with (
        Machines(file, tmp_path) as machines,
        readings(machines) as found,
        machines.gateway() as gateway,
        station(machines) as sending,
    ):
        city = small_city(machines)
        await sending.send(100)
        await asyncio.to_thread(save_city, machines.home, city, tmp_path / "saved", None)
        await sending.send(150)
        await until(lambda: found.last == 149)
        sender = asyncio.create_task(keep_sending(sending))

        await lose(machines, STREAM)
        await answered(sending, 20)
        made = await reconcile(machines.home, machines.plan)
        async with asyncio.timeout(PATIENCE_S):
            while not await messages(machines, STREAM):
                continue
        with Archive(tmp_path / "saved") as archive:
            with pytest.raises(Failure) as refused:
                await return_streams(archive, machines.home, city, [STREAM], merge=False)
            (done,) = await return_streams(archive, machines.home, city, [STREAM], merge=True)
            await answered(sending, 20)
            again = await return_streams(archive, machines.home, city, [STREAM], merge=True)
        await answered(sending, 20)
        sender.cancel()
        await asyncio.wait((sender,))
        await until(lambda: seen(gateway) == found.last >= sending.answered - 1)
        records = await messages(machines, STREAM)
        in_city = await messages(machines, CITY)

    numbers = [value_of(one) for one in records]
    (line,) = made
    assert line.startswith(f"added stream {STREAM}, which was lost, from number ")
    assert "these hold messages: ENVIRONMENT/ENVIRONMENT; nothing was touched" in str(refused.value)
    assert "`--stream ENVIRONMENT/ENVIRONMENT --merge`" in str(refused.value)
    assert (done.stream, done.archived) == (STREAM, 100)
    assert done.later >= 50
    assert again == []
    assert numbers == found.values == list(range(len(numbers)))
    assert [value_of(one) for one in in_city] == numbers
    assert [number_of(one.headers) for one in in_city] == [one.sequence for one in records]


def small_city(machines: Machines) -> City:
    """Return the city of servers that leave room on the disk."""
    return msgspec.structs.replace(machines.city, plan=machines.plan)


async def lose(machines: Machines, stream: str) -> None:
    """Delete a stream, as an administrator may by mistake."""
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(STREAM))) as bus:
        await call(bus, stream, f"STREAM.DELETE.{stream}")


async def answered(sending: Station, more: int) -> None:
    """Wait until a station was answered some more frames."""
    before = sending.answered
    await until(lambda: sending.answered >= before + more)


async def messages(machines: Machines, stream: str) -> list[Delivery]:
    """Return what a stream holds."""
    account = HUB if stream == CITY else STREAM
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(account))) as bus:
        return [one async for one in scan(bus, stream, "share.environment.>")]


def value_of(delivery: Delivery) -> int:
    """Return the number that a frame had."""
    return round(Record.FromString(delivery.payload).environment_air.measurements[0].value)
