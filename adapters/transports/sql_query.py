"""A query that is asked again and again, for the rows after a key."""

import hashlib
import math
from datetime import timedelta
from typing import Any, Final

import msgspec
import sqlalchemy
import sqlalchemy.exc

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports.retry import Trouble

# How drivers call the time that connecting may take; whole seconds suit all of them.
_CONNECT_TIMEOUTS: Final = {
    "mysqldb": "connect_timeout",
    "oracledb": "tcp_connect_timeout",
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymysql": "connect_timeout",
}
# PostgreSQL Errors, appendix A: query_canceled, which a statement timeout is.
_CANCELLED: Final = "57014"


class Row(msgspec.Struct, frozen=True):
    """A row as it was read."""

    key: Any
    document: bytes

    @property
    def digest(self) -> bytes:
        """Return what tells it from other rows, and from itself once it was changed."""
        return hashlib.blake2b(self.document, digest_size=16).digest()


class SqlQuery:
    """Asks a database; each time over a connection of its own.

    Polls are rare: a connection kept between them would only be found dead.

    Args:
        feed: The feed's id.
        source: Any URL that SQLAlchemy opens.
        password: Replaces the URL's; empty: none.
        query: A SELECT without ORDER BY or LIMIT.
        key: The column of it by which rows are ordered.
        connect_s: How long connecting may take, seconds, where the driver can be told.
        query_s: How long a query may take, seconds, where the server can be told: so that
            it does not go on with one that nobody waits for any more.

    Raises:
        FeedMisconfigured: If SQLAlchemy or its driver cannot open the URL.
    """

    def __init__(
        self,
        feed: str,
        source: str,
        password: str,
        query: str,
        key: str,
        *,
        connect_s: float,
        query_s: float,
    ) -> None:
        self._key = key
        self._query_s = query_s
        self._rows = sqlalchemy.text(query).columns(sqlalchemy.column(key)).subquery("q")
        try:
            url = sqlalchemy.make_url(source)
            self._url = url.set(password=password) if password else url
            self._engine = sqlalchemy.create_engine(
                self._url,
                poolclass=sqlalchemy.NullPool,
                connect_args=_connect_args(self._url, connect_s),
            )
        except (sqlalchemy.exc.ArgumentError, ImportError) as error:
            raise FeedMisconfigured(
                feed,
                f"the database cannot be opened ({_first_line(error)})",
                "write the source as sql+postgresql+psycopg://user@host/database, and install "
                "the database's driver",
            ) from error

    @property
    def address(self) -> str:
        """Return the database without its password."""
        shown = self._url.set(query={}).render_as_string(hide_password=True)
        return f"sql+{shown}"

    def rows(self, after: Any, limit: int) -> list[Row]:
        """Return rows in the order of their keys; blocks.

        Args:
            after: The key after which they begin; None: from the first.
            limit: How many, at most.

        Raises:
            Trouble: If the database does not give them.
        """
        key = self._rows.c[self._key]
        select = sqlalchemy.select(sqlalchemy.text("*")).select_from(self._rows)
        if after is not None:
            select = select.where(key > after)
        try:
            with self._engine.connect() as connection:
                self._limit_time(connection)
                found = connection.execute(select.order_by(key).limit(limit)).mappings()
                return [Row(row[self._key], _document(dict(row))) for row in found]
        except KeyError as error:
            raise Trouble(f"the query gives no column {self._key!r}: name it in key") from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            if getattr(getattr(error, "orig", None), "sqlstate", "") == _CANCELLED:
                raise self.too_slow() from error
            raise Trouble(f"{self.address} cannot be read: {_first_line(error)}") from error

    def _limit_time(self, connection: sqlalchemy.Connection) -> None:
        """Have the server end a query that takes too long."""
        if connection.dialect.name == "postgresql":
            # For this transaction only, and no start-up option: poolers take nothing else.
            limit = f"SET LOCAL statement_timeout = {math.ceil(self._query_s * 1000)}"
            connection.execute(sqlalchemy.text(limit))

    def too_slow(self) -> Trouble:
        """Return what is told of a database that does not answer in time."""
        return Trouble(
            f"{self.address} has not answered the query within {self._query_s:g} s: see whether "
            f"the database hangs, give {self._key} an index, or raise query_timeout_s of the "
            "feed's transport"
        )

    def close(self) -> None:
        """Give back what it holds."""
        self._engine.dispose()


def _connect_args(url: sqlalchemy.URL, connect_s: float) -> dict[str, Any]:
    """Return how the driver is told how long connecting may take; the URL goes first."""
    name = _CONNECT_TIMEOUTS.get(url.get_driver_name())
    return {name: math.ceil(connect_s)} if name and name not in url.query else {}


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
