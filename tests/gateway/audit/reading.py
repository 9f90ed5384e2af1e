"""Reading what a test's gateway has recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from broker.connection import Bus, BusSettings
from broker.lookup import last_message
from broker.signing import read_public_keys
from broker.subjects import audit_subject
from broker.subscriber import scan
from broker.users import AUDIT
from gateway.audit import Verifier
from gateway.audit.chain import head_of
from gateway.server import Gateway
from liandong.gateway.v1 import audit_pb2 as api
from liandong.gateway.v1 import audit_pb2_grpc as rpc
from tests.gateway.town import City


def name_of(gateway: Gateway) -> str:
    """Return a gateway's name in the log."""
    return gateway._settings.audit.gateway


async def until_logged(bus: Bus, gateway: Gateway) -> None:
    """Wait until the log has all that the gateway has written so far."""
    wanted = gateway.journal.head.sequence
    async with asyncio.timeout(30):
        while True:
            last = await last_message(bus, AUDIT, audit_subject(name_of(gateway)))
            if last is not None and head_of(last.payload).sequence >= wanted:
                return
            await asyncio.sleep(0.01)


async def logged(bus: Bus, gateway: str) -> list[api.AccessEntry]:
    """Return what the log has of a gateway."""
    return [
        api.AccessEntry.FromString(entry)
        async for delivery in scan(bus, AUDIT, audit_subject(gateway))
        for entry in api.AccessGroup.FromString(delivery.payload).entries
    ]


async def verified(bus: Bus, gateway: Gateway) -> Verifier:
    """Verify a gateway's own chain in the log."""
    verifier = Verifier(read_public_keys(Path(gateway._settings.audit.public_keys)))
    async for delivery in scan(bus, AUDIT, audit_subject(name_of(gateway))):
        verifier.take(name_of(gateway), delivery.sequence, delivery.payload)
    return verifier


class Reader:
    """The log of a city, as the operators and departments read it."""

    def __init__(self, city: City, bus: Bus) -> None:
        self.city, self.bus = city, bus

    async def recorded(self) -> list[api.AccessEntry]:
        """Return all that the city's gateway has recorded so far."""
        await until_logged(self.bus, self.city.gateway)
        return await logged(self.bus, name_of(self.city.gateway))

    async def listed(self, agency: str, **asked: Any) -> list[api.AccessEntry]:
        """Return what a department is shown of this gateway's, page by page."""
        await until_logged(self.bus, self.city.gateway)
        request = api.ListAccessesRequest(**asked)
        found: list[api.AccessEntry] = []
        async with self.city.channel(agency) as channel:
            stub = rpc.AuditServiceStub(channel)
            while True:
                page = await stub.ListAccesses(request)
                found += page.accesses
                request.page_token = page.next_page_token
                if not request.page_token:
                    name = name_of(self.city.gateway)
                    return [access for access in found if access.gateway == name]


@asynccontextmanager
async def reader_of(city: City) -> AsyncIterator[Reader]:
    """Connect to a city's log as the operators."""
    async with Bus(BusSettings.of(city.home, city.plan, "ops")) as bus:
        yield Reader(city, bus)
