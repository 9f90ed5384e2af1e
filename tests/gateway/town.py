"""A gateway on the session's bus, and what tests of it share."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.signing import make_signing_key
from broker.subjects import record_name, share_subject
from gateway.audit import JournalSettings
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.place.v1.place_pb2 import Location, Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1.water_pb2 import Level

NOW = datetime.now(UTC)
AGREEMENTS = """
[[agreement]]
id = "water-to-police"
provider = "water"
consumer = "police"
kinds = ["water.level"]
classification = "internal"
districts = ["320100"]
"""


def level(
    station: str, metres: float, *, at: datetime = NOW, district: str = "320102", **fields: Any
) -> Record:
    """Make a level record of the water department."""
    record = Record(
        name=record_name("water", "water.level", station),
        classification=fields.get("classification", record_pb2.CLASSIFICATION_INTERNAL),
        status=fields.get("status", record_pb2.STATUS_ACTUAL),
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=record_pb2.Provenance(feed="test"),
        location=Location(
            district=district,
            point=Point(latitude_deg=32.0, longitude_deg=118.8),
        ),
        water_level=Level(station_id=station, level_m=metres),
    )
    record.observed_at.FromDatetime(at)
    record.received_at.FromDatetime(NOW)
    return record


def journal(folder: Path) -> JournalSettings:
    """Return where a gateway of a test's own records accesses, under a name of its own."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    key, public = folder / f"{name}.audit.key", folder / f"{name}.audit.pub"
    make_signing_key(key, public)
    return JournalSettings(
        gateway=name, key=str(key), public_keys=str(folder), path=str(folder / f"{name}.sqlite")
    )


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason that a status tells programs, whose message is what people are told."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has what that reads
    assert status is not None, "a status without details"
    assert status.message == error.details()
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


class City:
    """A gateway on the session's bus, and what tests do with it."""

    def __init__(self, home: Home, plan: BusPlan, gateway: Gateway, agreements: Path) -> None:
        self.home, self.plan, self.gateway, self.agreements = home, plan, gateway, agreements
        self.revoked = agreements.parent / "revoked"

    @asynccontextmanager
    async def stub(self, agency: str) -> AsyncIterator["rpc.SharedStateServiceAsyncStub"]:
        """Connect as an agency."""
        async with self.channel(agency) as channel:
            yield rpc.SharedStateServiceStub(channel)

    def channel(self, agency: str) -> grpc.aio.Channel:
        """Return an agency's channel."""
        pem, key = self.home.certificate(agency)
        credentials = grpc.ssl_channel_credentials(
            self.home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
        )
        return grpc.aio.secure_channel(f"localhost:{self.gateway.port}", credentials)

    async def share(self, *records: Record) -> None:
        """Publish records as their agencies, and wait until the view has them."""
        for record in records:
            await self.publish(record)
            await self._seen(record)

    async def publish(self, record: Record) -> None:
        """Publish a record as its agency."""
        agency = record.name.split("/")[0]
        settings = BusSettings.of(self.home, self.plan, agency)
        async with Bus(settings) as bus, Publisher(bus, stream_name(agency)) as publisher:
            payload = record.SerializeToString()
            subject = share_subject(record.name)
            await publisher.publish(Outgoing(subject, payload, uuid.uuid4().hex))

    async def _seen(self, record: Record) -> None:
        """Wait until the view holds this record or a later one."""
        seen = asyncio.Event()

        def check(_: object = None) -> None:
            entry = self.gateway.view.get(record.name)
            if entry is not None and entry.observed >= record.observed_at.ToNanoseconds():
                seen.set()

        end = self.gateway.view.listen(check)
        check()
        async with asyncio.timeout(10):
            await seen.wait()
        end()


async def listed(
    stub: "rpc.SharedStateServiceAsyncStub", request: api.ListRecordsRequest
) -> list[Record]:
    """Return the records of all pages; one may hold none while there is more."""
    found: list[Record] = []
    while True:
        page = await stub.ListRecords(request)
        found += page.records
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token
