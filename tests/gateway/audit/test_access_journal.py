"""Evidence does not stop traffic, and traffic does not outrun evidence, with a real server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import msgspec
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from gateway.audit import JournalSettings
from gateway.audit.standing import JournalUnusable
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from liandong.gateway.v1 import audit_pb2 as audit
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.conftest import small_plan
from tests.gateway.audit.reading import logged, name_of, until_logged, verified
from tests.gateway.town import AGREEMENTS, City, journal, level


class Site:
    """A server of a test's own, and gateways that come and go."""

    def __init__(self, server: EmbeddedServer, home: Home, plan: BusPlan, folder: Path) -> None:
        self.server, self.home, self.plan = server, home, plan
        self.audit = journal(folder)
        self.agreements = folder / "agreements.toml"
        self.agreements.write_text(AGREEMENTS)
        self.record = level("1", 9.25)

    @asynccontextmanager
    async def gateway(self, audit: JournalSettings | None = None) -> AsyncIterator[City]:
        """Run a gateway that has one record."""
        pem, key = self.home.certificate("gateway")
        settings = GatewaySettings(
            host="127.0.0.1",
            port=0,
            certificate=str(pem),
            key=str(key),
            ca=str(self.home.ca),
            agreements=str(self.agreements),
            revoked=str(self.agreements.parent / "revoked"),
            bus=BusSettings.of(self.home, self.plan, "gateway"),
            audit=audit or self.audit,
        )
        async with Gateway(settings) as running:
            city = City(self.home, self.plan, running, self.agreements)
            await city.share(self.record)
            yield city

    async def read(self, city: City, times: int = 1) -> None:
        """Read the record as the police."""
        async with city.stub("police") as stub:
            for number in range(times):
                await stub.GetRecord(
                    api.GetRecordRequest(name=self.record.name),
                    metadata=(("liandong-purpose", str(number)),),
                )

    async def read_when_there_is_room(self, city: City) -> None:
        """Read the record, and try again while that cannot be recorded."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    return await self.read(city)
                await asyncio.sleep(0.05)

    def lose_journal(self) -> None:
        """Remove the journal."""
        Path(self.audit.path).unlink()

    def ops(self) -> Bus:
        """Connect as the operators."""
        return Bus(BusSettings.of(self.home, self.plan, "ops"))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a server."""
    home = Home(tmp_path / "home")
    plan = small_plan(("water", "police"))
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        yield Site(server, home, plan, tmp_path)


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)


async def test_while_the_bus_is_away_calls_go_on_and_are_forwarded_in_order(site: Site) -> None:
    """What was recorded before, during and after the outage is in the log once, in order."""
    async with site.gateway() as city:
        await site.read(city, 3)
        await site.server.stop()
        await site.read(city, 40)
        assert city.gateway.journal.head.sequence == 43
        await site.server.start()
        await site.read(city, 2)
        async with site.ops() as bus:
            await until_logged(bus, city.gateway)
            entries = await logged(bus, name_of(city.gateway))
            findings = (await verified(bus, city.gateway)).findings()

    assert [entry.sequence for entry in entries] == list(range(1, 46))
    assert [entry.purpose for entry in entries][3:43] == [str(number) for number in range(40)]
    assert findings == []


async def test_a_gateway_that_starts_again_goes_on_with_its_chain(site: Site) -> None:
    """Its first entry has the hash of its last one before."""
    async with site.gateway() as city:
        await site.read(city, 2)
    async with site.gateway() as city:
        await site.read(city, 2)
        async with site.ops() as bus:
            await until_logged(bus, city.gateway)
            verifier = await verified(bus, city.gateway)

    assert verifier.entries == 4
    assert verifier.findings() == []


async def test_without_its_journal_a_gateway_goes_on_where_the_log_ends(site: Site) -> None:
    """A machine that was replaced: the chain has no gap and no second start."""
    async with site.gateway() as city:
        await site.read(city, 2)
    site.lose_journal()
    async with site.gateway() as city:
        await site.read(city, 1)
        async with site.ops() as bus:
            await until_logged(bus, city.gateway)
            verifier = await verified(bus, city.gateway)

    assert (verifier.entries, verifier.findings()) == (3, [])


async def test_two_gateways_cannot_have_one_name(site: Site) -> None:
    """Not with one journal, and not with two."""
    elsewhere = msgspec.structs.replace(site.audit, path=f"{site.audit.path}.other")
    async with site.gateway() as city:
        await site.read(city)
        with pytest.raises(JournalUnusable, match="another gateway has the journal"):
            async with site.gateway():
                pass
    async with site.gateway(elsewhere) as city:
        await site.read(city)
    with pytest.raises(JournalUnusable, match=r"ends at entry 1 of gateway .*, the log at 2"):
        async with site.gateway():
            pass


async def test_when_the_journal_is_full_too_calls_are_refused_until_there_is_room(
    site: Site,
) -> None:
    """With a reason for programs and when to try again; nothing leaves without its entry."""
    small = msgspec.structs.replace(site.audit, max_bytes=6000)
    async with site.gateway(small) as city:
        await site.server.stop()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await site.read(city, 100)
        answered = city.gateway.journal.head.sequence
        await site.server.start()
        async with site.ops() as bus:
            await site.read_when_there_is_room(city)
            await until_logged(bus, city.gateway)
            entries = await logged(bus, name_of(city.gateway))

    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    status = rpc_status.from_call(raised.value)  # type: ignore[arg-type]  # it has what that reads
    assert status is not None
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    status.details[0].Unpack(info)
    status.details[1].Unpack(retry)
    assert (info.reason, retry.retry_delay.seconds) == ("AUDIT_FULL", 5)
    assert 5 < answered < 100
    assert [entry.sequence for entry in entries] == list(range(1, answered + 2))


async def test_a_watch_sends_nothing_that_cannot_be_recorded(site: Site) -> None:
    """With a full journal it does not begin."""
    small = msgspec.structs.replace(site.audit, max_bytes=600)
    async with site.gateway(small) as city:
        await site.read(city)
        await site.server.stop()
        with pytest.raises(grpc.aio.AioRpcError):
            await site.read(city, 10)
        async with city.stub("police") as stub:
            watch = stub.WatchRecords(api.WatchRecordsRequest())
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await watch.read()
        await site.server.start()

    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_an_open_watch_sends_nothing_that_cannot_be_recorded(site: Site) -> None:
    """It ends with the same reason when the journal is full, and with its resume token goes on."""
    small = msgspec.structs.replace(site.audit, max_bytes=3000)
    async with site.gateway(small) as city, city.stub("police") as stub:
        watch = stub.WatchRecords(api.WatchRecordsRequest())
        snapshot = await watch.read()
        assert isinstance(snapshot, api.WatchRecordsResponse)
        assert snapshot.events
        await watch.read()
        stuck = city.gateway.journal
        await site.server.stop()
        with pytest.raises(grpc.aio.AioRpcError):
            await site.read(city, 100)
        assert stuck.is_stuck
        # What the view holds already changes for this caller: an event without the bus.
        site.agreements.write_text("")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await watch.read()
        await site.server.start()
        async with site.ops() as bus:
            opened, ended = await watch_entries(bus, name_of(city.gateway))

    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    assert opened.disclosed[0].records == 1
    assert (ended.reason, ended.opened_sequence) == ("AUDIT_FULL", opened.sequence)


async def watch_entries(bus: Bus, gateway: str) -> list[audit.AccessEntry]:
    """Wait until a watch has ended in the log; return its entries."""
    async with asyncio.timeout(60):
        while True:
            entries = [one for one in await logged(bus, gateway) if one.phase != audit.PHASE_CALL]
            if entries and entries[-1].phase == audit.PHASE_ENDED:
                return entries
            await asyncio.sleep(0.05)
