"""Each shape of the bus, started from its rendered folders, takes a feed and serves it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import msgspec
import pytest

from adapters.runner import FeedRunner
from broker.answering import Answering
from broker.asking import Asking
from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.errors import KeyRefused, NoResponder
from broker.home import GATEWAY
from broker.introduction import Endpoint
from broker.nodes import certificate_of
from broker.provision import retire_key, rotate_key
from broker.responders import Responders
from broker.server import check_config
from broker.subscriber import follow
from broker.tls import Authority
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.question.v1.question_pb2 import Answered, Asked, AskError
from liandong.record.v1.record_pb2 import Record
from tests.conftest import free_port
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

    @property
    def last(self) -> int:
        """Return the last one; -1: none came yet."""
        return self.values[-1] if self.values else -1

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
    async with FeedRunner(feed, machines.part(feed.agency), machines.plan) as runner:
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


@pytest.mark.parametrize("topology", ["single", "leaf", "two-regions"])
async def test_a_feed_reaches_another_department(tmp_path: Path, topology: str) -> None:
    """From a station over its adapter and the rendered servers to a caller of the gateway."""
    async with Machines(shape(tmp_path, topology), tmp_path) as machines:
        for folder in machines.by_name:
            check_config(machines.out / folder / "nats.conf")
        region = "south" if topology == "two-regions" else ""
        async with machines.gateway(region) as gateway, station(machines) as sending:
            await sending.send(10)

            await until(lambda: seen(gateway) == 9)
            record = await read(machines, gateway)

        assert number(record) == 9


async def test_a_department_goes_on_while_its_link_is_cut(tmp_path: Path) -> None:
    """Its stations are answered meanwhile, and later all is in the hub: in order, and once."""
    file = shape(tmp_path, "leaf")
    machines = Machines(file, tmp_path)
    (hub,) = machines.city.grid.hub
    own = free_port()
    async with (
        Cable(hub.leaf_port, own) as cable,
        machines.led_over(hub.leaf_port, own),
        readings(machines) as found,
        machines.gateway() as gateway,
        station(machines) as sending,
    ):
        await sending.send(20)
        await until(lambda: seen(gateway) == found.last == 19)

        cable.cut()
        # The department's server tries once a second.
        while cable.refused < 3:
            await sending.send(sending.answered + 10)
        meanwhile = len(found.values)
        cable.mend()
        await sending.send(sending.answered + 10)
        await until(lambda: seen(gateway) == found.last == sending.answered - 1)

    assert meanwhile == 20
    assert sending.answered > 40
    assert found.values == list(range(sending.answered))


async def test_a_cluster_goes_on_without_any_one_of_its_servers(tmp_path: Path) -> None:
    """What was answered before, meanwhile and after is in the hub: in order, and once."""
    async with (
        Machines(shape(tmp_path, "cluster"), tmp_path) as machines,
        readings(machines) as found,
        machines.gateway() as gateway,
        station(machines) as sending,
    ):
        await sending.send(20)
        await machines.by_name["nats-2"].stop()
        await sending.send(40)
        await until(lambda: seen(gateway) == found.last == 39)
        record = await read(machines, gateway)

    assert number(record) == 39
    assert found.values == list(range(40))


async def test_the_other_region_reads_on_when_the_hub_is_lost(tmp_path: Path) -> None:
    """It holds the city's state under the sequences of the hub, so tokens of one hold in both."""
    async with (
        Machines(shape(tmp_path, "two-regions"), tmp_path) as machines,
        machines.gateway("north") as north,
        machines.gateway("south") as south,
        station(machines) as sending,
    ):
        await sending.send(20)
        await until(lambda: seen(north) == seen(south) == 19)
        held = [gateway.view.get(NAME) for gateway in (north, south)]
        sequences = [entry.sequence for entry in held if entry is not None]
        await machines.by_name["nats-north"].stop()

        assert number(await read(machines, south)) == 19
        async with machines.gateway("south") as late:
            assert number(await read(machines, late)) == 19

    assert sequences[0] == sequences[1]


@pytest.mark.parametrize(("topology", "region"), [("leaf", ""), ("two-regions", "south")])
async def test_a_question_crosses_the_link(tmp_path: Path, topology: str, region: str) -> None:
    """From a gateway to the department and back, and who answers is found."""

    async def echo(asked: Asked) -> Answered:
        return Answered(error=AskError(message=asked.id))

    endpoint = Endpoint("level", "test.LevelQuestion", "test.LevelAnswer", echo)
    async with Machines(shape(tmp_path, topology), tmp_path) as machines:
        here = BusSettings.of(machines.home, machines.plan, "environment")
        there = BusSettings.of(machines.home, machines.city.plan_in(region), GATEWAY)
        async with (
            Bus(here) as department,
            Bus(there) as asking,
            Answering(department, "environment", [endpoint]),
            Responders(asking, ["environment"]) as responders,
        ):
            question = Asked(id="one")
            question.within.FromSeconds(PATIENCE_S)
            answered = await asked_until_there(asking, question)
            while not responders.answerable("environment"):
                await responders.look()

        assert answered.error.message == "one"


async def asked_until_there(bus: Bus, question: Asked) -> Answered:
    """Ask until the link knows who answers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await Asking(bus).ask("environment", "level", question)
            except NoResponder:
                await asyncio.sleep(0.02)


async def test_a_departments_server_brings_no_record_of_another(tmp_path: Path) -> None:
    """Also when its own administrator has its stream hold them: they come as its own."""
    async with Machines(shape(tmp_path, "leaf"), tmp_path) as machines:
        subjects: list[str] = []
        as_admin = BusSettings.of(machines.home, machines.plan, "admin.environment")
        as_gateway = BusSettings.of(machines.home, machines.plan, GATEWAY)
        async with (
            Bus(as_admin) as admin,
            Bus(as_gateway) as hub,
            await follow(hub, "CITY", "share.>", lambda one: subjects.append(one.subject)),
        ):
            config = (await admin.js.stream_info("ENVIRONMENT")).config
            await admin.js.update_stream(config, subjects=["share.>"])
            own = "share.environment.environment.air.own"
            for subject in ("share.police.incident.report.forged", own):
                await admin.js.publish(subject, b"1")

            await until(lambda: own in subjects)

        assert {subject.split(".")[1] for subject in subjects} == {"environment"}


async def test_a_key_turns_while_its_feed_sends(tmp_path: Path) -> None:
    """Both keys are good for a while, then the former is refused, and nothing is lost."""
    machines = Machines(shape(tmp_path, "leaf"), tmp_path)
    home, plan = machines.home, machines.plan
    async with (
        machines,
        readings(machines) as found,
        machines.gateway() as gateway,
        station(machines) as sending,
    ):
        sender = asyncio.create_task(keep_sending(sending))
        stolen = tmp_path / "stolen.nk"
        stolen.write_bytes(home.seed_path("environment").read_bytes())
        former = msgspec.structs.replace(
            BusSettings.of(home, plan, "environment"), seed_path=str(stolen)
        )

        rotate_key(home, plan, "environment")
        machines.reload()
        await accepted(BusSettings.of(home, plan, "environment"))
        await accepted(former)
        retire_key(home, plan, "environment")
        machines.reload()
        await refused(former)

        at = sending.answered
        await until(lambda: sending.answered > at + 20)
        sender.cancel()
        await asyncio.wait((sender,))
        await until(lambda: seen(gateway) == found.last >= sending.answered - 1)

    assert found.values == list(range(len(found.values)))


async def test_a_servers_certificate_turns_while_connections_stay(tmp_path: Path) -> None:
    """Whoever connects is shown the new one; whoever is connected notices nothing."""
    async with Machines(shape(tmp_path, "single"), tmp_path) as machines:
        lost: list[str] = []
        async with Bus(BusSettings.of(machines.home, machines.plan, "environment")) as bus:
            bus.on_lost(lambda: lost.append("lost"))
            before = await shown(machines)
            Authority(machines.home).forget(certificate_of("nats"))
            machines.reload()

            async with asyncio.timeout(PATIENCE_S):
                while await shown(machines) == before:
                    continue
            await bus.nc.flush()
            assert lost == []


async def shown(machines: Machines) -> bytes | None:
    """Return the certificate that the server shows to who connects."""
    context = ssl.create_default_context(cafile=machines.home.ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", machines.plan.port)
    try:
        await reader.readline()
        await writer.start_tls(context, server_hostname="localhost")
        held: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return held
    finally:
        # The server may be writing still, which a parting of TLS would not forgive.
        writer.transport.abort()


async def keep_sending(sending: Station) -> None:
    """Have a station send until this is called off."""
    await sending.send(1_000_000)


async def accepted(settings: BusSettings) -> None:
    """Connect until the server takes the key: it reads its configuration in its own time."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with Bus(settings):
                    return
            except KeyRefused:
                await asyncio.sleep(0.02)


async def refused(settings: BusSettings) -> None:
    """Connect until the server refuses the key."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with Bus(settings):
                    await asyncio.sleep(0.02)
            except KeyRefused:
                return


def seen(gateway: Gateway) -> int | None:
    """Return the number of the frame that a gateway's view holds."""
    entry = gateway.view.get(NAME)
    return number(Record.FromString(entry.payload)) if entry is not None else None
