"""A trace from the legacy frame to the answer, as a collector is told it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.ops.conftest import Town, air
from tests.running_city import event

RECORD = "environment/environment.air/320100A0001"
METHOD = "SharedStateService/GetRecord"
WATCH = "SharedStateService/WatchRecords"


class Collector:
    """What a collector was told: spans, with the service that told each."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.spans: list[tuple[str, Span]] = []
        self._more = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        """Take what an exporter sends."""
        told = ExportTraceServiceRequest.FromString(await request.read())
        for resource in told.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]
        self._more.set()
        return web.Response(content_type="application/x-protobuf")

    def of(self, trace_id: str) -> dict[str, Span]:
        """Return the spans of a trace by name."""
        return {
            span.name: span for _, span in self.spans if span.trace_id == bytes.fromhex(trace_id)
        }

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait until what was told makes something true."""
        async with asyncio.timeout(30):
            while not fact():
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """Run a collector of OTLP over HTTP."""
    collector = Collector()
    application = web.Application()
    application.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    await runner.cleanup()


async def test_one_trace_leads_from_the_frame_to_whoever_reads_its_record(
    collector: Collector, tmp_path: Path
) -> None:
    """Adapter, stream, view, and both a watch and a question: one trace id, each a part of it."""
    town = Town(tmp_path / "town")
    with town.city.open("a") as file:
        file.write(f'\n[traces]\nendpoint = "{collector.endpoint}"\nsample = 1.0\n')

    async with _running(town):
        watching = town.start("watch", "--as", "police", "--json")
        await asyncio.to_thread(event, watching, "BOOKMARK")
        await _send(town, air("320100A0001", 31.0))
        change = await asyncio.to_thread(event, watching, "CHANGE")
        read: dict[str, Any] = (
            await asyncio.to_thread(town.objects, "get", RECORD, "--as", "police")
        )[0]
        trace_id = read["provenance"]["trace_id"]
        await collector.until(lambda: collector.of(trace_id).keys() >= {METHOD, WATCH, "receive"})
        watching.terminate()
        watching.communicate()

    assert change["record"]["provenance"]["trace_id"] == trace_id
    spans = collector.of(trace_id)
    assert set(spans) == {"receive", "translate", "publish", "share", METHOD, WATCH}
    parents = {name: span.parent_span_id for name, span in spans.items()}
    assert not parents["receive"]
    assert parents["translate"] == parents["publish"] == spans["receive"].span_id
    assert parents["share"] == spans["receive"].span_id
    assert parents[METHOD] == parents[WATCH] == spans["share"].span_id
    assert all(0 < one.start_time_unix_nano <= one.end_time_unix_nano for one in spans.values())
    services = {service for service, span in collector.spans if span.name in spans}
    assert services == {"liandong-adapter-environment.hj212", "liandong-gateway"}
    assert not any("31" in str(one.attributes) for one in spans.values())


@contextlib.asynccontextmanager
async def _running(town: Town) -> AsyncIterator[None]:
    """Run the city while this loop goes on."""
    up = town.up()
    await asyncio.to_thread(up.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(up.__exit__, None, None, None)


async def _send(town: Town, frame: bytes) -> None:
    """Send a frame and wait for its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", town.hj212_port)
    writer.write(frame)
    async with asyncio.timeout(30):
        assert (await reader.readuntil(b"\r\n")).startswith(b"##")
    writer.close()
    await writer.wait_closed()
