"""What all visitors of one department and purpose see live: one watch and one look for all.

A visitor is sent what has changed since the last time it could take something: one that is
slow gets the latest of each record, and holds no more than the names of those.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from itertools import islice

import grpc
import msgspec
import structlog

from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1 import catalog_pb2, catalog_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.console.feeds import FeedBook
from ops.failure import Failure

_BATCH_ROWS = 4000
_GATHER_S = 0.2
_KEEN_S = 3.0
_CALM_S = 30.0
_TICK_S = 0.5
_AGAIN_S = 1.0
_LINGER_S = 20.0
_PATIENCE_S = 5.0
_PAGE = 1000
_BEGIN_ANEW = frozenset({grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT})
_log = structlog.get_logger()


class Visitor:
    """One page that looks on.

    Attributes:
        is_keen: Whether it is at the view of feeds.
    """

    def __init__(self) -> None:
        self.dirty: dict[str, None] = {}
        self.news = asyncio.Event()
        self.state = self.feeds = True
        self.is_keen = False

    def changed(self, name: str) -> None:
        """Note that a record is another."""
        self.dirty[name] = None
        self.news.set()


class Room:
    """One department's live view; it watches while somebody looks on.

    Args:
        channel: Returns the department's channel to the gateway.
        row_of: Returns a record's row, encoded.
        book: Remembers how its feeds fare.
    """

    def __init__(
        self,
        channel: Callable[[], grpc.aio.Channel],
        row_of: Callable[[api.RecordEvent], bytes],
        book: FeedBook,
    ) -> None:
        self._channel = channel
        self._row_of = row_of
        self._book = book
        self._rows: dict[str, bytes] = {}
        self._before: set[str] = set()
        self._is_telling = False
        self._closing: asyncio.TimerHandle | None = None
        self._visitors: set[Visitor] = set()
        self._work: list[asyncio.Task[None]] = []
        self._is_whole = False
        self._is_away = ""

    @property
    def is_open(self) -> bool:
        """Tell whether it watches."""
        return bool(self._work)

    async def frames(self, visitor: Visitor) -> AsyncGenerator[bytes, None]:
        """Yield what a page is sent, for ever: rows at once, then whatever changes."""
        self.open()
        visitor.dirty.update(dict.fromkeys(self._rows))
        visitor.news.set()
        self._visitors.add(visitor)
        try:
            while True:
                await visitor.news.wait()
                visitor.news.clear()
                while visitor.dirty:
                    yield self._batch(visitor)
                if visitor.state:
                    visitor.state = False
                    yield self._state()
                if visitor.feeds:
                    visitor.feeds = False
                    yield self._book.frame
                # What comes close together leaves together.
                await asyncio.sleep(_GATHER_S if self._is_whole else 0)
        finally:
            self._visitors.discard(visitor)
            self._expect()

    def open(self) -> None:
        """Begin to watch, for somebody who is about to look."""
        if not self._work:
            self._work = [asyncio.create_task(self._watch()), asyncio.create_task(self._look())]
        self._expect()

    def _expect(self) -> None:
        """Close when nobody looks on for a while; a page that is loaded anew is there before."""
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(_LINGER_S, self._leave)

    def _leave(self) -> None:
        """Close if nobody looks on."""
        if not self._visitors:
            self.close()

    def close(self) -> None:
        """End the watch: nobody looks on any more."""
        if self._closing is not None:
            self._closing.cancel()
        for task in self._work:
            task.cancel()
        self._work = []
        self._rows.clear()
        self._before, self._is_telling = set(), False
        self._is_whole, self._is_away = False, ""

    def _batch(self, visitor: Visitor) -> bytes:
        """Return some of what has changed for a visitor."""
        names = list(islice(visitor.dirty, _BATCH_ROWS))
        for name in names:
            del visitor.dirty[name]
        rows = [self._rows[name] for name in names if name in self._rows]
        gone = msgspec.json.encode([name for name in names if name not in self._rows])
        return b'{"t":"rows","rows":[' + b",".join(rows) + b'],"gone":' + gone + b"}"

    def _state(self) -> bytes:
        """Return whether all is there, and whether it is of now."""
        return msgspec.json.encode(
            {"t": "state", "whole": self._is_whole, "away": self._is_away, "count": len(self._rows)}
        )

    async def _watch(self) -> None:
        """Follow the records of the department, for ever: a gateway that went is waited for."""
        request = api.WatchRecordsRequest()
        while True:
            try:
                stub = rpc.SharedStateServiceStub(self._channel())
                async for response in stub.WatchRecords(request, wait_for_ready=True):
                    self._take(response.events, request)
            except grpc.aio.AioRpcError as error:
                self._is_telling = False
                self._tell(whole=False, away=error.details() or error.code().name)
                if error.code() in _BEGIN_ANEW:
                    request.resume_token = ""
            except Failure as failure:
                self._tell(whole=False, away=str(failure))
            await asyncio.sleep(_AGAIN_S)

    def _take(self, events: Iterable[api.RecordEvent], request: api.WatchRecordsRequest) -> None:
        """Take events of the watch."""
        for event in events:
            request.resume_token = event.resume_token or request.resume_token
            if event.type == api.EVENT_TYPE_SNAPSHOT:
                # The state is told anew: an older token would leave what is told now.
                request.resume_token = ""
                if not self._is_telling:
                    # What is not told again is gone.
                    self._before, self._is_telling = set(self._rows), True
                self._before.discard(event.record.name)
                self._keep(event)
            elif event.type == api.EVENT_TYPE_CHANGE:
                self._keep(event)
            elif event.type == api.EVENT_TYPE_REMOVAL:
                self._drop(event.name)
            elif event.type == api.EVENT_TYPE_BOOKMARK:
                for name in self._before:
                    self._drop(name)
                self._before, self._is_telling = set(), False
                self._tell(whole=True, away="")
            if self._is_away and event.type != api.EVENT_TYPE_SNAPSHOT:
                self._tell(whole=True, away="")

    def _keep(self, event: api.RecordEvent) -> None:
        """Keep a record as it is now."""
        name = event.record.name
        self._rows[name] = self._row_of(event)
        for visitor in self._visitors:
            visitor.changed(name)

    def _drop(self, name: str) -> None:
        """Forget a record."""
        if self._rows.pop(name, None) is not None:
            for visitor in self._visitors:
                visitor.changed(name)

    def _tell(self, *, whole: bool, away: str) -> None:
        """Tell all visitors how the watch is."""
        self._is_whole, self._is_away = whole, away
        for visitor in self._visitors:
            visitor.state = True
            visitor.news.set()

    async def _look(self) -> None:
        """Look how the feeds fare, again and again."""
        looked = -_CALM_S
        while True:
            # Each look is in the record of accesses: there are many only while one looks on.
            pace = _KEEN_S if any(one.is_keen for one in self._visitors) else _CALM_S
            now = asyncio.get_running_loop().time()
            if now - looked < pace:
                await asyncio.sleep(_TICK_S)
                continue
            looked = now
            try:
                async with aclosing(self._feeds()) as found:
                    self._book.take([feed async for feed in found])
            except (grpc.aio.AioRpcError, Failure) as error:
                _log.warning("feeds cannot be listed", error=str(error))
            else:
                for visitor in self._visitors:
                    visitor.feeds = True
                    visitor.news.set()

    async def _feeds(self) -> AsyncGenerator[Feed, None]:
        """Yield the feeds that the department may see."""
        stub = catalog_pb2_grpc.CatalogServiceStub(self._channel())
        request = catalog_pb2.ListFeedsRequest(page_size=_PAGE)
        while True:
            page = await stub.ListFeeds(request, timeout=_PATIENCE_S)
            for feed in page.feeds:
                yield feed
            request.page_token = page.next_page_token
            if not request.page_token:
                return
