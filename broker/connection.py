"""A connection to the bus: identity, TLS, and refusals told at once.

The server tells a refusal only as an error on the connection; the client library then
lets the publisher wait until its timeout. `Bus` hands each refusal to whoever publishes,
by subject.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from broker.client import REFUSED, BusClient
from broker.errors import BusClosed, BusUnreachable, HomeDamaged, KeyRefused
from broker.home import Home
from broker.nkey import read_seed
from broker.plan import BusPlan
from broker.users import inbox, servers_of

_DENIED = re.compile(r'permissions violation for publish to "([^"]+)"', re.IGNORECASE)
_CLOSE_S = 2.0
_log = structlog.get_logger()


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one user reaches the bus.

    Attributes:
        servers: The servers' addresses; any one of them will do.
        user: The user's name, of which its inboxes are made.
        seed_path: Where its NKEY seed lies.
        ca_path: Where the authority's certificate lies.
        patience_s: How long connecting is tried, seconds.
    """

    servers: tuple[str, ...]
    user: str
    seed_path: str
    ca_path: str
    patience_s: float = 10.0

    @classmethod
    def of(cls, home: Home, plan: BusPlan, user: str) -> Self:
        """Return the settings of a user, whose seed lies in the home."""
        return cls(
            servers=servers_of(plan, user),
            user=user,
            seed_path=str(home.seed_path(user)),
            ca_path=str(home.ca),
        )

    @property
    def url(self) -> str:
        """Return the servers' addresses, as people are told them."""
        return ", ".join(self.servers)

    def patient_for(self, seconds: float) -> Self:
        """Return the same with another patience."""
        return msgspec.structs.replace(self, patience_s=seconds)


class Bus:
    """An open connection of one user; it comes back by itself for ever.

    Use it as ``async with Bus(settings) as bus``. Some refusals make the server end a
    connection for good, without a word to whoever uses it: the body of the ``async with``
    is then cancelled and `BusClosed` raised in its place.

    Args:
        settings: Who connects, and where.
        is_patient: Whether to go on when the server cannot be reached in time, and to connect
            when it is there.

    Raises:
        HomeDamaged: On entering, if the seed or the authority's certificate cannot be read.
        BusUnreachable: On entering, if the server cannot be reached in time.
        KeyRefused: On entering, if the server does not know the user's key; on leaving, if
            it was so when the server was there.
        BusClosed: On leaving, if the server ended the connection for good.
    """

    def __init__(self, settings: BusSettings, *, is_patient: bool = False) -> None:
        self.settings = settings
        self._is_patient = is_patient
        self.nc: Client = BusClient(Path(settings.seed_path))
        self.js: JetStreamContext = self.nc.jetstream()
        self._on_denied: set[Callable[[str], None]] = set()
        self._on_lost: set[Callable[[], None]] = set()
        self._on_back: set[Callable[[], None]] = set()
        self._owner: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._connecting = True
        self._connection: asyncio.Task[None] | None = None
        self._closing = False
        self._gone = False
        self._last_error = ""

    async def __aenter__(self) -> Self:
        self._owner = asyncio.current_task()
        self._cancelling = self._owner.cancelling() if self._owner else 0
        seed = read_seed(Path(self.settings.seed_path)).decode()
        context = _tls(self.settings.ca_path)
        self._connection = asyncio.create_task(self._connect(seed, context))
        try:
            async with asyncio.timeout(self.settings.patience_s):
                await asyncio.shield(self._connection)
        except (OSError, nats.errors.Error) as error:
            if self._is_patient and not self._connection.done():
                _log.warning("the bus is not there yet", user=self.settings.user)
                self._connection.add_done_callback(self._connected)
                return self
            await self._close()
            raise BusUnreachable(
                self.settings.url, self.settings.patience_s, self._last_error or "no answer"
            ) from error
        except BaseException:
            await self._close()
            raise
        return self

    async def _connect(self, seed: str, context: ssl.SSLContext) -> None:
        """Connect, however long it takes."""
        await self.nc.connect(
            list(self.settings.servers),
            name=self.settings.user,
            nkeys_seed_str=seed,
            inbox_prefix=inbox(self.settings.user).encode(),
            tls=context,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]  # it takes seconds as any number
            connect_timeout=2,
            ping_interval=10,
            max_outstanding_pings=2,
            # Publishing while away fails at once instead of being kept: what is
            # kept may be stored later, after the sender was told that it was not.
            pending_size=-1,
            error_cb=self._error,
            disconnected_cb=self._lost,
            reconnected_cb=self._back,
            closed_cb=self._closed,
        )
        self._connecting = False
        self._last_error = ""

    def _connected(self, connection: asyncio.Task[None]) -> None:
        """End the body that goes on without the server, when that will never take its user."""
        if connection.cancelled() or connection.exception() is None:
            return
        self._gone = True
        if self._owner is not None:
            self._owner.cancel()

    async def connected(self) -> None:
        """Wait until the server was reached."""
        assert self._connection is not None, "the bus is not open"
        await asyncio.shield(self._connection)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        refused = self._refused()
        await self._close()
        if self._gone and (self._owner is None or self._owner.uncancel() <= self._cancelling):
            raise refused or BusClosed(self.settings.user, self._last_error) from error

    def _refused(self) -> BaseException | None:
        """Return why connecting ended in vain, if it did."""
        connection = self._connection
        if connection is None or not connection.done() or connection.cancelled():
            return None
        return connection.exception()

    async def _close(self) -> None:
        """End the connection."""
        self._closing = True
        if self._connection is not None:
            self._connection.cancel()
            await asyncio.wait((self._connection,))
        client = self.nc
        if not client.is_connected:
            # Nobody will read it, and the client would write it to a connection that is gone.
            client._pending, client._pending_data_size = [], 0  # noqa: SLF001
        cutting = asyncio.get_running_loop().call_later(_CLOSE_S, self._cut)
        try:
            # uvloop never says that a connection is closed which was called off while it began.
            async with asyncio.timeout(2 * _CLOSE_S):
                await client.close()
        except OSError as error:
            _log.debug("the connection did not end well", error=str(error))
        finally:
            cutting.cancel()

    def _cut(self) -> None:
        """Cut a connection whose other side neither reads nor hangs up."""
        writer = self.writer
        if writer is not None:
            writer.transport.abort()

    @property
    def writer(self) -> asyncio.StreamWriter | None:
        """Return what writes to the server; None: it has never been there."""
        return getattr(self.nc._transport, "_io_writer", None)  # noqa: SLF001

    @property
    def is_connected(self) -> bool:
        """Tell whether the server is there, as far as is known."""
        return bool(self.nc.is_connected)

    def on_denied(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the subject, in lower case, of each refused publish.

        Returns a function that ends the calling back.
        """
        self._on_denied.add(callback)
        return lambda: self._on_denied.discard(callback)

    def on_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back each time the connection is lost; returns a function that ends it."""
        self._on_lost.add(callback)
        return lambda: self._on_lost.discard(callback)

    def on_back(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back each time the connection is back; returns a function that ends it."""
        self._on_back.add(callback)
        return lambda: self._on_back.discard(callback)

    async def end(self, subscription: Subscription) -> None:
        """End a subscription, of which an absent server needs no telling."""
        try:
            await subscription.unsubscribe()
        except nats.errors.Error as error:
            _log.debug("a subscription could not be ended", error=str(error))

    async def _error(self, error: Exception) -> None:
        """Hand refusals to publishers; log the rest in one line."""
        denied = _DENIED.search(str(error))
        if denied is not None:
            for callback in tuple(self._on_denied):
                callback(denied[1].lower())
        if not isinstance(error, nats.errors.Error | OSError):
            # The client calls back from its own tasks, and goes on with what comes next.
            _log.error("what a message was handed to failed", exc_info=error)
            return
        text = str(error) or repr(error)
        # While the server is away the client says so with each of its attempts.
        if text != self._last_error:
            _log.warning("bus error", user=self.settings.user, error=text)
        self._last_error = text
        if self._connecting and REFUSED in text.lower():
            # What is raised here ends the client's attempts: another would fare no better.
            raise KeyRefused(self.settings.url, self.settings.user, self.settings.seed_path)

    async def _lost(self) -> None:
        """Tell whoever waits for an acknowledgement that it will not come."""
        if not self._closing:
            _log.warning("the bus is away", user=self.settings.user)
        for callback in tuple(self._on_lost):
            callback()

    async def _back(self) -> None:
        """Tell whoever reads that the connection is back."""
        self._last_error = ""
        _log.info("the bus is back", user=self.settings.user)
        for callback in tuple(self._on_back):
            callback()

    async def _closed(self) -> None:
        """End the body that uses the connection, when the server ended that for good."""
        if self._closing or self._connecting:
            return
        self._gone = True
        self._last_error = str(self.nc.last_error)
        _log.error("the bus is gone", user=self.settings.user, error=self._last_error)
        if self._owner is not None:
            self._owner.cancel()


def _tls(ca_path: str) -> ssl.SSLContext:
    """Return how servers are authenticated.

    Raises:
        HomeDamaged: If the authority's certificate cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca_path)
    except OSError as error:
        raise HomeDamaged(
            f"the authority's certificate {ca_path} cannot be read ({error}): run `liandong keys`"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
