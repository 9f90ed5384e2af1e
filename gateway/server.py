"""The gateway: the view of the city's stream, served over gRPC with mutual TLS."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import msgspec
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from broker.asking import Asking
from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.responders import Responders
from broker.revisions import Revisions as StreamRevisions
from broker.subjects import STATE
from broker.subscriber import Delivery, follow
from broker.users import CITY, CITY_FEEDS
from gateway.agreement_service import AgreementDesk
from gateway.agreements import Agreements
from gateway.audit import Journal, JournalSettings, Recorder
from gateway.audit.service import AccessLog
from gateway.calls import Entrance, Service, handler
from gateway.catalog import Catalog
from gateway.certificates import Certificates
from gateway.departments import Departments
from gateway.encoding import elements
from gateway.errors import Leaving
from gateway.freshness import FeedAges
from gateway.hands import Hands
from gateway.history import History
from gateway.limits import CallLimits
from gateway.loading import loading
from gateway.lookout import Lookout, Tally
from gateway.past import Past
from gateway.publishing import Publishing
from gateway.revisions import Revisions
from gateway.revocation import Revoked
from gateway.shared_state import SharedState
from gateway.summary import Summaries
from gateway.summary.told import Telling
from gateway.view import StateView, now_ns
from gateway.watch import Watches, WatchLimits
from liandong.gateway.v1 import shared_state_pb2 as api

_TICK_S = 0.5
# The field of an event.
_EVENT_FEEDS = 5
_GRACE_S = 5.0
_MAX_CALLS = 10_000
_BESIDE_WATCHES = 500
OPTIONS = (
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # By itself it drops calls by chance, without a word, once a thousand wait: as many watches
    # as there may be come back at once when a gateway has restarted.
    ("grpc.server.max_pending_requests", _MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", 2 * _MAX_CALLS),
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
        agencies: The city's departments, of which agreements may speak and which can be asked;
            none: agreements of any, and nobody can be asked.
        titles: What people call them.
        bus: How it reads the bus.
        hands: For each agency that may publish over gRPC, how that reaches the bus.
        audit: Where and how it records accesses.
        watches: What watches may take.
        calls: What calls may take.
        shares_port: Whether other gateways on this machine listen at the same port.
        revoked: File with the serial numbers of certificates that were taken back; it need
            not be there.
    """

    host: str
    port: int
    certificate: str
    key: str
    ca: str
    agreements: str | None
    bus: BusSettings
    audit: JournalSettings
    agencies: tuple[str, ...] = ()
    hands: dict[str, BusSettings] = {}
    titles: dict[str, str] = {}
    watches: WatchLimits = WatchLimits()
    calls: CallLimits = CallLimits()
    shares_port: bool = False
    revoked: str


class Gateway:
    """A running gateway.

    Use it as ``async with Gateway(settings) as gateway``; inside, the view is complete.

    Args:
        settings: What it needs.
        lookout: Who looks on; None: nobody.

    Attributes:
        view: The shared state.
        tally: Its counts.

    Raises:
        GatewayFailed: On entering, if its port cannot be used.
        JournalUnusable: On entering, if accesses cannot be recorded where they were.
        FileWrong: If the file of agreements is not right.
        CertificatesUnreadable: If its certificate or key cannot be read.
    """

    def __init__(self, settings: GatewaySettings, lookout: Lookout | None = None) -> None:
        self._settings = settings
        self._lookout = lookout
        self.view = StateView()
        self.tally = Tally()
        self._agreements = Agreements(
            Path(settings.agreements) if settings.agreements is not None else None,
            settings.agencies,
        )
        self._certificates = Certificates(
            Path(settings.certificate), Path(settings.key), Path(settings.ca)
        )
        self._revoked = Revoked(Path(settings.revoked))
        self.view.listen(self._agreements.incidents.take)
        self._stack = contextlib.AsyncExitStack()
        self.port = settings.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(Bus(self._settings.bus))
            recorder = await self._recorder(stack, bus)
            self._entrance = Entrance(
                self._agreements, recorder, self._settings.calls, self._revoked
            )
            catalog = Catalog()
            self.ages = catalog.ages
            agencies, titles = self._settings.agencies, self._settings.titles
            responders = await stack.enter_async_context(Responders(bus, agencies))
            departments = Departments(
                Asking(bus), responders, {name: titles.get(name, "") for name in agencies}
            )
            hands = await stack.enter_async_context(Hands(self._settings.hands))
            watches = self.watches = Watches(
                self.view,
                self._agreements,
                StreamRevisions(bus, CITY),
                self._settings.watches,
                lambda selector: elements(
                    _EVENT_FEEDS, catalog.ages.sized(selector.feeds(self.view.names))
                ),
                tally=self.tally,
            )
            services = (
                _state_service(self.view, watches, bus, catalog.ages),
                catalog.service(),
                AgreementDesk(self._agreements, self.view).service(),
                departments.service(),
                Publishing(hands).service(),
                AccessLog(bus, Path(self._settings.audit.public_keys)).service(),
            )
            server = self._server(services)
            await server.start()
            stack.push_async_callback(server.stop, _GRACE_S)
            stack.push_async_callback(self._leave)
            with loading():
                state = await follow(
                    bus, CITY, STATE, self._take(), last_of_each=True, on_restart=self._restart
                )
                await stack.enter_async_context(state)
                feeds = await follow(bus, CITY_FEEDS, "feed.>", catalog.take)
                await stack.enter_async_context(feeds)
                await state.caught_up.wait()
                self.view.course.settle(self.view.sequence)
                self.view.index()
                await feeds.caught_up.wait()
            await watches.refresh()
            self.view.expire(now_ns())
            for work in (self._tick(state.caught_up), recorder.run()):
                stack.callback(asyncio.create_task(work).cancel)
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

    async def _recorder(self, stack: contextlib.AsyncExitStack, bus: Bus) -> Recorder:
        """Open the journal, and return what records calls there."""
        settings = self._settings.audit
        self.journal = await stack.enter_async_context(Journal(settings, bus))
        self.tally.audit_waiting = self.journal.count_waiting
        self.tally.audit_failures = self.journal.count_refused
        recorder = Recorder(self.journal, self.view.get, self._agreements.permit, settings.every_s)
        stack.callback(self._agreements.on_change(recorder.turn))
        return recorder

    def _take(self) -> Callable[[Delivery], None]:
        """Return what takes the records of the city's stream."""
        take, lookout = self.view.take, self._lookout
        if lookout is None:
            return take

        def take_and_tell(delivery: Delivery) -> None:
            take(delivery)
            lookout.passed(delivery)

        return take_and_tell

    def _server(self, services: Sequence[Service]) -> grpc.aio.Server:
        """Make the server with all its services."""
        options = (
            *OPTIONS,
            # Without a limit one connection could take the places of everybody's calls.
            ("grpc.max_concurrent_streams", self._settings.watches.department + _BESIDE_WATCHES),
            ("grpc.so_reuseport", int(self._settings.shares_port)),
        )
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=_MAX_CALLS)
        handlers = (handler(self._entrance, service) for service in services)
        around = self._lookout.around if self._lookout is not None else lambda served: served
        server.add_generic_rpc_handlers(tuple(map(around, handlers)))
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # no stubs
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (service.name for service in services)
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        address = f"{self._settings.host}:{self._settings.port}"
        try:
            self.port = server.add_secure_port(address, self._certificates.credentials())
        except RuntimeError as error:
            raise GatewayFailed(
                f"the gateway cannot listen on {address}: stop what listens there, or change "
                "[gateway] port in the city file"
            ) from error
        return server

    async def _leave(self) -> None:
        """Have clients go elsewhere, with their tokens."""
        await self._health.enter_graceful_shutdown()
        self._entrance.end_streams(lambda _: Leaving())

    def _restart(self) -> None:
        """Take the city's stream from its start again."""
        self.view.restart()
        self.watches.restart()

    async def _tick(self, caught_up: asyncio.Event) -> None:
        """Notice records that end, agreements that change, and watches that are silent."""
        while True:
            await asyncio.sleep(_TICK_S)
            if caught_up.is_set() and not self.view.course.is_settled:
                self.view.course.settle(self.view.sequence)
            self.view.expire(now_ns())
            self._agreements.refresh()
            self._revoked.refresh()
            self._entrance.end_late()
            await self.watches.tick(_TICK_S)


def _state_service(view: StateView, watches: Watches, bus: Bus, ages: FeedAges) -> Service:
    """Return the service that reads the shared state, watches it, looks back and summarises."""
    history = History(bus)
    past = Past(view, history)
    state, revisions = SharedState(view, past, ages), Revisions(view, history)
    summaries = Summaries(view, past.stood, Telling(bus).told, ages)
    return Service(
        "liandong.gateway.v1.SharedStateService",
        {
            "GetRecord": (state.get_record, api.GetRecordRequest),
            "BatchGetRecords": (state.batch_get_records, api.BatchGetRecordsRequest),
            "ListRecords": (state.list_records, api.ListRecordsRequest),
            "SummarizeRecords": (summaries.summarize_records, api.SummarizeRecordsRequest),
            "ListRevisions": (revisions.list_revisions, api.ListRevisionsRequest),
        },
        {"WatchRecords": (watches.watch_records, api.WatchRecordsRequest)},
    )
