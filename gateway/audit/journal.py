"""Making entries durable, together, before answers leave.

What comes while a group is being written is in the next one: one signature, one write, one
flush. Whoever comes alone is written at once. The journal lies on the gateway's own disk,
so that accesses are served, and recorded, also while the bus is away.
"""

import asyncio
import contextlib
import itertools
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import structlog

from broker.connection import Bus
from broker.errors import SpoolDamaged
from broker.forwarder import Forwarder
from broker.lookup import last_message
from broker.outgoing import Outgoing
from broker.signing import read_signing_key
from broker.spool import Spool
from broker.subjects import audit_subject
from broker.users import AUDIT
from gateway.audit.access import Access
from gateway.audit.chain import Chain, Head, Sealed
from gateway.audit.gathering import GROUP, Gathering
from gateway.audit.standing import JournalUnusable, alone, head_in
from gateway.errors import AuditFull

_PAUSE_S = 0.5
_log = structlog.get_logger()


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a gateway records accesses.

    Attributes:
        gateway: Its name in the log; no other gateway may have it.
        key: File with its signing key.
        public_keys: Folder with the public keys of all gateways.
        path: File of its journal.
        max_bytes: How much the journal takes while the bus does not.
        every_s: After how many seconds an open stream is recorded again.
    """

    gateway: str
    key: str
    public_keys: str
    path: str
    max_bytes: int = 256 << 20
    every_s: float = 60.0


class Journal:
    """One gateway's journal, and its way to the log.

    Use it as ``async with Journal(settings, bus) as journal``.

    Args:
        settings: Where and how.
        bus: An open connection whose user may publish and read the log.

    Attributes:
        is_stuck: Whether the last group could not be written.

    Raises:
        HomeDamaged: On entering, if the signing key cannot be read.
        SpoolDamaged: On entering, if the file cannot be used.
        StreamUnavailable: On entering, if the log cannot be read.
        JournalUnusable: On entering, if another process has it open, or the log has
            entries of this gateway's name that are not from this journal.
    """

    def __init__(self, settings: JournalSettings, bus: Bus) -> None:
        self._settings = settings
        self._bus = bus
        self._chain = Chain(settings.gateway, read_signing_key(Path(settings.key)))
        self._subject = audit_subject(settings.gateway)
        self._spool = Spool(Path(settings.path), settings.max_bytes)
        self._forwarder = Forwarder(bus, self._spool, AUDIT, self._subject)
        self._waiting: deque[Access] = deque()
        self._wake = asyncio.Event()
        self._gathering = Gathering()
        self._is_in_doubt = False
        self._is_closing = False
        self.is_stuck = False
        self._refused = 0
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(alone(Path(self._settings.path)))
            await stack.enter_async_context(self._spool)
            self._chain.head = await self._continued()
            await stack.enter_async_context(self._forwarder)
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(self._ended)
            stack.push_async_callback(self._end)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def head(self) -> Head:
        """Return where the chain stands on disk."""
        return self._chain.head

    def count_waiting(self) -> int:
        """Return how many entries are not in the log yet: groups on disk, and what comes."""
        return self._spool.total + len(self._waiting)

    def count_refused(self) -> int:
        """Return how often accesses could not be recorded since it was opened."""
        return self._refused

    def note(self, access: Access) -> None:
        """Record an access for which nobody waits."""
        self._waiting.append(access)
        self._wake.set()

    def put(self, access: Access) -> "asyncio.Future[None]":
        """Record an access; the future is done when it is on disk.

        It fails with `AuditFull` if it cannot be recorded.
        """
        durable = access.durable = asyncio.get_running_loop().create_future()
        if self._running.done():
            durable.set_exception(AuditFull())
            return durable
        self._waiting.append(access)
        self._wake.set()
        return durable

    async def _continued(self) -> Head:
        """Return where the chain stands, by the journal and by the log."""
        last = await last_message(self._bus, AUDIT, self._subject)
        logged = head_in(last.payload, "the log") if last is not None else None
        written = await self._written()
        if written is None:
            if logged is not None:
                _log.warning(
                    "the journal is new: the chain goes on where the log ends",
                    gateway=self._settings.gateway,
                    sequence=logged.sequence,
                )
            return logged or self._chain.head
        if logged is not None and logged.sequence > written.sequence:
            raise JournalUnusable(
                f"the journal {self._settings.path} ends at entry {written.sequence} of gateway "
                f"{self._settings.gateway}, the log at {logged.sequence}: two gateways must not "
                "have one name, and a journal must not be restored from a copy; give this one "
                "another name, or move its journal away to go on where the log ends"
            )
        return written

    async def _written(self) -> Head | None:
        """Return where the chain stands by the journal; None: it is new."""
        newest = await self._spool.newest(AUDIT)
        return head_in(newest.payload, self._settings.path) if newest is not None else None

    async def _run(self) -> None:
        """Write what comes, in groups."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._gathering.gather(self._waiting)
                if await self._write():
                    continue
                if self._is_closing:
                    _log.error("the last accesses were not recorded", count=len(self._waiting))
                    return
                await asyncio.sleep(_PAUSE_S)
            if self._is_closing:
                return

    async def _write(self) -> bool:
        """Write a group; tell whether it is on disk. If not, whoever waits is told."""
        accesses = list(itertools.islice(self._waiting, GROUP))
        try:
            if self._is_in_doubt:
                self._chain.head = await self._written() or self._chain.head
            sealed = self._chain.seal(accesses)
            added = await self._spool.append(AUDIT, [self._message(sealed)])
        except SpoolDamaged as error:
            # A write that failed may be on disk all the same.
            self._is_in_doubt = True
            self._refuse(str(error))
            return False
        if added is None:
            size = self._spool.bytes / 1e6
            self._refuse(f"{self._settings.path} is full: {size:.1f} MB wait for the bus")
            return False
        self._is_in_doubt = self.is_stuck = False
        self._chain.head = sealed.head
        self._gathering.wrote(sealed.size)
        for _ in range(sealed.size):
            self._waiting.popleft()
        for access in accesses[: sealed.size]:
            if access.durable is not None and not access.durable.done():
                access.durable.set_result(None)
        self._forwarder.wake()
        return True

    def _message(self, sealed: Sealed) -> Outgoing:
        """Return a group as it goes to the log; the same id whenever it is sent."""
        head = sealed.head
        identity = f"{self._settings.gateway}.{head.sequence}.{head.hash.hex()[:16]}"
        return Outgoing(self._subject, sealed.payload, identity)

    def _refuse(self, why: str) -> None:
        """Tell everyone who waits; what nobody waits for stays until it can be written."""
        if not self.is_stuck:
            _log.error("accesses cannot be recorded, and are refused", why=why)
        self.is_stuck = True
        self._refused += 1
        left = deque[Access]()
        for access in self._waiting:
            if access.durable is None:
                left.append(access)
            elif not access.durable.done():
                access.durable.set_exception(AuditFull())
        self._waiting = left

    async def _end(self) -> None:
        """Write what is left, and end; a write that is under way is never broken off."""
        self._is_closing = True
        self._wake.set()
        await asyncio.wait((self._running,))

    def _ended(self, running: "asyncio.Task[None]") -> None:
        """Serve nobody any more after a fault of our own: nothing could be recorded."""
        if not running.cancelled() and running.exception() is not None:
            _log.error("recording has ended: report this", exc_info=running.exception())
            self._refuse("the journal has a fault")
