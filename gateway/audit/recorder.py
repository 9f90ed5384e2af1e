"""What the entrance tells of each call, and what becomes an entry of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from gateway.audit.access import ANSWERED, Access, Course
from gateway.audit.journal import Journal
from gateway.call import Call
from gateway.entry import Entry
from gateway.errors import AuditFull, GatewayError, NoAgreement, NotFound, reason_of
from gateway.identity import Caller, Context
from gateway.key import Key
from gateway.permit import Permit
from liandong.gateway.v1.audit_pb2 import (
    OUTCOME_BROKEN_OFF,
    OUTCOME_REFUSED,
    PHASE_CALL,
    PHASE_CONTINUED,
    PHASE_ENDED,
    PHASE_OPENED,
    Phase,
)

LEFT = "CANCELLED"
FAILED = "INTERNAL"


class Recorder:
    """Records calls.

    Args:
        journal: Where to; it must be open.
        held: Returns the record of a name, to tell who owns what stayed closed.
        permit: Returns what a caller may read now.
        every_s: After how many seconds an open stream is recorded again.
    """

    def __init__(
        self,
        journal: Journal,
        held: Callable[[str], Entry | None],
        permit: Callable[[Caller], Permit],
        every_s: float,
    ) -> None:
        self._journal = journal
        self._held = held
        self._permit = permit
        self._every_s = every_s
        self._streams: set[RecordedStream] = set()

    async def answered(self, call: Call) -> None:
        """Record a call that is about to be answered; it may be when this returns.

        Raises:
            AuditFull: If it cannot be recorded: it must not be answered.
        """
        call.is_recorded = True
        await self._journal.put(Access(call, call.read, call.permit, time.time_ns()))

    async def refused(self, call: Call, error: GatewayError) -> GatewayError:
        """Record a refusal; return what the caller is to be told."""
        if isinstance(error, AuditFull):
            if isinstance(call.context, RecordedStream) and call.context.opening is not None:
                # What has left already is recorded as soon as that can be.
                full = Course(PHASE_ENDED, OUTCOME_REFUSED, reason_of(error), str(error))
                self._journal.note(_ended(call, full))
            return error
        closed = self._closed(call, error)
        course = Course(PHASE_CALL, OUTCOME_REFUSED, reason_of(error), str(error), closed)
        try:
            await self._journal.put(_ended(call, course))
        except AuditFull as full:
            return full
        return error

    def _closed(self, call: Call, error: GatewayError) -> tuple[str, ...]:
        """Return who is to be told that the caller was refused.

        A record that the caller may see was not refused, if it was not there at the time
        that was asked for.
        """
        if isinstance(error, NoAgreement):
            return (error.metadata()["provider"],)
        held = self._held(error.name) if isinstance(error, NotFound) else None
        if held is None or call.permit.disclosure(held.key) is not None:
            return ()
        return (held.key.agency,)

    def broken_off(self, call: Call, why: str) -> None:
        """Record a call that ended without an answer, unless it was recorded before."""
        if not call.is_recorded:
            self._journal.note(_ended(call, Course(PHASE_CALL, OUTCOME_BROKEN_OFF, why)))

    @staticmethod
    def is_under_way(call: Call) -> bool:
        """Tell whether a call is a stream that has begun to leave."""
        return isinstance(call.context, RecordedStream) and call.context.opening is not None

    def stream(self, call: Call) -> "RecordedStream":
        """Record a call's stream from its first message on."""
        stream = RecordedStream(self._journal, call)
        self._streams.add(stream)
        return stream

    def closed(self, stream: "RecordedStream") -> None:
        """Record a stream no more."""
        self._streams.discard(stream)

    def turn(self) -> None:
        """Record what has left so far, for agreements have changed: it left by those before.

        To be called before any stream goes on.
        """
        for stream in tuple(self._streams):
            stream.turn(self._permit(stream.caller))

    async def run(self) -> None:
        """Record again and again what has left by open streams, for ever."""
        while True:
            await asyncio.sleep(self._every_s)
            for stream in tuple(self._streams):
                stream.go_on()


def _ended(call: Call, course: Course) -> Access:
    """Return the entry of a call that was not answered, or of a stream's end."""
    if isinstance(call.context, RecordedStream) and call.context.opening is not None:
        return call.context.part(PHASE_ENDED, course)
    # What was counted has not left.
    return Access(call, Counter(), call.permit, time.time_ns(), course, asked=call.asked)


class RecordedStream:
    """A stream's context, whose first message leaves when the stream is on record.

    All else is the context's own.

    Args:
        journal: Where it is recorded.
        call: The call.

    Attributes:
        caller: Who reads it.
        opening: The entry of its beginning; None: nothing has been sent.
    """

    def __init__(self, journal: Journal, call: Call) -> None:
        self.caller = call.caller
        self.opening: Access | None = None
        self._journal = journal
        self._call = call
        self._permit = call.permit
        self._context = call.context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def context(self) -> Context:
        """Return this as the context that it stands for."""
        return cast("Context", self)

    async def write(self, message: bytes) -> None:
        """Send a message, the first one after the stream is on record.

        Raises:
            AuditFull: If what the stream sends cannot be recorded.
        """
        if self.opening is None:
            self.opening = self.part(PHASE_OPENED)
            try:
                await self._journal.put(self.opening)
            except AuditFull:
                self.opening = None
                raise
            # The first message would take them along, and a stream that is ended while that is
            # on its way would send them again with its status, and so send none.
            await self._context.send_initial_metadata(())
        elif self._journal.is_stuck:
            await self._prove()
        await self._context.write(message)

    def go_on(self) -> None:
        """Record what has left since the last time, if anything has."""
        if self.opening is not None and (self._call.read or self._call.asked):
            self._journal.note(self.part(PHASE_CONTINUED))

    def turn(self, permit: Permit) -> None:
        """Record what has left by the permit before, if this is another."""
        if permit is not self._permit:
            self.go_on()
            self._permit = permit

    async def _prove(self) -> None:
        """Record what has been counted before any more leaves.

        Raises:
            AuditFull: If that cannot be.
        """
        part = self.part(PHASE_CONTINUED)
        try:
            await self._journal.put(part)
        except AuditFull:
            self._call.read.update(part.read)
            raise

    def ended(self) -> None:
        """Record that the stream has ended well."""
        phase = PHASE_ENDED if self.opening is not None else PHASE_CALL
        self._journal.note(self.part(phase))

    def part(self, phase: "Phase.ValueType", course: Course = ANSWERED) -> Access:
        """Return an entry with what was counted since the one before it."""
        call = self._call
        read, call.read = call.read, Counter[Key]()
        asked, call.asked = call.asked, []
        told = course._replace(phase=phase)
        return Access(call, read, self._permit, time.time_ns(), told, self.opening, asked)
