"""A queue on local disk for what the bus cannot take at the moment: bounded, in order, durable.

SQLite in WAL mode with a flush for each transaction: what `append` returned from survives
``kill -9`` and a power cut. SQLite's calls block; they run in a thread of the spool's own.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from broker.errors import SpoolDamaged
from broker.outgoing import Outgoing

R = TypeVar("R")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    headers BLOB NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (stream, message_id)
)"""
_OLDEST = (
    "SELECT number, subject, payload, message_id, headers FROM message"
    " WHERE stream = ? ORDER BY number LIMIT ?"
)
_NEWEST = _OLDEST.replace("number LIMIT", "number DESC LIMIT")
_ROW_BYTES = 128


class Spool:
    """The spool of one feed.

    Use it as ``async with Spool(path, max_bytes) as spool``.

    Args:
        path: The file; made when missing.
        max_bytes: How many bytes of messages it takes; more is refused.

    Attributes:
        bytes: How many bytes of messages it holds.

    Raises:
        SpoolDamaged: On entering, if the file cannot be opened or is not whole; by every
            method, if it cannot be read or written.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._database: sqlite3.Connection | None = None
        self._counts: dict[str, int] = {}
        self.bytes = 0

    async def __aenter__(self) -> Self:
        try:
            await self._run(self._open)
        except SpoolDamaged:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        """Close the file, if it is open, and end the thread."""
        if self._database is not None:
            await self._run(self._database.close)
        self._thread.shutdown()

    @property
    def total(self) -> int:
        """Return how many messages wait, whichever their stream."""
        return sum(self._counts.values())

    async def headers(self) -> list[bytes]:
        """Return the headers of all messages that wait."""
        return await self._run(lambda: self._column("SELECT headers FROM message"))

    async def ids(self, stream: str) -> frozenset[str]:
        """Return the ids of all messages that wait for a stream."""
        query = "SELECT message_id FROM message WHERE stream = ?"
        return await self._run(lambda: frozenset(self._column(query, stream)))

    def count(self, stream: str) -> int:
        """Return how many messages wait for a stream."""
        return self._counts.get(stream, 0)

    async def append(self, stream: str, messages: Sequence[Outgoing]) -> list[bool] | None:
        """Put messages at the end, all or none; return for each whether it is new here.

        None means that there is no room for them.

        Args:
            stream: The stream that is to have them.
            messages: The messages; one whose id waits already is there once.
        """
        size = sum(_size(message) for message in messages)
        if self.bytes + size > self._max_bytes:
            return None
        # The counts are this loop's; the thread only writes.
        fresh = await self._run(lambda: self._append(stream, messages))
        self.bytes += sum(
            _size(message) for message, is_new in zip(messages, fresh, strict=True) if is_new
        )
        self._counts[stream] = self.count(stream) + sum(fresh)
        return fresh

    async def head(self, stream: str, limit: int) -> list[tuple[int, Outgoing]]:
        """Return the oldest messages of a stream with their numbers."""
        return await self._run(lambda: self._rows(_OLDEST, stream, limit))

    async def newest(self, stream: str) -> Outgoing | None:
        """Return the message that a stream was put last; None: there is none."""
        rows = await self._run(lambda: self._rows(_NEWEST, stream, 1))
        return rows[0][1] if rows else None

    async def drop(self, stream: str, done: Sequence[tuple[int, Outgoing]]) -> None:
        """Take messages out that the bus has now."""
        await self._run(lambda: self._drop([number for number, _ in done]))
        self.bytes -= sum(_size(message) for _, message in done)
        self._counts[stream] = self.count(stream) - len(done)

    async def _run(self, work: Callable[[], R]) -> R:
        """Run work in the spool's thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            raise SpoolDamaged(str(self._path), str(error)) from error

    def _connection(self) -> sqlite3.Connection:
        assert self._database is not None, "the spool is not open"
        return self._database

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._path.chmod(0o600)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        (verdict,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        self._database.execute(_SCHEMA)
        for stream, count, size in self._database.execute(
            "SELECT stream, count(*), sum(length(payload) + length(headers)) FROM message"
            " GROUP BY stream"
        ):
            self._counts[stream] = count
            self.bytes += size + count * _ROW_BYTES

    def _column(self, query: str, *values: str) -> list[Any]:
        return [row[0] for row in self._connection().execute(query, values)]

    def _append(self, stream: str, messages: Sequence[Outgoing]) -> list[bool]:
        database = self._connection()
        fresh = []
        with database:
            database.execute("BEGIN IMMEDIATE")
            for message in messages:
                cursor = database.execute(
                    "INSERT OR IGNORE INTO message (stream, message_id, subject, headers, payload)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (stream, message.message_id, message.subject, message.headers, message.payload),
                )
                fresh.append(cursor.rowcount == 1)
        return fresh

    def _rows(self, query: str, stream: str, limit: int) -> list[tuple[int, Outgoing]]:
        rows = self._connection().execute(query, (stream, limit))
        return [(number, Outgoing(*columns)) for number, *columns in rows]

    def _drop(self, numbers: Sequence[int]) -> None:
        database = self._connection()
        with database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "DELETE FROM message WHERE number = ?", [(number,) for number in numbers]
            )


def waiting(path: Path, stream: str) -> list[Outgoing]:
    """Return what waits for a stream in a spool that somebody else may have open.

    Raises:
        SpoolDamaged: If it cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(_OLDEST, (stream, -1)).fetchall()
    except sqlite3.Error as error:
        raise SpoolDamaged(str(path), str(error)) from error
    return [Outgoing(*columns) for _, *columns in rows]


def weight(path: Path) -> tuple[int, int]:
    """Return how many messages a spool's file holds, and their bytes; it may be in use.

    Raises:
        SpoolDamaged: If it cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            count, size = database.execute(
                "SELECT count(*), coalesce(sum(length(payload) + length(headers)), 0) FROM message"
            ).fetchone()
    except sqlite3.Error as error:
        raise SpoolDamaged(str(path), str(error)) from error
    return int(count), int(size)


def copy_spool(path: Path, target: Path) -> None:
    """Copy a spool's file as it is at this moment; it may be in use.

    Raises:
        SpoolDamaged: If it cannot be read, or the copy cannot be written.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
    except sqlite3.Error as error:
        raise SpoolDamaged(str(path), str(error)) from error


def _size(message: Outgoing) -> int:
    """Return how many bytes a message counts."""
    return len(message.payload) + len(message.headers) + _ROW_BYTES
