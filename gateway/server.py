"""The gateway: the view of the city's stream, served over gRPC with mutual TLS."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import msgspec
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.subscriber import follow
from broker.users import CITY, CITY_FEEDS
from gateway.agreements import Agreements
from gateway.calls import Entrance, Service, handler
from gateway.catalog import Catalog
from gateway.loading import loading
from gateway.shared_state import SharedState
from gateway.view import StateView, now_ns
from gateway.watch import Watches
from liandong.gateway.v1 import shared_state_pb2 as api

_TICK_S = 0.5
_GRACE_S = 2.0
_MAX_CALLS = 10_000
OPTIONS = (
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),
)
_log = structlog.get_logger()


class GatewayFailed(BrokerError):
    """The gateway cannot serve."""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway needs.

    Attributes:
        host: Where to listen.
        port: Where to listen; 0: any free port.
        certificate: File with its certificate.
        key: File with its key.
        ca: File with the authority whose certificates it takes.
        agreements: File of agreements; None: none.
        agencies: The city's departments, of which agreements may speak; none: of any.
        bus: How it reads the bus.
    """

    host: str
    port: int
    certificate: str
    key: str
    ca: str
    agreements: str | None
    bus: BusSettings
    agencies: tuple[str, ...] = ()


class Gateway:
    """A running gateway.

    Use it as ``async with Gateway(settings) as gateway``; inside, the view is complete.

    Args:
        settings: What it needs.

    Raises:
        GatewayFailed: On entering, if its port cannot be used.
        FileWrong: If the file of agreements is not right.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.view = StateView()
        self._agreements = Agreements(
            Path(settings.agreements) if settings.agreements is not None else None,
            settings.agencies,
        )
        self._entrance = Entrance(self._agreements)
        self._stack = contextlib.AsyncExitStack()
        self.port = settings.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(Bus(self._settings.bus))
            catalog = Catalog()
            services = (_state_service(self.view, self._agreements), catalog.service())
            server = self._server(services)
            await server.start()
            stack.push_async_callback(server.stop, _GRACE_S)
            # All that the stream keeps, not the last of each subject: what was stored last
            # may be a station's back-fill, which must not hide what was observed later.
            with loading():
                restart = self.view.restart
                state = await follow(bus, CITY, "share.>", self.view.take, on_restart=restart)
                await stack.enter_async_context(state)
                feeds = await follow(bus, CITY_FEEDS, "feed.>", catalog.take)
                await stack.enter_async_context(feeds)
                await state.caught_up.wait()
                self.view.index()
                await feeds.caught_up.wait()
            ticking = asyncio.create_task(self._tick())
            stack.callback(ticking.cancel)
            self._entrance.is_open = True
            for name in ("", *(service.name for service in services)):
                await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
            self._stack = stack.pop_all()
        _log.info("gateway serves", port=self.port, records=len(self.view))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _server(self, services: Sequence[Service]) -> grpc.aio.Server:
        """Make the server with all its services."""
        server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
        server.add_generic_rpc_handlers(
            tuple(handler(self._entrance, service) for service in services)
        )
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # no stubs
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (service.name for service in services)
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        address = f"{self._settings.host}:{self._settings.port}"
        try:
            self.port = server.add_secure_port(address, _credentials(self._settings))
        except RuntimeError as error:
            raise GatewayFailed(
                f"the gateway cannot listen on {address}: stop what listens there, or change "
                "[gateway] port in the city file"
            ) from error
        return server

    async def _tick(self) -> None:
        """Notice records that end, and agreements that change."""
        while True:
            await asyncio.sleep(_TICK_S)
            self.view.expire(now_ns())
            self._agreements.refresh()


def _credentials(settings: GatewaySettings) -> grpc.ServerCredentials:
    """Return TLS that asks every client for a certificate of the city."""
    return grpc.ssl_server_credentials(
        [(Path(settings.key).read_bytes(), Path(settings.certificate).read_bytes())],
        root_certificates=Path(settings.ca).read_bytes(),
        require_client_auth=True,
    )


def _state_service(view: StateView, agreements: Agreements) -> Service:
    """Return the service that reads the shared state and watches it."""
    state, watches = SharedState(view), Watches(view, agreements)
    return Service(
        "liandong.gateway.v1.SharedStateService",
        {
            "GetRecord": (state.get_record, api.GetRecordRequest),
            "BatchGetRecords": (state.batch_get_records, api.BatchGetRecordsRequest),
            "ListRecords": (state.list_records, api.ListRecordsRequest),
        },
        {"WatchRecords": (watches.watch_records, api.WatchRecordsRequest)},
    )
