"""Rows that come late, share a key, or were read before the last stop."""

import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports import ForgetfulCheckpoint
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import RunningFeed, impatient, until

AT = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
Run = Callable[..., None]
Poll = Callable[..., AbstractAsyncContextManager[RunningFeed]]


@pytest.fixture
def table() -> str:
    """Return a name that no other table has."""
    return f"stages_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine(database: str) -> sqlalchemy.Engine:
    """Return how the legacy system reaches its database."""
    return sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)


@pytest.fixture
def run(engine: sqlalchemy.Engine) -> Run:
    """Return how to run a statement."""

    def run(statement: str, *rows: dict[str, Any]) -> None:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement), list(rows) or None)

    return run


@pytest.fixture
def poll(city_home: Home, plan: BusPlan, database: str) -> Poll:
    """Return how to run a feed that reads the database."""

    def run(**options: Any) -> AbstractAsyncContextManager[RunningFeed]:
        return impatient(city_home, plan, f"sql+{database}", **options)

    return run


def options(table: str, **further: Any) -> dict[str, Any]:
    """Return the options of a feed that reads a table."""
    query = f"SELECT id, station, at, level_m FROM {table} WHERE level_m IS NOT NULL"
    return {"query": query, "key": "id", "interval_s": 0.02} | further


def made(run: Run, table: str, key: str = "bigint") -> str:
    """Make a table; return how to add rows to it."""
    columns = f"id {key}, station text, at timestamptz, level_m numeric(8, 3)"
    run(f"CREATE TABLE {table} ({columns})")
    return f"INSERT INTO {table} VALUES (:id, :station, :at, :level_m)"


def row(key: Any, station: str) -> dict[str, Any]:
    """Return a row."""
    return {"id": key, "station": station, "at": AT, "level_m": "3.125"}


async def test_a_restart_reads_only_what_is_new(poll: Poll, run: Run, table: str) -> None:
    """The checkpoint knows the last rows, with those that overlap."""
    insert = made(run, table)
    checkpoint = ForgetfulCheckpoint()
    run(insert, *(row(number, f"s{number}") for number in range(250)))
    further = options(table, batch=20)
    async with poll(checkpoint=checkpoint, **further) as feed:
        await until(lambda: feed.ledger.stored == 250)
        (record, *_) = await feed.records()
        assert record.water_level.level_m == 3.125
        assert record.observed_at.ToDatetime(UTC) == AT

    run(insert, row(250, "s250"))
    async with poll(checkpoint=checkpoint, **further) as feed:
        await until(lambda: feed.ledger.stored == 1)
        assert feed.ledger.received == 1


async def test_a_row_that_is_committed_late_is_found(
    poll: Poll,
    engine: sqlalchemy.Engine,
    run: Run,
    table: str,
) -> None:
    """A transaction that took its key earlier may end later than another."""
    insert = made(run, table)
    async with poll(**options(table)) as feed:
        with engine.connect() as slow:
            slow.execute(sqlalchemy.text(insert), row(1, "slow"))
            run(insert, row(2, "quick"))
            await until(lambda: feed.ledger.stored == 1)
            slow.commit()
        await until(lambda: feed.ledger.stored == 2)

        assert feed.ledger.received == 2


async def test_rows_that_share_a_key_are_never_parted(poll: Poll, run: Run, table: str) -> None:
    """Times are keys, too, and many rows may have the same."""
    insert = made(run, table, "timestamptz")
    moments = [AT + timedelta(seconds=number // 40) for number in range(200)]
    run(insert, *(row(moment, f"t{number}") for number, moment in enumerate(moments)))
    checkpoint = ForgetfulCheckpoint()
    further = options(table, batch=7, overlap=0)
    async with poll(checkpoint=checkpoint, **further) as feed:
        await until(lambda: feed.ledger.stored == 200)
        assert feed.ledger.received == 200

    run(insert, row(AT + timedelta(days=1), "next"))
    async with poll(checkpoint=checkpoint, **further) as feed:
        await until(lambda: feed.ledger.stored)
        assert feed.ledger.received == 1


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("text", ["a", "b", "c"]),
        ("numeric(12, 2)", ["1.50", "2.50", "10.00"]),
        ("date", [AT.date() + timedelta(days=number) for number in range(3)]),
        ("timestamp", [AT.replace(tzinfo=None) + timedelta(days=number) for number in range(3)]),
        ("uuid", [uuid.UUID(int=number) for number in range(3)]),
        ("double precision", [0.5, 1.5, 2.5]),
    ],
)
async def test_keys_of_many_types_are_resumed_from(
    poll: Poll,
    run: Run,
    table: str,
    kind: str,
    keys: list[Any],
) -> None:
    """What was saved as JSON is compared as what it was."""
    insert = made(run, table, kind)
    checkpoint = ForgetfulCheckpoint()
    for number, key in enumerate(keys):
        run(insert, row(key, f"k{number}"))
        async with poll(checkpoint=checkpoint, **options(table, overlap=1)) as feed:
            await until(lambda: feed.ledger.stored)
            assert feed.ledger.received == 1


async def test_any_database_that_sqlalchemy_opens_will_do(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """SQLite is one of them."""
    url = f"sqlite:///{tmp_path}/legacy.db"
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE t (id, station, at, level_m)"))
        insert = "INSERT INTO t VALUES (1, 'lite', '2026-07-01T09:30:00+00:00', 2.5)"
        connection.execute(sqlalchemy.text(insert))
    async with impatient(city_home, plan, f"sql+{url}", **options("t")) as feed:
        await until(lambda: feed.ledger.stored == 1)


async def test_what_the_database_refuses_is_told_and_tried_again(
    poll: Poll, run: Run, table: str
) -> None:
    """A table that is not there yet, and one that is."""
    async with poll(**options(table)) as feed:
        await until(lambda: "does not exist" in feed.error)
        run(made(run, table), row(1, "now"))
        await until(lambda: feed.ledger.stored == 1)


async def test_a_key_that_the_query_does_not_give_is_told(poll: Poll, run: Run, table: str) -> None:
    """The sentence names the column."""
    run(made(run, table), row(1, "a"))
    async with poll(**options(table, key="number")) as feed:
        await until(lambda: "number" in feed.error)
        assert feed.ledger.received == 0


async def test_the_password_comes_from_a_file_and_is_shown_nowhere(
    city_home: Home, plan: BusPlan, database: str
) -> None:
    """Neither in the address nor in an error."""
    (city_home.path / "password").write_text("secret\n")
    source = "sql+postgresql+psycopg://liandong@127.0.0.1:1/postgres"
    further = options("t", password_file="password")
    async with impatient(city_home, plan, source, **further) as feed:
        await until(lambda: feed.error)

        assert feed.transport._query._url.password == "secret"
        assert "secret" not in feed.error + feed.address


async def test_a_database_without_a_driver_is_told(city_home: Home, plan: BusPlan) -> None:
    """The sentence says to install it."""
    for source in ("sql+oracle+oracledb://u@h/d", "sql+nonsense://u@h/d", "sql+//"):
        with pytest.raises(FeedMisconfigured, match="install the database's driver"):
            async with impatient(city_home, plan, source, **options("t")):
                pytest.fail("it started")
