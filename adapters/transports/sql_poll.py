"""Polls a database for rows that were added, in the order of a key that only grows.

Each row is handed on as a JSON object, one message. Numbers of fixed precision and
identifiers become strings, times ISO 8601 as the database has them, bytes base64.
"""

import asyncio
import functools
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec

from adapters.sdk.adapter import Adapter
from adapters.sdk.pipeline import Pipeline
from adapters.transports.blocking import Blocking
from adapters.transports.documents import decoded
from adapters.transports.retry import Retry, Trouble, pause, unless_stopped
from adapters.transports.secret import secret_of
from adapters.transports.sql_query import Row, SqlQuery
from adapters.transports.transport import Checkpoint

_LONGEST_S = 300.0
_KEYS: Final = {
    kind.__name__: kind for kind in (int, float, str, bytes, datetime, date, time, Decimal, UUID)
}


_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class SqlPollOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is read from a database, and how often.

    Attributes:
        query: A SELECT without ORDER BY or LIMIT.
        key: The column of it that grows with each row added; never null.
        batch: How many rows are read and settled together.
        overlap: How many rows before the last are looked at again each time. Transactions
            may commit in another order than they took their keys: a row whose key lies
            before one that was read already is found as long as it is among these.
        interval_s: Time between polls when there is nothing more to read, seconds.
        connect_timeout_s: How long connecting may take, seconds.
        query_timeout_s: How long the query may take, seconds; it is then asked again later.
        password_file: File with the password, which has no place in the URL.
    """

    query: str
    key: str
    batch: int = 500
    overlap: int = 100
    interval_s: float = 10.0
    connect_timeout_s: _Seconds = 10.0
    query_timeout_s: _Seconds = 60.0
    password_file: str = ""


class _Place(msgspec.Struct, frozen=True):
    """Where the next poll goes on.

    Attributes:
        type: The type of keys.
        after: The key after which rows are read; None: from the first.
        tail: Key and digest of the rows after that which are settled already.
    """

    type: str
    after: Any
    tail: list[tuple[Any, bytes]]


class SqlPoll:
    """Reads new rows again and again, and runs them through a feed's pipeline.

    Args:
        adapter: Decodes a row's JSON.
        pipeline: Settles messages.
        url: ``sql+`` and any URL that SQLAlchemy opens, for example
            ``sql+postgresql+psycopg://user@host/database``.
        options: What is read.
        checkpoint: Keeps the key from which the next poll goes on.

    Raises:
        FeedMisconfigured: If SQLAlchemy or its driver cannot open the URL.
    """

    options_type: ClassVar = SqlPollOptions

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        url: str,
        options: SqlPollOptions,
        checkpoint: Checkpoint,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._options = options
        self._checkpoint = checkpoint
        self._feed = adapter.feed.id
        self._query = SqlQuery(
            self._feed,
            url.removeprefix("sql+"),
            secret_of(self._feed, "password_file", options.password_file),
            options.query,
            options.key,
            connect_s=options.connect_timeout_s,
            query_s=options.query_timeout_s,
        )
        self._blocking = Blocking(f"{self._feed} asks its database")
        self._is_resumed = False
        self._after: Any = None
        self._tail: list[tuple[Any, bytes]] = []
        self._has_more = False
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Return the database without its password."""
        return self._query.address

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Settle what was read, then poll no more."""
        self._stop.set()
        if self._task is not None:
            await self._task
        self._query.close()

    async def _poll(self) -> None:
        """Poll until stopped; ever more rarely while it fails."""
        interval = self._options.interval_s
        retry = Retry(
            self._feed, self._pipeline, self._stop, first_s=interval, longest_s=_LONGEST_S
        )
        while not self._stop.is_set():
            await retry(self._take)
            if not self._has_more:
                await pause(self._stop, interval)

    async def _take(self) -> None:
        """Read and settle the next rows; what could not be settled is read again.

        Raises:
            Trouble: If the database or the bus is away.
        """
        self._has_more = False
        if not self._is_resumed:
            saved = await self._checkpoint.load()
            if saved:
                self._after, self._tail = _resumed(saved)
            self._is_resumed = True
        rows = await unless_stopped(self._stop, self._read())
        if rows is None:
            return
        known = {digest for _, digest in self._tail}
        new = [row for row in rows if row.digest not in known]
        messages = [message for row in new for message in decoded(self._adapter, row.document)]
        outcomes = await self._pipeline.submit(messages, self.address) if messages else []
        if None in outcomes:
            raise Trouble("the bus is away: the rows that were read are read again")
        if new:
            await self._go_on_after(new)
            self._has_more = len(rows) >= self._options.batch

    async def _go_on_after(self, rows: list[Row]) -> None:
        """Remember which rows are settled, and from where the next are read."""
        tail = sorted([*self._tail, *((row.key, row.digest) for row in rows)])
        beyond = tail[: max(len(tail) - self._options.overlap, 0)]
        if beyond:
            self._after = beyond[-1][0]
        self._tail = tail[len(beyond) :]
        place = _Place(type(tail[-1][0]).__name__, self._after, self._tail)
        await self._checkpoint.save(msgspec.json.encode(place))

    async def _read(self) -> list[Row]:
        """Read the rows after the last ones, never a part of those that share a key.

        Raises:
            Trouble: If the database does not give them in time.
        """
        options = self._options
        limit = options.batch + len(self._tail)
        while True:
            ask = functools.partial(self._query.rows, self._after, limit)
            try:
                # The server may hang, or be cut off, so that nothing but our own clock ends it.
                patience = options.connect_timeout_s + options.query_timeout_s
                rows = await self._blocking(ask, patience)
            except TimeoutError as error:
                raise self._query.too_slow() from error
            if len(rows) < limit:
                return rows
            last = rows[-1].key
            whole = [row for row in rows if row.key != last]
            if whole:
                return whole
            limit *= 2


def _resumed(saved: bytes) -> tuple[Any, list[tuple[Any, bytes]]]:
    """Return the key after which to read, and what of the rows after it is settled."""
    place = msgspec.json.decode(saved, type=_Place)
    kind = _KEYS[place.type]
    after = None if place.after is None else msgspec.convert(place.after, kind, strict=False)
    return after, [(msgspec.convert(key, kind, strict=False), digest) for key, digest in place.tail]
