"""Runs one feed: adapter, transport, pipeline and books, from start to drained."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.journal import Journal, recall, take_up
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.registry import adapter_of
from adapters.transports.file_drop import FileDrop, FileDropOptions
from adapters.transports.http_poll import HttpPoll, HttpPollOptions
from adapters.transports.tcp_server import TcpServer, TcpServerOptions
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.users import quarantine_stream
from liandong.feed.v1 import feed_pb2

_log = structlog.get_logger()


class Transport(Protocol):
    """How bytes come in."""

    @property
    def address(self) -> str:
        """Return where they come from."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Settle what is under way, and end."""


Opener = Callable[[FeedConfig, Adapter[Any, Any], Pipeline, Home], Transport]


def _tcp(feed: FeedConfig, adapter: Adapter[Any, Any], pipeline: Pipeline, _: Home) -> Transport:
    """Open ``tcp://host:port``."""
    url = urlsplit(feed.source)
    if not url.hostname or url.port is None:
        raise FeedMisconfigured(
            feed.id,
            f"source {feed.source!r} lacks host or port",
            "write it as tcp://127.0.0.1:7212",
        )
    limits = options_of(feed, "transport", TcpServerOptions)
    return TcpServer(adapter, pipeline, url.hostname, url.port, limits)


def _drop(
    feed: FeedConfig, adapter: Adapter[Any, Any], pipeline: Pipeline, home: Home
) -> Transport:
    """Open ``drop:folder``, relative to the home folder."""
    folder = home.path / Path(feed.source.removeprefix("drop:"))
    return FileDrop(adapter, pipeline, folder, options_of(feed, "transport", FileDropOptions))


def _http(feed: FeedConfig, adapter: Adapter[Any, Any], pipeline: Pipeline, _: Home) -> Transport:
    """Open ``http://`` and ``https://``."""
    options = options_of(feed, "transport", HttpPollOptions)
    return HttpPoll(adapter, pipeline, feed.source, options)


_OPENERS: dict[str, Opener] = {"tcp": _tcp, "drop": _drop, "http": _http, "https": _http}


class FeedRunner:
    """One feed, running.

    Use it as ``async with FeedRunner(feed, home, plan) as runner``.

    Args:
        feed: The feed.
        home: Where its agency's key lies, and what its drop folder is relative to.
        plan: The bus.

    Raises:
        FeedMisconfigured: On entering, if it cannot start as configured.
        BusUnreachable: On entering, if the bus cannot be reached.
    """

    def __init__(self, feed: FeedConfig, home: Home, plan: BusPlan) -> None:
        self.feed = feed
        self._home = home
        self._plan = plan
        self._stack = contextlib.AsyncExitStack()
        self._transport: Transport | None = None
        self.ledger: Ledger | None = None

    @property
    def address(self) -> str:
        """Return where the feed's bytes come from; the port is the real one."""
        assert self._transport is not None, "the feed is not running"
        return self._transport.address

    async def __aenter__(self) -> Self:
        feed = self.feed
        adapter = adapter_of(feed)
        adapter.prepare(self._home.path)
        scheme = feed.source.partition(":")[0]
        if scheme not in _OPENERS:
            raise FeedMisconfigured(
                feed.id,
                f"no transport opens {feed.source!r}",
                f"a source begins with one of {', '.join(_OPENERS)}",
            )
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(
                Bus(BusSettings.of(self._home, self._plan, feed.agency))
            )
            self.ledger = await take_up(bus, feed, adapter.version, feed.source)
            await recall(bus, adapter)
            journal = await stack.enter_async_context(Journal(bus, feed, self.ledger))
            records = await stack.enter_async_context(Publisher(bus, stream_name(feed.agency)))
            quarantine = await stack.enter_async_context(
                Publisher(bus, quarantine_stream(feed.agency))
            )
            stack.push_async_callback(journal.tell, feed_pb2.FEED_STATE_STOPPED)
            pipeline = Pipeline(adapter, records, quarantine, self.ledger)
            self._transport = _OPENERS[scheme](feed, adapter, pipeline, self._home)
            await self._transport.start()
            stack.push_async_callback(self._transport.stop)
            self.ledger.state.address = self.address
            await journal.tell(feed_pb2.FEED_STATE_RUNNING)
            self._stack = stack.pop_all()
        _log.info("feed runs", feed=feed.id, address=self.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        _log.info("feed stopped", feed=self.feed.id)
