"""Polls a database for rows that were added, in the order of a key that only grows.

Each row is handed on as a JSON object, one message. Numbers of fixed precision and
identifiers become strings, times ISO 8601 as the database has them, bytes base64.
"""

import asyncio
import hashlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec
import sqlalchemy
import sqlalchemy.exc

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.pipeline import Pipeline
from adapters.transports.documents import decoded
from adapters.transports.retry import Retry, Trouble, pause, unless_stopped
from adapters.transports.secret import secret_of
from adapters.transports.transport import Checkpoint

_LONGEST_S = 300.0
_KEYS: Final = {
    kind.__name__: kind for kind in (int, float, str, bytes, datetime, date, time, Decimal, UUID)
}


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
        password_file: File with the password, which has no place in the URL.
    """

    query: str
    key: str
    batch: int = 500
    overlap: int = 100
    interval_s: float = 10.0
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


class _Row(msgspec.Struct, frozen=True):
    """A row as it was read."""

    key: Any
    document: bytes

    @property
    def digest(self) -> bytes:
        """Return what tells it from other rows, and from itself once it was changed."""
        return hashlib.blake2b(self.document, digest_size=16).digest()


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
        self._url, self._engine = self._open(url.removeprefix("sql+"))
        self._is_resumed = False
        self._after: Any = None
        self._tail: list[tuple[Any, bytes]] = []
        self._has_more = False
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def _open(self, source: str) -> tuple[sqlalchemy.URL, sqlalchemy.Engine]:
        """Return the database; nothing is connected yet."""
        try:
            url = sqlalchemy.make_url(source)
            password = secret_of(self._feed, "password_file", self._options.password_file)
            if password:
                url = url.set(password=password)
            # Polls are rare: a connection kept between them would only be found dead.
            return url, sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        except (sqlalchemy.exc.ArgumentError, ImportError) as error:
            raise FeedMisconfigured(
                self._feed,
                f"the database cannot be opened ({_first_line(error)})",
                "write the source as sql+postgresql+psycopg://user@host/database, and install "
                "the database's driver",
            ) from error

    @property
    def address(self) -> str:
        """Return the database without its password."""
        shown = self._url.set(query={}).render_as_string(hide_password=True)
        return f"sql+{shown}"

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Settle what was read, then poll no more."""
        self._stop.set()
        if self._task is not None:
            await self._task
        self._engine.dispose()

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
        rows = await unless_stopped(self._stop, asyncio.to_thread(self._read))
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

    async def _go_on_after(self, rows: list[_Row]) -> None:
        """Remember which rows are settled, and from where the next are read."""
        tail = sorted([*self._tail, *((row.key, row.digest) for row in rows)])
        beyond = tail[: max(len(tail) - self._options.overlap, 0)]
        if beyond:
            self._after = beyond[-1][0]
        self._tail = tail[len(beyond) :]
        place = _Place(type(tail[-1][0]).__name__, self._after, self._tail)
        await self._checkpoint.save(msgspec.json.encode(place))

    def _read(self) -> list[_Row]:
        """Read the rows after the last ones, never a part of those that share a key."""
        limit = self._options.batch + len(self._tail)
        while True:
            rows = self._select(limit)
            if len(rows) < limit:
                return rows
            last = rows[-1].key
            whole = [row for row in rows if row.key != last]
            if whole:
                return whole
            limit *= 2

    def _select(self, limit: int) -> list[_Row]:
        """Read rows in the order of their keys."""
        key = self._options.key
        rows = sqlalchemy.text(self._options.query).columns(sqlalchemy.column(key)).subquery("q")
        select = sqlalchemy.select(sqlalchemy.text("*")).select_from(rows)
        if self._after is not None:
            select = select.where(rows.c[key] > self._after)
        try:
            with self._engine.connect() as connection:
                found = connection.execute(select.order_by(rows.c[key]).limit(limit)).mappings()
                return [_Row(row[key], _document(dict(row))) for row in found]
        except KeyError as error:
            raise Trouble(f"the query gives no column {key!r}: name it in key") from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise Trouble(f"{self.address} cannot be read: {_first_line(error)}") from error


def _resumed(saved: bytes) -> tuple[Any, list[tuple[Any, bytes]]]:
    """Return the key after which to read, and what of the rows after it is settled."""
    place = msgspec.json.decode(saved, type=_Place)
    kind = _KEYS[place.type]
    after = None if place.after is None else msgspec.convert(place.after, kind, strict=False)
    return after, [(msgspec.convert(key, kind, strict=False), digest) for key, digest in place.tail]


def _document(row: dict[str, Any]) -> bytes:
    """Return a row as a JSON object."""
    return msgspec.json.encode(row, enc_hook=_plain)


def _plain(value: Any) -> Any:
    """Return what JSON lacks as what it has."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def _first_line(error: Exception) -> str:
    """Return an error without the statement that SQLAlchemy adds to it."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
