"""What is told of a gateway's calls, with a real gateway on the session's bus."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import grpc
import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outgoing import Outgoing, header_lines
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.subjects import share_subject
from gateway.audit import JournalSettings
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from ops.metrics.calls import CallLog
from ops.metrics.gateway import GatewayCollector
from tests.gateway.town import AGREEMENTS, City, journal, level

READ = "SharedStateService/GetRecord"
WATCH = "SharedStateService/WatchRecords"


class Observed(msgspec.Struct, frozen=True):
    """A gateway, and who looks on."""

    city: City
    calls: CallLog

    def told(self, name: str, **labels: str) -> float:
        """Return the value of a series; 0 if there is none."""
        for family in GatewayCollector(self.city.gateway, self.calls).collect():
            for sample in family.samples:
                if (sample.name, sample.labels) == (f"liandong_{name}", labels):
                    return float(sample.value)
        return 0.0

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait until something is told."""
        async with asyncio.timeout(30):
            while not fact():  # noqa: ASYNC110 - a gateway tells nobody of its counts
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def observing(
    city_home: Home, plan: BusPlan, tmp_path: Path, audit: JournalSettings
) -> AsyncIterator[Observed]:
    """Run a gateway that is looked at."""
    agreements = tmp_path / "agreements.toml"
    agreements.write_text(AGREEMENTS)
    pem, key = city_home.certificate("gateway")
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        certificate=str(pem),
        key=str(key),
        ca=str(city_home.ca),
        agreements=str(agreements),
        bus=BusSettings.of(city_home, plan, "gateway"),
        audit=audit,
        revoked=str(tmp_path / "revoked"),
    )
    calls = CallLog()
    async with Gateway(settings, calls) as gateway:
        yield Observed(City(city_home, plan, gateway, agreements), calls)


@pytest.fixture
async def observed(city_home: Home, plan: BusPlan, tmp_path: Path) -> AsyncIterator[Observed]:
    """Run a gateway that is looked at."""
    async with observing(city_home, plan, tmp_path, journal(tmp_path)) as observed:
        yield observed


async def test_calls_are_told_by_method_and_code(observed: Observed) -> None:
    """One that is answered, one that is refused, with its reason; each is timed."""
    record = level(uuid.uuid4().hex, 7.0)
    await observed.city.share(record)

    async with observed.city.stub("police") as stub:
        await stub.GetRecord(api.GetRecordRequest(name=record.name))
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(api.GetRecordRequest(name="water/water.level/nobody"))
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ListRecords(api.ListRecordsRequest(page_size=-1))

    # A caller may hear of its refusal before that is counted.
    await observed.until(lambda: sum(observed.calls.refusals.values()) == 2)
    assert observed.told("gateway_calls_total", method=READ, code="OK") == 1
    assert observed.told("gateway_calls_total", method=READ, code="NOT_FOUND") == 1
    assert observed.told("gateway_refusals_total", reason="NO_SUCH_RECORD") == 1
    assert observed.told("gateway_call_duration_seconds_count", method=READ) == 2
    assert observed.told("gateway_open_calls", method=READ) == 0


async def test_a_method_that_has_not_been_called_yet_is_told_only_when_it_is(
    observed: Observed,
) -> None:
    """Whoever calls what does not exist makes no series."""
    async with observed.city.channel("police") as channel:
        nobody = channel.unary_unary("/liandong.gateway.v1.SharedStateService/Nobody", None, None)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await nobody(b"")

    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert observed.calls.methods == {}


async def test_watchers_are_told_while_they_watch_and_how_late_they_hear(
    observed: Observed,
) -> None:
    """A record with a trace is timed from the city's stream to the watcher; one a second."""
    async with observed.city.stub("water") as stub:
        call = stub.WatchRecords(api.WatchRecordsRequest())
        await _read_until(call, lambda event: event.type == api.EVENT_TYPE_BOOKMARK)
        assert observed.told("gateway_watchers") == 1

        async with asyncio.timeout(30):
            while not observed.told("gateway_delivery_duration_seconds_count"):
                record = level(uuid.uuid4().hex, 7.0)
                record.provenance.trace_id = uuid.uuid4().hex
                await _publish(observed.city, record)
                await _read_until(call, partial(_is_of, record.name))
        call.cancel()

    await observed.until(lambda: observed.told("gateway_watchers") == 0)
    await observed.until(
        lambda: observed.told("gateway_calls_total", method=WATCH, code="CANCELLED") == 1
    )
    assert not any(observed.calls.methods[WATCH].durations.counts)


async def test_revisions_that_a_later_one_overtook_are_counted(observed: Observed) -> None:
    """Many of one record at once: a watcher is sent the latest."""
    station = uuid.uuid4().hex
    async with observed.city.stub("water") as stub:
        call = stub.WatchRecords(api.WatchRecordsRequest())
        await _read_until(call, lambda event: event.type == api.EVENT_TYPE_BOOKMARK)

        await _publish(observed.city, *(level(station, metres) for metres in range(200)))
        await _read_until(call, lambda event: event.record.water_level.level_m == 199)
        call.cancel()

    assert 0 < observed.told("gateway_conflations_total") < 200


async def test_accesses_that_cannot_be_recorded_are_counted(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """A journal without room: the call is refused, and the alert has what it looks at."""
    full = msgspec.structs.replace(journal(tmp_path), max_bytes=1)
    async with observing(city_home, plan, tmp_path, full) as observed:
        async with observed.city.stub("water") as stub:
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.ListRecords(api.ListRecordsRequest())

        assert observed.told("audit_failures_total") >= 1
        # A caller may hear of its refusal before that is counted.
        await observed.until(
            lambda: observed.told("gateway_refusals_total", reason="AUDIT_FULL") == 1
        )


def _is_of(name: str, event: api.RecordEvent) -> bool:
    """Tell whether an event is of a record."""
    return event.record.name == name


async def _read_until(
    call: "grpc.aio.UnaryStreamCall[api.WatchRecordsRequest, api.WatchRecordsResponse]",
    fits: Callable[[api.RecordEvent], bool],
) -> None:
    """Read events until one fits."""
    async with asyncio.timeout(30):
        async for response in call:
            if any(map(fits, response.events)):
                return


async def _publish(city: City, *records: Record) -> None:
    """Publish records of the water department, with the headers that adapters write."""
    async with (
        Bus(BusSettings.of(city.home, city.plan, "water")) as bus,
        Publisher(bus, "WATER") as publisher,
    ):
        await publisher.publish_all(
            [
                Outgoing(
                    share_subject(record.name),
                    record.SerializeToString(),
                    uuid.uuid4().hex,
                    header_lines({"traceparent": _traceparent(record)}),
                )
                for record in records
            ]
        )


def _traceparent(record: Record) -> str:
    """Return the header of a record's trace, which nobody follows."""
    return f"00-{record.provenance.trace_id or 32 * '0'}-{16 * '1'}-00"
