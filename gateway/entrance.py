"""What every call passes before it is served, and what may end it before its caller does."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from google.protobuf.message import Message

from gateway.agreements import Agreements
from gateway.audit.recorder import Recorder
from gateway.call import Call
from gateway.errors import (
    CertificateRevoked,
    GatewayError,
    Starting,
    TooLate,
    Unauthenticated,
)
from gateway.identity import OPERATORS, UNKNOWN, Context, identify, serial_of
from gateway.limits import CallLimits, Rates
from gateway.permit import Permit
from gateway.revocation import Revoked


class Entrance:
    """What every call passes: as a known department, on record, when the view is whole.

    Args:
        agreements: Who may read what.
        recorder: Records every call.
        limits: What calls may take.
        revoked: Certificates that are not to be trusted any more.
        agencies: The city's departments; none: any that a certificate of the city names.
    """

    def __init__(
        self,
        agreements: Agreements,
        recorder: Recorder,
        limits: CallLimits,
        revoked: Revoked,
        agencies: Collection[str] = (),
    ) -> None:
        self._known = frozenset((*agencies, OPERATORS)) if agencies else None
        self._agreements = agreements
        self._rates = Rates(limits.per_s, limits.burst)
        self._revoked = revoked
        self._streams: dict[asyncio.Task[Any], Call] = {}
        self._ended: dict[asyncio.Task[Any], GatewayError] = {}
        self.begun: dict[asyncio.Task[Any], tuple[float, Context]] = {}
        self.recorder = recorder
        self.deadline_s = limits.deadline_s
        self.nothing = Permit(UNKNOWN, ())
        self.is_open = False
        revoked.on_change(self._end_revoked)

    def admit(self, method: str, kind: type[Message], data: bytes, context: Context) -> Call:
        """Return the call of a known department.

        Raises:
            Unauthenticated: If the caller is none of the city.
        """
        caller, trace = identify(context)
        if self._known is not None and caller.agency not in self._known:
            # One that has left the city, whose certificate still holds.
            raise Unauthenticated(f"{caller.agency}, which is no department of this city")
        return Call(method, kind, data, caller, self._agreements.permit(caller), context, trace)

    def require_served(self, call: Call) -> None:
        """Check that a call may be served now.

        Raises:
            CertificateRevoked: If its certificate was taken back.
            Starting: If the view is not whole yet.
            TooMany: If its department has made too many.
        """
        if self._revoked and (serial := self._serial(call)) in self._revoked:
            raise CertificateRevoked(serial)
        if not self.is_open:
            raise Starting
        self._rates.spend(call.caller.agency)

    @contextlib.contextmanager
    def streaming(self, call: Call) -> Iterator[None]:
        """Serve a stream, which may have to end before its caller ends it.

        Raises:
            GatewayError: With why it had to.
        """
        task = asyncio.current_task()
        assert task is not None, "calls are served in tasks"
        self._streams[task] = call
        try:
            yield
        except asyncio.CancelledError:
            self.raise_ended(task)
            raise
        finally:
            del self._streams[task]

    def raise_ended(self, task: asyncio.Task[Any]) -> None:
        """Raise what a call that was cancelled had to end for; nothing if its caller did it.

        Raises:
            GatewayError: With why it had to end.
        """
        error = self._ended.pop(task, None)
        if error is not None:
            task.uncancel()
            raise error from None

    def end_late(self) -> None:
        """End calls without a deadline that have lasted too long; streams may last for ever.

        A timer for each call would cost a tenth of what the call costs.
        """
        before = time.monotonic() - self.deadline_s
        for task, (began, context) in self.begun.items():
            if began < before and task not in self._ended and context.time_remaining() is None:
                self._ended[task] = TooLate(self.deadline_s)
                task.cancel()

    def end_streams(self, why: Callable[[Call], GatewayError | None]) -> None:
        """End streams.

        Args:
            why: Returns what a stream's caller is told; None: it goes on.
        """
        for task, call in self._streams.items():
            error = why(call)
            if error is not None and task not in self._ended:
                self._ended[task] = error
                task.cancel()

    def _end_revoked(self) -> None:
        """End the streams of certificates that were taken back."""

        def why(call: Call) -> GatewayError | None:
            serial = self._serial(call)
            return CertificateRevoked(serial) if serial in self._revoked else None

        self.end_streams(why)

    @staticmethod
    def _serial(call: Call) -> str:
        """Return the serial number of a caller's certificate."""
        return call.caller.serial or serial_of(call.context)
