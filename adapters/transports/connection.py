"""One connection of a stream socket: decode what comes, settle it, then answer.

A connection has a decoder and one lot under way: what arrives while a lot is being
stored goes into the next one, so that a fast sender makes large lots and a slow one
waits for nobody. Answers go out in the order of the messages, after they are settled.

It is read no further while too much of it waits, while its peer does not read its
answers, and once it is being ended. TCP then holds the sender back, so memory is bounded.
"""

import asyncio
import enum
from collections.abc import Sequence
from typing import Any, cast

import structlog

from adapters.sdk.message import Decoder, Message, Undecodable
from adapters.transports.address import peer_name
from adapters.transports.crowd import Crowd
from adapters.transports.retry import settle

_GRACE_S = 2.0
_LOOK_S = 5.0
_MESSAGE_BYTES = 512
"""What a message costs beside its bytes."""
_log = structlog.get_logger()


class _Hold(enum.Flag):
    """Why a connection is not read."""

    FULL = enum.auto()
    UNREAD = enum.auto()
    ENDING = enum.auto()


class Connection(asyncio.Protocol):
    """One peer.

    Args:
        crowd: The connections it is one of.
    """

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._limits = crowd.limits
        self._waiting: list[Message | Undecodable] = []
        self._worker: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._holds = _Hold(0)
        self._peer = ""
        self._faults = 0
        self._has_ended = False
        self._last_progress = 0.0
        self._stall_checked = True
        self._timer: asyncio.TimerHandle | None = None
        self._given_up = asyncio.Event()
        self._log = _log
        self._decoder: Decoder[Any]
        self.took_messages = False
        self._is_understood = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or hang up when there are too many."""
        self._peer = peer_name(transport.get_extra_info("peername"))
        self._decoder = self._crowd.dialect.decoder(self._peer)
        self._log = _log.bind(feed=self._crowd.feed, peer=self._peer)
        # uvloop's transports are no asyncio.Transport by class, only by what they do.
        stream = cast("asyncio.Transport", transport)
        if not self._crowd.enter(self):
            self._log.warning("too many connections", limit=self._limits.max_connections)
            stream.abort()
            return
        self._transport = stream
        self._last_progress = self._now()
        self._look()
        self._log.info("connected")

    def data_received(self, data: bytes) -> None:
        """Decode what came, and see that it is settled."""
        if self._has_ended:
            return
        self._last_progress = self._now()
        self._stall_checked = False
        self._take(self._decoder.feed(data))

    def eof_received(self) -> bool:
        """Settle and answer what is left of a peer that has said all, then hang up."""
        self._end_input()
        if self._worker is None:
            self._hang_up()
        # TLS has no half-closed connections: there asyncio hangs up whatever is returned.
        return self._transport is not None and not self._transport.get_extra_info("sslcontext")

    @property
    def is_stranger(self) -> bool:
        """Tell whether nothing that it said was understood yet."""
        return not self._is_understood

    def cut(self) -> None:
        """Hang up at once: it has said nothing yet, and others come."""
        self._log.warning("too many connections", limit=self._limits.max_connections)
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what is left; there is nobody to answer any more."""
        if not self.closed.done():
            self.closed.set_result(None)
        if self._transport is None:
            return
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._given_up.set()
        self._end_input()
        if self._worker is None:
            self._leave()
        self._log.info("disconnected", reason=str(exc) if exc else "hung up")

    def _leave(self) -> None:
        """Be one of the crowd no more, and speak for nobody."""
        self._crowd.leave(self)
        self._crowd.pipeline.release(self._peer)

    async def drain(self) -> None:
        """Settle and answer what has come, then hang up."""
        self._hold(_Hold.ENDING)
        self._given_up.set()
        await self._rest()
        self._hang_up()
        await self.closed
        await self._rest()

    async def _rest(self) -> None:
        """Wait until nothing is under way."""
        while self._worker is not None:
            await asyncio.wait((self._worker,))

    def pause_writing(self) -> None:
        """Read no further from a peer that does not read its answers."""
        self._hold(_Hold.UNREAD)

    def resume_writing(self) -> None:
        """Read on once it has read them."""
        self._release(_Hold.UNREAD)

    def _hold(self, reason: _Hold) -> None:
        """Read no further."""
        if not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._holds |= reason

    def _release(self, reason: _Hold) -> None:
        """Read on, unless there is another reason not to."""
        was_held = bool(self._holds)
        self._holds &= ~reason
        if not was_held or self._holds or self._transport is None:
            return
        self._last_progress = self._now()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _end_input(self) -> None:
        """Take what the decoder has left, once."""
        if not self._has_ended:
            self._has_ended = True
            self._take(self._decoder.close())

    def _take(self, messages: Sequence[Message | Undecodable]) -> None:
        """Queue messages and have them worked on."""
        if not messages:
            return
        self.took_messages = True
        self._waiting.extend(messages)
        self._crowd.held_bytes += _bytes_of(messages)
        self._count_faults(messages)
        if self._is_full():
            self._hold(_Hold.FULL)
        self._work_on()

    def _is_full(self) -> bool:
        """Tell whether no more should be read for now."""
        return len(self._waiting) >= self._limits.max_waiting or (
            bool(self._waiting) and self._crowd.held_bytes >= self._limits.max_waiting_bytes
        )

    def _count_faults(self, messages: Sequence[Message | Undecodable]) -> None:
        """Hang up, once all is settled, on a peer that does not speak the protocol."""
        for message in messages:
            self._faults = self._faults + 1 if isinstance(message, Undecodable) else 0
            self._is_understood |= not self._faults
        if self._faults > self._limits.max_faults and not self._has_ended:
            self._log.warning("too many faults in a row", limit=self._limits.max_faults)
            self._hold(_Hold.ENDING)
            self._end_input()

    def _hang_up(self) -> None:
        """Hang up, and cut off a peer that does not read what is still to be sent."""
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(_GRACE_S, self._transport.abort)

    def _work_on(self) -> None:
        """Work on what waits, unless that is under way."""
        if self._worker is None and self._waiting:
            self._worker = asyncio.get_running_loop().create_task(self._work())
            self._worker.add_done_callback(self._worked)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        """End the connection when all is said, or when our own code failed on it."""
        self._worker = None
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            self._log.error("a connection failed: report this", exc_info=error)
            if self._transport is not None:
                self._transport.abort()
        self._work_on()
        if self._worker is not None:
            return
        if self._transport is None:
            self._leave()
        elif self._has_ended:
            self._hang_up()

    async def _work(self) -> None:
        """Settle what waits, lot by lot, until nothing does."""
        while self._waiting:
            most = self._crowd.pipeline.at_once
            lot, self._waiting = self._waiting[:most], self._waiting[most:]
            try:
                await self._settle(lot)
            finally:
                self._crowd.held_bytes -= _bytes_of(lot)
            # Whoever waited for us was not idle.
            self._last_progress = self._now()
            if not self._is_full():
                self._release(_Hold.FULL)

    async def _settle(self, lot: Sequence[Message | Undecodable]) -> None:
        """Settle messages and answer those that are safe.

        While the peer waits they are tried until the bus takes them: of those of a peer
        that expects no answers nobody else has a copy.
        """
        outcomes = await settle(
            self._crowd.pipeline, lot, self._peer, self._given_up, speaker=self._peer
        )
        answer = self._crowd.dialect.answer
        answers = b"".join(
            answer(message, outcome)
            for message, outcome in zip(lot, outcomes, strict=True)
            if outcome is not None
        )
        if lost := outcomes.count(None):
            self._log.error("not stored and not answered: the bus is away", messages=lost)
        if answers and self._transport is not None and not self._transport.is_closing():
            self._transport.write(answers)

    def _look(self) -> None:
        """Give up an unfinished message that stalls, and a connection that is idle."""
        if self._transport is None or self._transport.is_closing():
            return
        limits = self._limits
        # A peer that we do not read cannot be blamed for being quiet.
        is_ours = self._worker is not None and _Hold.UNREAD not in self._holds
        quiet = 0.0 if is_ours else self._now() - self._last_progress
        if quiet >= limits.idle_s:
            self._log.info("idle", seconds=round(quiet))
            self._hang_up()
        elif quiet >= limits.stall_s and not self._stall_checked and not self._holds:
            self._stall_checked = True
            left = self._decoder.close()
            self._decoder = self._crowd.dialect.decoder(self._peer)
            self._take(left)
        loop = asyncio.get_running_loop()
        every = min(limits.stall_s / 2, limits.idle_s / 2, _LOOK_S)
        self._timer = loop.call_later(every, self._look)

    def _now(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()


def _bytes_of(messages: Sequence[Message | Undecodable]) -> int:
    """Return what messages cost, roughly."""
    return sum(len(message.raw) + _MESSAGE_BYTES for message in messages)
