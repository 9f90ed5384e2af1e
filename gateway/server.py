"""The gateway: the view of the city's stream, served over gRPC with mutual TLS."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from grpc_health.v1 import health_pb2

from broker.asking import Asking
from broker.connection import Bus
from broker.delivery import Delivery
from broker.responders import Responders
from broker.revisions import Revisions as StreamRevisions
from broker.subjects import share_patterns
from broker.subscriber import Follower, follow
from broker.users import CITY, CITY_FEEDS
from gateway.agreement_service import AgreementDesk
from gateway.agreements import Agreements
from gateway.arrivals import Arrivals
from gateway.audit import Journal, Recorder
from gateway.audit.service import AccessLog
from gateway.border import Border
from gateway.calls import Service, handler
from gateway.catalog import Catalog
from gateway.certificates import Certificates
from gateway.departments import Departments
from gateway.encoding import elements
from gateway.entrance import Entrance
from gateway.errors import Leaving
from gateway.hands import Hands
from gateway.incidents import KIND as INCIDENTS
from gateway.listening import Listening
from gateway.loading import loading
from gateway.lookout import Lookout, Tally
from gateway.publishing import Publishing
from gateway.revocation import Revoked
from gateway.settings import GatewaySettings
from gateway.state_service import state_service
from gateway.view import StateView, now_ns
from gateway.watch import Watches

_TICK_S = 0.5
# The field of an event.
_EVENT_FEEDS = 5
_GRACE_S = 5.0
_BESIDE_WATCHES = 500
_log = structlog.get_logger()


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
        self._arrivals = Arrivals(settings.calls)
        self._stack = contextlib.AsyncExitStack()
        self.port = settings.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(Bus(self._settings.bus))
            recorder = await self._recorder(stack, bus)
            self._entrance = Entrance(
                self._agreements,
                recorder,
                self._settings.calls,
                self._revoked,
                self._settings.agencies,
            )
            border = Border(self._settings.part, self._settings.parts)
            catalog = Catalog(self._settings.part, self._settings.parts)
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
                border.around(state_service(self.view, watches, bus, catalog.ages)),
                catalog.service(),
                border.around(AgreementDesk(self._agreements, self.view).service()),
                departments.service(),
                Publishing(hands).service(),
                AccessLog(bus, Path(self._settings.audit.public_keys)).service(),
            )
            listening = self._listen(services)
            await listening.server.start()
            stack.push_async_callback(listening.server.stop, _GRACE_S)
            stack.push_async_callback(self._leave)
            with loading():
                state = await self._follow_state(stack, bus)
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
        _log.info(
            "gateway serves",
            port=self.port,
            part=self._settings.part.name or "all",
            records=len(self.view),
        )
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

    async def _follow_state(self, stack: contextlib.AsyncExitStack, bus: Bus) -> Follower:
        """Follow the part of the state that is held, and the incidents by which agreements open."""
        part, incidents = self._settings.part, self._agreements.incidents
        if part.holds(kinds=[INCIDENTS]):
            self.view.listen(incidents.take)
        else:
            beside = await follow(
                bus, CITY, share_patterns(kinds=[INCIDENTS]), incidents.take_told, last_of_each=True
            )
            await stack.enter_async_context(beside)
            await beside.caught_up.wait()
        state = await follow(
            bus,
            CITY,
            part.subjects,
            self._take(),
            last_of_each=True,
            on_restart=self._restart,
            on_passed=self.view.pass_over,
        )
        return await stack.enter_async_context(state)

    def _take(self) -> Callable[[Delivery], None]:
        """Return what takes the records of the city's stream."""
        take, lookout = self.view.take, self._lookout
        if lookout is None:
            return take

        def take_and_tell(delivery: Delivery) -> None:
            take(delivery)
            lookout.passed(delivery)

        return take_and_tell

    def _listen(self, services: Sequence[Service]) -> Listening:
        """Listen, with all services."""
        settings = self._settings
        around = self._lookout.around if self._lookout is not None else lambda served: served
        listening = Listening(
            f"{settings.host}:{settings.port}",
            self._certificates,
            {one.name: around(handler(self._entrance, one)) for one in services},
            self._arrivals,
            calls=settings.calls.at_once,
            connection=settings.watches.department + _BESIDE_WATCHES,
            shares_port=settings.shares_port,
        )
        self.port, self._health = listening.port, listening.health
        return listening

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
            self._arrivals.end_late()
            await self.watches.tick(_TICK_S)
