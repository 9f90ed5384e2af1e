"""Each shape of the bus, started from its rendered folders, takes a feed and serves it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from adapters.runner import FeedRunner
from broker.connection import Bus, BusSettings
from broker.home import GATEWAY
from broker.server import check_config
from broker.subscriber import Delivery, follow
from gateway import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from tests.e2e.machines import PATIENCE_S, Cable, Machines, city_file, leaf, node
from tests.e2e.stations import Station, station_name, until

NAME = f"environment/environment.air/{station_name(1)}"


def shape(folder: Path, topology: str) -> Path:
    """Write a city of a shape, with as few servers as that has."""
    servers = {
        "single": (),
        "cluster": (node("nats-1"), node("nats-2"), node("nats-3")),
        "leaf": (node("nats-1"), leaf("environment")),
        "two-regions": (node("nats-north", "north"), node("nats-south", "south")),
    }
    return city_file(folder, topology, *servers[topology])


class Readings:
    """What the city's stream delivers of one station, in its order."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def take(self, delivery: Delivery) -> None:
        """Keep a reading."""
        (value,) = Record.FromString(delivery.payload).environment_air.measurements
        self.values.append(round(value.value))


@asynccontextmanager
async def readings(machines: Machines) -> AsyncIterator[Readings]:
    """Follow the station's readings in the city's stream."""
    found = Readings()
    async with (
        Bus(BusSettings.of(machines.home, machines.plan, GATEWAY)) as bus,
        await follow(bus, "CITY", "share.environment.>", found.take),
    ):
        yield found


@asynccontextmanager
async def station(machines: Machines) -> AsyncIterator[Station]:
    """Run the city's feed, and a station that sends to it."""
    (feed,) = machines.city.feeds
    async with FeedRunner(feed, machines.home, machines.plan) as runner:
        yield Station(int(runner.address.rpartition(":")[2]), 1)


async def read(machines: Machines, gateway: Gateway) -> Record:
    """Read the station's record as the police, over gRPC."""
    pem, key = machines.home.certificate("police")
    files = (machines.home.ca.read_bytes(), key.read_bytes(), pem.read_bytes())
    credentials = grpc.ssl_channel_credentials(*files)
    async with grpc.aio.secure_channel(f"localhost:{gateway.port}", credentials) as channel:
        stub = rpc.SharedStateServiceStub(channel)
        return await stub.GetRecord(api.GetRecordRequest(name=NAME))


def number(record: Record) -> int:
    """Return the number that a frame had."""
    return round(record.environment_air.measurements[0].value)


@pytest.mark.parametrize("topology", ["single", "cluster", "leaf", "two-regions"])
async def test_a_feed_reaches_another_department(tmp_path: Path, topology: str) -> None:
    """From a station over its adapter and the rendered servers to a caller of the gateway."""
    async with Machines(shape(tmp_path, topology), tmp_path) as machines:
        for folder in machines.by_name:
            check_config(machines.out / folder / "nats.conf")
        region = "south" if topology == "two-regions" else ""
        async with machines.gateway(region) as gateway, station(machines) as sending:
            await sending.send(10)

            await until(lambda: (gateway.view.get(NAME) or None) and _seen(gateway) == 9)
            record = await read(machines, gateway)

        assert number(record) == 9


def _seen(gateway: Gateway) -> int:
    """Return the number of the frame that a gateway's view holds."""
    entry = gateway.view.get(NAME)
    assert entry is not None
    return number(Record.FromString(entry.payload))
