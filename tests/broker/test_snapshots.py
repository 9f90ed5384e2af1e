"""Snapshots of streams against the real server."""

import os
from pathlib import Path

import pytest

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.home import Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.snapshots import CHUNK, restore, snapshot
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import admin
from tests.conftest import small_plan


async def test_a_restored_stream_has_the_same_sequences_times_ids_and_gaps(
    tmp_path: Path,
) -> None:
    """Of several pieces, with a hole in it; ids are known again after the server's next start."""
    plan = small_plan(("water",))
    one, other = Home(tmp_path / "one"), Home(tmp_path / "other")
    pieces: list[bytes] = []
    async with EmbeddedServer(one, plan):
        await reconcile(one, plan)
        async with (
            Bus(BusSettings.of(one, plan, "water")) as bus,
            Publisher(bus, "WATER") as publisher,
        ):
            for number in range(40):
                body = os.urandom(20_000)
                await publisher.publish(
                    Outgoing(f"share.water.x.{number % 7}", body, f"id{number}")
                )
        async with Bus(BusSettings.of(one, plan, admin("WATER"))) as bus:
            await call(bus, "WATER", "STREAM.MSG.DELETE.WATER", {"seq": 5})
            facts = await snapshot(bus, "WATER", pieces.append)
            before = await _all(bus)

    async with (
        EmbeddedServer(other, plan),
        Bus(BusSettings.of(other, plan, admin("WATER"))) as bus,
    ):
        await restore(bus, "WATER", facts, pieces)
        after = await _all(bus)
    async with EmbeddedServer(other, plan):
        changes = await reconcile(other, plan)
        async with (
            Bus(BusSettings.of(other, plan, "water")) as bus,
            Publisher(bus, "WATER") as publisher,
        ):
            again = await publisher.publish(Outgoing("share.water.x.4", b"resent", "id39"))

    assert len(pieces) > 4
    assert all(len(piece) <= CHUNK for piece in pieces)
    assert len(before) == 39
    assert after == before
    assert not any("stream WATER" in change for change in changes)
    assert again.duplicate


async def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    """The server says so, and makes no stream."""
    plan = small_plan(("water",))
    home = Home(tmp_path)
    pieces: list[bytes] = []
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with Bus(BusSettings.of(home, plan, admin("WATER"))) as bus:
            facts = await snapshot(bus, "WATER", pieces.append)
            await call(bus, "WATER", "STREAM.DELETE.WATER")
            with pytest.raises(StreamUnavailable):
                await restore(bus, "WATER", facts, [b"no snapshot at all"])
            with pytest.raises(StreamUnavailable):
                await call(bus, "WATER", "STREAM.INFO.WATER")


async def _all(bus: Bus) -> list[Delivery]:
    """Return all messages of the stream."""
    return [delivery async for delivery in scan(bus, "WATER", ">")]
