"""A department's own server that was modified speaks for that department, whatever it sends."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import grpc

from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.home import GATEWAY
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import record_name, share_subject
from broker.subscriber import follow
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from tests.e2e.machines import PATIENCE_S, Machines
from tests.gateway.town import NOW, level
from tests.security.forging import ForgingLeaf, hub, lay_out

STATION = "0012345678"


async def read(machines: Machines, gateway: Gateway, name: str) -> Record:
    """Read a record as the police, who may read all."""
    pem, key = machines.home.certificate("police")
    files = (machines.home.ca.read_bytes(), key.read_bytes(), pem.read_bytes())
    credentials = grpc.ssl_channel_credentials(*files)
    async with grpc.aio.secure_channel(f"localhost:{gateway.port}", credentials) as channel:
        return await rpc.SharedStateServiceStub(channel).GetRecord(api.GetRecordRequest(name=name))


class Stored:
    """What the city's stream holds, by subject."""

    def __init__(self) -> None:
        self.payloads: dict[str, bytes] = {}
        self._news = asyncio.Event()

    def take(self, delivery: Delivery) -> None:
        """Keep a message."""
        self.payloads[delivery.subject] = delivery.payload
        self._news.set()

    async def has(self, payload: bytes) -> None:
        """Wait for a message."""
        async with asyncio.timeout(PATIENCE_S):
            while payload not in self.payloads.values():
                self._news.clear()
                await self._news.wait()


async def test_what_a_modified_server_delivers_is_its_own_departments(tmp_path: Path) -> None:
    """Sourcing does not look at what comes over a link: the hub renames it, and none is another's.

    The true record stays the last of its subject, so that gateways that start later have it too.
    """
    true, forged = level(STATION, 1.0), level(STATION, 99.0, at=NOW + timedelta(seconds=1))
    own = level(STATION, 5.0)
    own.name = record_name("environment", "water.level", STATION)
    theirs, ours = share_subject(true.name), share_subject(own.name)
    lies = [
        (theirs, forged.SerializeToString()),
        ("feed.water.sl651", b"not of this stream"),
        ("audit.water", b"nor this"),
        (ours, own.SerializeToString()),
        ("share.environment.x.y.last", b"the last"),
    ]
    async with hub(tmp_path) as machines, contextlib.AsyncExitStack() as stack:
        settings = BusSettings.of(machines.home, machines.plan, "water")
        async with Bus(settings) as bus, Publisher(bus, "WATER") as publisher:
            await publisher.publish(Outgoing(theirs, true.SerializeToString(), "true"))
        (server,) = machines.city.grid.hub
        forger = ForgingLeaf(machines.home, "environment", server.leaf_port)
        await stack.enter_async_context(forger)
        await lay_out(machines, {"HUB"})
        async with asyncio.timeout(PATIENCE_S):
            await forger.hold(len(lies))
        settings = BusSettings.of(machines.home, machines.plan, GATEWAY)
        bus, city = await stack.enter_async_context(Bus(settings)), Stored()
        await stack.enter_async_context(await follow(bus, "CITY", ">", city.take))
        await city.has(true.SerializeToString())
        before = await stack.enter_async_context(machines.gateway())

        await forger.deliver(lies)
        await city.has(b"the last")

        assert city.payloads[theirs] == true.SerializeToString()
        assert city.payloads[ours] == own.SerializeToString()
        after = await stack.enter_async_context(machines.gateway())
        for gateway in (before, after):
            assert await read(machines, gateway, true.name) == true
            assert await read(machines, gateway, own.name) == own
