"""Streams of an archive put back into a city that goes on meanwhile."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.numbering import number_of
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import CITY, HUB, admin
from liandong.record.v1.record_pb2 import Record
from ops.backup import Archive, return_streams, save_city
from ops.backup.joining import digest
from ops.city import City
from ops.failure import Failure
from tests.e2e.machines import PATIENCE_S, Machines, city_file, node
from tests.e2e.stations import Station, until
from tests.e2e.test_topologies import keep_sending, readings, seen, station

STREAM = "ENVIRONMENT"
QUARANTINE = "QUARANTINE_ENVIRONMENT"
FILE = "city.toml"
_SMALL = """
[streams]
agency_mb = 64
quarantine_mb = 32
city_mb = 256
history = 100000
"""


async def test_a_lost_stream_is_put_back_while_its_feed_sends(tmp_path: Path) -> None:
    """Every record is there once, under its number; the city's stream got none twice."""
    file = city_file(tmp_path, "cluster", node("nats-1"), node("nats-2"), node("nats-3"))
    async with (
        Machines(file, tmp_path) as machines,
        readings(machines) as found,
        machines.gateway() as gateway,
        contextlib.AsyncExitStack() as feed,
    ):
        city, sending = small_city(machines), await feed.enter_async_context(station(machines))
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
        await until(lambda: found.last >= sending.answered - 1)
        await feed.aclose()
        records = await messages(machines, STREAM)
        await until(lambda: seen(gateway) == found.last >= value_of(records[-1]))
        in_city = await messages(machines, CITY)

    assert len(records) >= sending.answered
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


async def test_a_lost_quarantine_comes_back_before_what_came_since(tmp_path: Path) -> None:
    """By the command; what was healed since the archive is not brought back by mistake."""
    async with one_server(tmp_path) as machines:
        city, at = small_city(machines), ("--home", machines.home.path, "--city", tmp_path / FILE)
        await quarantine(machines, "first", "second")
        await asyncio.to_thread(save_city, machines.home, city, tmp_path / "saved", None)
        await lose(machines, QUARANTINE)
        await reconcile(machines.home, machines.plan)
        await quarantine(machines, "third")
        command = ("restore", tmp_path / "saved", "--running", "--stream", QUARANTINE, *at)

        refused = await run(*command)
        merged = await run(*command, "--merge")
        entries = await bodies(machines, QUARANTINE)
        again = await run(*command, "--merge")
        await delete(machines, QUARANTINE, 1)
        healed = await run(*command, "--merge")
        left = await bodies(machines, QUARANTINE)
        senseless = await run("restore", tmp_path / "saved", "--merge", *at)

    assert refused[0] == 1
    assert f"these hold messages: {STREAM}/{QUARANTINE}; nothing was touched" in refused[1]
    assert merged[0] == 0
    assert f"{QUARANTINE}: 2 messages of the archive are back, and 1 that came later" in merged[1]
    assert entries == [b"first", b"second", b"third"]
    assert again == (0, "nothing of the archive is missing; nothing was changed\n")
    assert healed[0] == 1
    assert "what it lacks was taken out of it since: nothing was touched" in healed[1]
    assert left == [b"second", b"third"]
    assert senseless[0] == 2


async def test_a_whole_archive_is_put_onto_servers_that_are_empty(tmp_path: Path) -> None:
    """With keys of their own; each stream has its digest, and records go on behind them."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    async with one_server(tmp_path / "old") as machines:
        await records(machines, 5)
        await quarantine(machines, "first")
        await until_taken(machines, 5)
        saved = small_city(machines)
        await asyncio.to_thread(save_city, machines.home, saved, tmp_path / "saved", None)
        before = {name: await facts(machines, name) for name in (STREAM, QUARANTINE, CITY)}
    async with one_server(tmp_path / "new") as machines:
        with Archive(tmp_path / "saved") as archive:
            done = await return_streams(
                archive, machines.home, small_city(machines), (), merge=False
            )
        after = {name: await facts(machines, name) for name in before}
        await records(machines, 7, start=5)
        await until_taken(machines, 7)
        in_city = await bodies(machines, CITY)

    assert after == before
    assert {one.stream for one in done} >= set(before)
    assert in_city == [b"%d" % number for number in range(7)]


async def test_a_stream_that_counts_from_its_start_again_is_left_alone(tmp_path: Path) -> None:
    """Made by hand, it gives numbers a second time; it goes on taking records."""
    async with one_server(tmp_path) as machines:
        city = small_city(machines)
        await records(machines, 5)
        await asyncio.to_thread(save_city, machines.home, city, tmp_path / "saved", None)
        config = (await info(machines, STREAM))["config"]
        await lose(machines, STREAM)
        async with Bus(BusSettings.of(machines.home, machines.plan, admin(STREAM))) as bus:
            await call(bus, STREAM, f"STREAM.CREATE.{STREAM}", config)
        await records(machines, 7, start=5)

        with Archive(tmp_path / "saved") as archive, pytest.raises(Failure) as refused:
            await return_streams(archive, machines.home, city, [STREAM], merge=True)
        await records(machines, 8, start=7)
        held = await bodies(machines, STREAM)
    left = await asyncio.to_thread(lambda: {path.name for path in tmp_path.iterdir()})

    assert "was made anew and counts from its start again" in str(refused.value)
    assert "nothing was touched" in str(refused.value)
    assert held == [b"5", b"6", b"7"]
    # Nothing is left of what was made beside.
    assert left == {"agreements.toml", FILE, "home", "out", "saved"}


async def test_a_stream_that_is_none_of_the_archive_or_the_city_is_named(tmp_path: Path) -> None:
    """And one whose name several accounts have."""
    async with one_server(tmp_path) as machines:
        city = small_city(machines)
        await asyncio.to_thread(save_city, machines.home, city, tmp_path / "saved", None)
        fewer = msgspec.structs.replace(city.plan, agencies=("police",))
        smaller = msgspec.structs.replace(city, plan=fewer)
        with Archive(tmp_path / "saved") as archive:
            sentences = [
                await refusal(archive, machines, one, name)
                for one, name in (
                    (city, "FIRE"),
                    (city, "KV_checkpoints"),
                    (smaller, "ENVIRONMENT"),
                )
            ]

    assert sentences[0].startswith("which stream is FIRE? The archive has ENVIRONMENT/ENVIRONMENT,")
    assert "POLICE/KV_checkpoints, WATER/KV_checkpoints" in sentences[1]
    assert "has no stream ENVIRONMENT/ENVIRONMENT: nothing was touched" in sentences[2]


async def refusal(archive: Archive, machines: Machines, city: City, name: str) -> str:
    """Return why a stream is not put back."""
    with pytest.raises(Failure) as refused:
        await return_streams(archive, machines.home, city, [name], merge=True)
    return str(refused.value)


@contextlib.asynccontextmanager
async def one_server(folder: Path) -> AsyncIterator[Machines]:
    """Run a city on one server, without its feeds."""
    file = city_file(folder, "single")
    file.write_text(file.read_text() + _SMALL)
    async with Machines(file, folder) as machines:
        yield machines


async def run(*command: object) -> tuple[int, str]:
    """Run `liandong` with these words; return its status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops.command", *map(str, command)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "1000"},
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    lines = [line for line in said.decode().splitlines(keepends=True) if "[info" not in line]
    return process.returncode, "".join(lines)


async def records(machines: Machines, upto: int, start: int = 0) -> None:
    """Store records of the agency; what was stored before is a duplicate."""
    async with (
        Bus(BusSettings.of(machines.home, machines.plan, "environment")) as bus,
        Publisher(bus, STREAM) as publisher,
    ):
        for number in range(start, upto):
            subject = f"share.environment.environment.air.s{number}"
            await publisher.publish(Outgoing(subject, b"%d" % number, f"id-{number}"))


async def quarantine(machines: Machines, *entries: str) -> None:
    """Store entries in the agency's quarantine."""
    async with (
        Bus(BusSettings.of(machines.home, machines.plan, "environment")) as bus,
        Publisher(bus, QUARANTINE) as publisher,
    ):
        for entry in entries:
            subject = "quarantine.environment.environment.hj212"
            await publisher.publish(Outgoing(subject, entry.encode(), entry))


async def delete(machines: Machines, stream: str, number: int) -> None:
    """Take a message out."""
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(STREAM))) as bus:
        await call(bus, stream, f"STREAM.MSG.DELETE.{stream}", {"seq": number})


async def info(machines: Machines, stream: str) -> dict[str, Any]:
    """Return what the server tells of a stream."""
    account = HUB if stream == CITY else STREAM
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(account))) as bus:
        return await call(bus, stream, f"STREAM.INFO.{stream}")


async def facts(machines: Machines, stream: str) -> tuple[str, int, int]:
    """Return a stream's digest, its last number, and how many messages it holds."""
    state = (await info(machines, stream))["state"]
    account = HUB if stream == CITY else STREAM
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(account))) as bus:
        found = await digest(bus, stream, state["last_seq"])
    return found, state["last_seq"], state["messages"]


async def bodies(machines: Machines, stream: str) -> list[bytes]:
    """Return the bytes of what a stream holds."""
    account = HUB if stream == CITY else STREAM
    async with Bus(BusSettings.of(machines.home, machines.plan, admin(account))) as bus:
        return [one.payload async for one in scan(bus, stream, ">")]


async def until_taken(machines: Machines, count: int) -> None:
    """Wait until the city's stream holds so many."""
    async with asyncio.timeout(PATIENCE_S):
        while (await info(machines, CITY))["state"]["messages"] < count:
            continue
