"""Departments' own clients: each watches all that it may see of the city, and keeps it."""

import asyncio
import time
from collections.abc import Collection
from types import TracebackType
from typing import Any, NamedTuple, Self

import grpc
from google.protobuf.message import Message

from liandong.gateway.v1 import department_pb2 as ask_api
from liandong.gateway.v1 import department_pb2_grpc as ask_rpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, Record, Status
from tests.gateway.questions import request
from tests.gateway.town import City

PATIENCE_S = 30


class Told(NamedTuple):
    """What a client was told of a record.

    Attributes:
        event: ``SNAPSHOT``, ``CHANGE``, or why the record was taken away, ``NOT_SHARED``.
        name: The record's name.
        record: The record as the client sees it; empty when it was taken away.
        at: When the client had it, by the clock of `time.perf_counter`.
    """

    event: str
    name: str
    record: Record
    at: float


class Desk:
    """A department's client, with a certificate of its own.

    Use it as ``async with Desk(...) as desk``; inside, it has seen what there was.

    Args:
        city: The city.
        agency: The department.
        purpose: What for it calls; empty: it does not say.
        status: Whether it watches the real thing or a drill.

    Attributes:
        told: All that it was told so far.
        state: To call the shared state.
    """

    def __init__(
        self,
        city: City,
        agency: str,
        purpose: str = "",
        status: "Status.ValueType" = STATUS_ACTUAL,
    ) -> None:
        self._agency = agency
        self._stated = (("liandong-purpose", purpose),) if purpose else ()
        self._channel = city.channel(agency)
        self.state: rpc.SharedStateServiceAsyncStub = rpc.SharedStateServiceStub(self._channel)
        self._selection = api.Selection(statuses=[status])
        self._heard = asyncio.Condition()
        self._is_complete = False
        self.told: list[Told] = []

    async def __aenter__(self) -> Self:
        watched = api.WatchRecordsRequest(selection=self._selection)
        self._call = self.state.WatchRecords(watched, metadata=self._stated)
        self._reading = asyncio.create_task(self._read())
        async with asyncio.timeout(PATIENCE_S), self._heard:
            await self._heard.wait_for(lambda: self._is_complete)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call.cancel()
        await asyncio.wait([self._reading])
        await self._channel.close(None)
        if not self._reading.cancelled():
            self._reading.result()

    async def hears(self, name: str, since: float) -> Told:
        """Return the first that it is told of a record from a moment on."""

        def first() -> Told | None:
            return next((one for one in self.told if one.name == name and one.at >= since), None)

        async with asyncio.timeout(PATIENCE_S), self._heard:
            found = await self._heard.wait_for(first)
        assert found is not None
        return found

    def story(self, names: Collection[str]) -> list[tuple[str, str]]:
        """Return what it was told of some records, less what they said."""
        return [(one.event, one.name) for one in self.told if one.name in names]

    async def get(self, name: str, **asked: Any) -> Record:
        """Return a record, without a purpose."""
        return await self.state.GetRecord(api.GetRecordRequest(name=name, **asked))

    async def refused(self, name: str) -> tuple[grpc.StatusCode, str]:
        """Return how a record, asked for without a purpose, is refused."""
        try:
            await self.get(name)
        except grpc.aio.AioRpcError as error:
            return error.code(), str(error.details())
        raise AssertionError(f"{self._agency} was not refused {name}")

    async def lists(self, names: Collection[str], **asked: Any) -> dict[str, Record]:
        """Return those of some records that it may see, of all pages."""
        wanted = " || ".join(f"record.name == '{name}'" for name in names)
        listed = api.ListRecordsRequest(
            selection=api.Selection(filter=wanted), page_size=1000, **asked
        )
        found: dict[str, Record] = {}
        while True:
            page = await self.state.ListRecords(listed)
            found |= {record.name: record for record in page.records}
            listed.page_token = page.next_page_token
            if not listed.page_token:
                return found

    async def asks(self, question: Message, *agencies: str) -> dict[str, ask_api.AskResponse]:
        """Ask departments, and return what each says."""
        stub = ask_rpc.DepartmentServiceStub(self._channel)
        call = stub.Ask(request(question, *agencies), timeout=PATIENCE_S)
        return {one.agency: one async for one in call}

    async def _read(self) -> None:
        """Keep what comes, until the call is over."""
        async for response in self._call:
            at = time.perf_counter()
            async with self._heard:
                for event in response.events:
                    self._take(event, at)
                self._heard.notify_all()

    def _take(self, event: api.RecordEvent, at: float) -> None:
        """Keep what an event tells."""
        label = api.EventType.Name(event.type).removeprefix("EVENT_TYPE_")
        if event.type == api.EVENT_TYPE_BOOKMARK:
            self._is_complete = True
        elif event.type == api.EVENT_TYPE_REMOVAL:
            why = api.RemovalReason.Name(event.removal_reason)
            label = why.removeprefix("REMOVAL_REASON_")
            self.told.append(Told(label, event.name, Record(), at))
        elif event.record.name:
            self.told.append(Told(label, event.record.name, event.record, at))
