"""A database that dies, hangs or dawdles in the middle of a query."""

import os
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import sqlalchemy

from adapters.sdk.errors import FeedMisconfigured
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import RunningFeed, impatient, until
from tests.adapters.transports.servers import Database, postgresql

FIRST, ALL = 100, 300
TABLE = "CREATE TABLE stages (id bigint PRIMARY KEY, station text, at timestamptz, level_m float8)"
ROWS = (
    "INSERT INTO stages SELECT n, 's' || n, '2026-07-01 09:30:00+00', 3.5 "
    "FROM generate_series(CAST(:since AS int), :upto) n"
)
# While the gate is shut, a query that comes to a later row waits there.
GATE = 7
QUERY = f"""
SELECT * FROM stages WHERE CASE
  WHEN id > {FIRST} THEN pg_advisory_xact_lock_shared({GATE})::text = '' ELSE true END
"""
SHUT = f"SELECT pg_advisory_lock({GATE})"
IN_QUERY = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory'"
Poll = Callable[..., AbstractAsyncContextManager[RunningFeed]]


class Legacy:
    """The system whose database it is."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._engine = sqlalchemy.create_engine(database.url, poolclass=sqlalchemy.NullPool)
        self.run(TABLE)
        self._gate = self._engine.raw_connection()
        self.run(ROWS, since=1, upto=FIRST)

    def run(self, statement: str, **values: Any) -> None:
        """Run a statement."""
        with self._engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement), values)

    def backends(self) -> list[int]:
        """Return the processes that are in the middle of the feed's query."""
        with self._engine.connect() as connection:
            return list(connection.execute(sqlalchemy.text(IN_QUERY)).scalars())

    def add_rows_that_halt_the_query(self) -> None:
        """Shut the gate, and add the rows behind it."""
        self._gate.cursor().execute(SHUT)
        self.run(ROWS, since=FIRST + 1, upto=ALL)

    async def backend(self) -> int:
        """Return the process that is in the middle of the feed's query, once there is one."""
        await until(self.backends)
        return self.backends()[0]

    def open_gate(self) -> None:
        """Let queries come to an end; a database that is killed opens it, too."""
        self._gate.close()


@pytest.fixture
async def legacy() -> AsyncIterator[Legacy]:
    """Run a database of the test's own, with the first rows."""
    async with postgresql() as database:
        legacy = Legacy(database)
        yield legacy
        legacy.open_gate()


@pytest.fixture
def poll(city_home: Home, plan: BusPlan, legacy: Legacy) -> Poll:
    """Return how to run a feed that reads the rows."""

    def run(**further: Any) -> AbstractAsyncContextManager[RunningFeed]:
        options: dict[str, Any] = {
            "query": QUERY,
            "key": "id",
            "batch": 60,
            "interval_s": 0.1,
        } | further
        return impatient(city_home, plan, f"sql+{legacy.database.url}", **options)

    return run


async def require_each_row_once(feed: RunningFeed) -> None:
    """Wait for all rows; check that each was received once and is one record."""
    await until(lambda: feed.ledger.stored == ALL)
    stations = Counter(record.water_level.station_id for record in await feed.records())
    assert stations == {f"s{number}": 1 for number in range(1, ALL + 1)}
    assert (feed.ledger.received, feed.ledger.duplicates) == (ALL, 0)


async def test_a_database_killed_in_mid_query_is_read_on_from_where_it_was(
    legacy: Legacy, poll: Poll
) -> None:
    """While it is away the feed says so; back again, each row arrives once."""
    async with poll() as feed:
        await until(lambda: feed.ledger.stored == FIRST)
        legacy.add_rows_that_halt_the_query()
        await legacy.backend()

        await legacy.database.kill()
        await until(lambda: "cannot be read: " in feed.error)
        assert "server closed the connection unexpectedly" in feed.error
        await until(lambda: "Connection refused" in feed.error)
        await legacy.database.start()

        await require_each_row_once(feed)


async def test_a_backend_killed_in_mid_query_loses_and_doubles_nothing(
    legacy: Legacy, poll: Poll
) -> None:
    """The server recovers by itself, and so does the feed."""
    async with poll() as feed:
        await until(lambda: feed.ledger.stored == FIRST)
        legacy.add_rows_that_halt_the_query()

        os.kill(await legacy.backend(), signal.SIGKILL)
        await until(lambda: "server closed the connection unexpectedly" in feed.error)

        await require_each_row_once(feed)


async def test_a_database_that_hangs_in_mid_query_is_given_up_and_asked_again(
    legacy: Legacy, poll: Poll
) -> None:
    """It is still connected and says nothing: the feed's own clock ends the wait."""
    async with poll(connect_timeout_s=2, query_timeout_s=0.5) as feed:
        await until(lambda: feed.ledger.stored == FIRST)
        legacy.add_rows_that_halt_the_query()
        backend = await legacy.backend()

        os.kill(backend, signal.SIGSTOP)
        await until(lambda: "has not answered the query within 0.5 s" in feed.error)
        legacy.open_gate()
        await require_each_row_once(feed)

        os.kill(backend, signal.SIGCONT)


async def test_a_query_that_is_too_slow_does_not_go_on_in_the_server(
    legacy: Legacy, poll: Poll
) -> None:
    """Nobody waits for it any more; the feed says which option to raise."""
    async with poll(query_timeout_s=0.3) as feed:
        await until(lambda: feed.ledger.stored == FIRST)
        legacy.add_rows_that_halt_the_query()
        slow = await legacy.backend()

        await until(lambda: "raise query_timeout_s" in feed.error)
        await until(lambda: slow not in legacy.backends())
        legacy.open_gate()
        await require_each_row_once(feed)


async def test_a_database_that_does_not_let_in_is_told(legacy: Legacy, poll: Poll) -> None:
    """The port is open, but nobody is behind it: connecting ends, too."""
    with legacy.database.frozen():
        async with poll(connect_timeout_s=2) as feed:
            await until(lambda: "timeout" in feed.error)
            assert "cannot be read: " in feed.error


async def test_a_feed_stops_while_its_query_hangs(legacy: Legacy, poll: Poll) -> None:
    """What was read stays settled; the query's thread keeps no process from ending."""
    async with poll() as feed:
        await until(lambda: feed.ledger.stored == FIRST)
        legacy.add_rows_that_halt_the_query()
        await legacy.backend()

        await feed.transport.stop()

        assert legacy.backends()
        assert feed.ledger.received == FIRST
        hanging = [one for one in threading.enumerate() if one.name.startswith(feed.feed.id)]
        assert [thread.daemon for thread in hanging] == [True]


@pytest.mark.parametrize("option", ["connect_timeout_s", "query_timeout_s"])
async def test_a_timeout_of_nothing_is_refused(poll: Poll, option: str) -> None:
    """It would never read a row."""
    with pytest.raises(FeedMisconfigured, match=option):
        async with poll(**{option: 0}):
            pytest.fail("it started")
