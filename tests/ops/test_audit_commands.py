"""`liandong audit`, beside a gateway that is killed and a log that is forged."""

import asyncio
import json
import subprocess
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.signing import read_public_keys
from broker.streams import reconcile
from broker.subjects import share_subject
from broker.subscriber import scan
from broker.users import AUDIT, HUB, admin
from gateway.audit import Verifier
from gateway.audit.service import verify
from liandong.gateway.v1 import audit_pb2 as api
from liandong.gateway.v1 import shared_state_pb2 as state
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.audit_verify import _who
from ops.city import read_city
from tests.conftest import free_port
from tests.gateway.town import AGREEMENTS, level
from tests.ops.conftest import Town
from tests.running_city import RunningCity, until

_CITY = """
agreements = "agreements.toml"

[city]
name = "ground"

[nats]
port = {nats}

[gateway]
port = {gateway}

[[agency]]
name = "police"

[[agency]]
name = "water"
"""
Forge = Callable[[list[api.AccessGroup]], None]


class Ground(RunningCity):
    """A server in the test, and a gateway in a process of its own that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        city = folder / "ground.toml"
        city.write_text(_CITY.format(nats=free_port(), gateway=self.port))
        (folder / "agreements.toml").write_text(AGREEMENTS)
        super().__init__(folder / "home", city)
        self.plan: BusPlan = read_city(city).plan
        self.folder = Home(self.home)
        self.server = EmbeddedServer(self.folder, self.plan)
        self.record = level("1", 9.25)

    def bus(self, user: str) -> Bus:
        """Connect as a user of the bus."""
        return Bus(BusSettings.of(self.folder, self.plan, user))

    async def publish(self) -> None:
        """Publish the record."""
        async with self.bus("water") as bus, Publisher(bus, "WATER") as publisher:
            payload = self.record.SerializeToString()
            await publisher.publish(
                Outgoing(share_subject(self.record.name), payload, uuid.uuid4().hex)
            )

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[subprocess.Popen[str]]:
        """Run the gateway until it says that it is ready; end it on leaving."""
        process = self.start("gateway", "run", stdin=subprocess.DEVNULL, stderr=None)
        try:
            assert process.stdout is not None
            line = await asyncio.to_thread(process.stdout.readline)
            assert json.loads(line)["ready"] == "gateway"
            yield process
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate)

    def channel(self) -> grpc.aio.Channel:
        """Return a channel of the police."""
        pem, key = self.folder.certificate("police")
        credentials = grpc.ssl_channel_credentials(
            self.folder.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
        )
        return grpc.aio.secure_channel(f"localhost:{self.port}", credentials)

    async def read_record(self, channel: grpc.aio.Channel, purpose: str) -> bool:
        """Read the record; tell whether there was an answer."""
        try:
            await rpc.SharedStateServiceStub(channel).GetRecord(
                state.GetRecordRequest(name=self.record.name),
                metadata=(("liandong-purpose", purpose),),
            )
        except grpc.aio.AioRpcError:
            return False
        return True

    async def logged(self) -> list[api.AccessEntry]:
        """Return what the log has."""
        async with self.bus("ops") as bus:
            return [
                api.AccessEntry.FromString(entry)
                async for delivery in scan(bus, AUDIT, "audit.>")
                for entry in api.AccessGroup.FromString(delivery.payload).entries
            ]

    async def until_logged(self, purposes: set[str]) -> list[api.AccessEntry]:
        """Wait until the log has an entry of each purpose; return all."""
        async with asyncio.timeout(60):
            while True:
                entries = await self.logged()
                if purposes <= {entry.purpose for entry in entries}:
                    return entries
                await asyncio.sleep(0.1)

    async def findings(self) -> list[api.Finding]:
        """Return what is wrong with the log."""
        verifier = Verifier(read_public_keys(self.folder.keys_dir))
        async with self.bus("ops") as bus:
            await verify(bus, verifier)
        return verifier.findings()

    async def forge(self, change: Forge) -> None:
        """Write the log anew as the hub's administrator, who can do it: with a change."""
        (config,) = (one.config for one in definitions(self.plan) if one.config.name == AUDIT)
        async with self.bus(admin(HUB)) as bus:
            held = [delivery async for delivery in scan(bus, AUDIT, "audit.>")]
            groups = [api.AccessGroup.FromString(delivery.payload) for delivery in held]
            change(groups)
            await bus.js.delete_stream(AUDIT)
            await bus.js.add_stream(config)
            for group in groups:
                await bus.js.publish(held[0].subject, group.SerializeToString())


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Run a server with one record."""
    made = Ground(tmp_path)
    async with made.server:
        await reconcile(made.folder, made.plan)
        await made.publish()
        yield made


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_killed_gateway_loses_no_entry_whose_answer_left(
    ground: Ground, *, is_away: bool
) -> None:
    """Killed under load, with the bus there and away: none lost, none twice, none moved."""
    answered: set[str] = set()

    async def ask(worker: int, process: "subprocess.Popen[str]") -> None:
        async with ground.channel() as channel:
            number = 0
            while process.poll() is None:
                number += 1
                if await ground.read_record(channel, f"{worker}.{number}"):
                    answered.add(f"{worker}.{number}")
                if len(answered) >= 300:
                    process.kill()

    async with ground.gateway() as process:
        if is_away:
            async with ground.channel() as channel:
                assert await ground.read_record(channel, "before")
            answered.add("before")
            await ground.server.stop()
        await asyncio.gather(*(ask(worker, process) for worker in range(8)))
        assert await asyncio.to_thread(process.wait) == -9
    if is_away:
        await ground.server.start()
    async with ground.gateway():
        async with ground.channel() as channel:
            assert await ground.read_record(channel, "after")
        entries = await ground.until_logged({*answered, "after"})

    assert await ground.findings() == []
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert set(Counter(entry.purpose for entry in entries).values()) == {1}


async def record_six(ground: Ground) -> None:
    """Have a gateway record six accesses, one after the other."""
    async with ground.gateway():
        async with ground.channel() as channel:
            for number in range(6):
                assert await ground.read_record(channel, str(number))
        await ground.until_logged({"5"})


async def test_a_whole_log_verifies_and_its_head_can_be_noted(
    ground: Ground, tmp_path: Path
) -> None:
    """Without a gateway, and again from where it was."""
    await record_six(ground)
    noted = tmp_path / "noted.json"

    first = await asyncio.to_thread(ground.read, "audit", "verify", "--noted", noted)
    again = await asyncio.to_thread(ground.objects, "audit", "verify", "--noted", str(noted))

    told = "verified 6 entries of 1 gateway; 0 entries more in journals of this machine\n"
    assert first == told
    assert again[-1]["whole"] is True
    assert again[-1]["entries"] == 1
    assert (again[-1]["gateways"], again[-1]["operators"]) == (1, False)


@pytest.mark.parametrize(
    ("chains", "told"),
    [
        (set(), "0 gateways"),
        ({"gateway"}, "1 gateway"),
        ({"gateway", "ops"}, "1 gateway and of the operators"),
        ({"gateway", "gateway-2", "ops"}, "2 gateways and of the operators"),
        ({"ops"}, "the operators"),
    ],
)
def test_operators_are_told_apart_from_gateways(chains: set[str], told: str) -> None:
    """They have a chain of their own, and are no gateway."""
    assert _who(chains) == told


def change_second(groups: list[api.AccessGroup]) -> None:
    """Say that somebody else made the second access."""
    entry = api.AccessEntry.FromString(groups[1].entries[0])
    entry.agency = "water"
    groups[1].entries[0] = entry.SerializeToString()


def remove_third(groups: list[api.AccessGroup]) -> None:
    """Take the third access out."""
    del groups[2]


def swap_fourth(groups: list[api.AccessGroup]) -> None:
    """Put the fourth access behind the fifth."""
    groups[3:5] = groups[4:2:-1]


def cut_off_last(groups: list[api.AccessGroup]) -> None:
    """Take the last access out; the gateway's own journal still knows of it."""
    del groups[4:]


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (change_second, "entry 2 of gateway gateway is not as it was recorded"),
        (remove_third, "entry 3 of gateway gateway is missing"),
        (swap_fourth, "entry 4 of gateway gateway is not where it belongs"),
        (cut_off_last, "entry 5 of gateway gateway is missing"),
    ],
)
async def test_a_forged_log_is_found_out(ground: Ground, forge: Forge, told: str) -> None:
    """The administrator of the bus can write it anew, and not so that nobody sees it."""
    await record_six(ground)
    await ground.forge(forge)

    done = await asyncio.to_thread(ground.run, "audit", "verify")

    assert done.returncode == 1
    assert done.stderr == f"liandong: the record of accesses is not whole: {told}\n"
    assert told in done.stdout


async def test_what_a_journal_still_has_is_told(ground: Ground) -> None:
    """The bus was away when the gateway was killed: its entries wait on this machine."""
    async with ground.gateway() as process:
        async with ground.channel() as channel:
            assert await ground.read_record(channel, "before")
            await ground.until_logged({"before"})
            await ground.server.stop()
            assert await ground.read_record(channel, "away")
        process.kill()
        await asyncio.to_thread(process.wait)
    await ground.server.start()

    told = await asyncio.to_thread(ground.read, "audit", "verify")

    assert told == "verified 1 entry of 1 gateway; 1 entry more in journals of this machine\n"


def test_a_department_lists_who_read_its_records(town: Town) -> None:
    """By which agreement, and who was refused."""
    name = "environment/environment.air/320100A0002"
    town.read("get", name, "--as", "police")
    town.refused("get", name, "--as", "water")
    listing = ("audit", "list", "--as", "environment")

    shown = until(lambda: "NO_AGREEMENT (of environment)" in (text := town.read(*listing)) and text)
    (access,) = town.objects(*listing, "--consumer", "police", "--since", "1d", "--limit", "1")
    refused = town.objects(*listing, "--refused")

    assert "1 environment.air of environment by air-to-police" in shown
    assert access["agency"] == "police"
    assert {one["reason"] for one in refused} == {"NO_AGREEMENT"}
