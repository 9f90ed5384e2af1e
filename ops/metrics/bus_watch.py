"""The bus as somebody sees it who watches: servers, streams, and what adapters tell."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import structlog
from google.protobuf.message import DecodeError

from broker.connection import Bus, BusSettings
from broker.delivery import Delivery
from broker.errors import BrokerError
from broker.health import BusState, bus_state
from broker.home import OPS, Home
from broker.replicas import missing
from broker.subscriber import follow
from broker.users import CITY_FEEDS, SYSTEM_READER
from liandong.feed.v1.feed_pb2 import Feed
from ops.city import City

_AGAIN_S: Final = 2.0
_log = structlog.get_logger()


class BusWatch:
    """Knows the state of the bus, and of its feeds, while it is open.

    Use it as ``async with BusWatch(home, city) as watch``; it does not need the bus to begin.

    Args:
        home: Where the operators' keys lie.
        city: The city.

    Attributes:
        state: Servers and streams when they were last asked.
        feeds: What each feed's adapter told last, by the feed's id.
        missing: How many messages each copy of a stream lacked when it could last be compared,
            by account, stream and server.
    """

    def __init__(self, home: Home, city: City) -> None:
        self._home = home
        self._city = city
        self._known = {feed.id for feed in city.feeds}
        self._system: Bus | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.state = BusState()
        self.feeds: dict[str, Feed] = {}
        self.missing: dict[tuple[str, str, str], int] = {}

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._keep(SYSTEM_READER, self._lend)),
            asyncio.create_task(self._keep(OPS, self._follow)),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def refresh(self) -> None:
        """Ask servers and streams how they are; when none answers there are none."""
        self.state = BusState() if self._system is None else await bus_state(self._system)
        there = {(one.account, one.stream, one.server) for one in self.state.replicas}
        # A copy that runs ahead or behind at this moment is as it was when it was last compared.
        self.missing = {key: self.missing[key] for key in self.missing.keys() & there} | {
            (one.account, one.stream, one.server): lacking
            for one, lacking in missing(self.state.replicas).items()
        }

    async def _keep(self, user: str, use: Callable[[Bus], Awaitable[None]]) -> None:
        """Use a connection for ever; make another when it ends."""
        settings = BusSettings.of(self._home, self._city.plan, user)
        while True:
            try:
                async with Bus(settings, is_patient=True) as bus:
                    await bus.connected()
                    await use(bus)
            except BrokerError as error:
                _log.warning("the bus cannot be watched", user=user, error=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _lend(self, bus: Bus) -> None:
        """Let the servers be asked."""
        self._system = bus
        try:
            await asyncio.Event().wait()
        finally:
            self._system = None

    async def _follow(self, bus: Bus) -> None:
        """Take what adapters tell."""
        async with contextlib.AsyncExitStack() as stack:
            feeds = await follow(bus, CITY_FEEDS, "feed.>", self._take)
            await stack.enter_async_context(feeds)
            await asyncio.Event().wait()

    def _take(self, delivery: Delivery) -> None:
        """Take a feed's state; those that the city has no more are left out."""
        try:
            feed = Feed.FromString(delivery.payload)
        except DecodeError as error:
            _log.error("not a feed's state", subject=delivery.subject, error=str(error))
            return
        feed_id = feed.name.partition("/")[2]
        if feed_id in self._known:
            self.feeds[feed_id] = feed
