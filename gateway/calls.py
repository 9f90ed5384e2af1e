"""The outermost layer of every call: on record, and told what goes wrong."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any, NamedTuple, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from gateway.agreements import Agreements
from gateway.audit.recorder import FAILED, LEFT, Recorder
from gateway.call import Call
from gateway.errors import (
    CertificateRevoked,
    GatewayError,
    InvalidRequest,
    Starting,
    TooLate,
    Unauthenticated,
    to_status,
)
from gateway.identity import OPERATORS, UNKNOWN, Context, identify, serial_of
from gateway.limits import CallLimits, Rates
from gateway.permit import Permit
from gateway.revocation import Revoked

__all__ = ["Call", "Entrance", "Method", "Service", "handler"]
R = TypeVar("R")
_log = structlog.get_logger()


Method = Callable[[Any, Call], Awaitable[R]]


class Service(NamedTuple):
    """A gRPC service: its methods, and what the bytes of their requests are.

    Methods return encoded bytes, which are sent as they are; those of ``streams`` write
    them to their call's context.
    """

    name: str
    unaries: dict[str, tuple[Method[bytes], type[Message]]]
    streams: dict[str, tuple[Method[None], type[Message]]]


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


def handler(entrance: Entrance, service: Service) -> "grpc.GenericRpcHandler[Any, Any]":
    """Return what grpc.aio serves a service by."""
    name = service.name.rpartition(".")[2]
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for method, (serve, request) in service.unaries.items():
        handlers[method] = grpc.unary_unary_rpc_method_handler(
            _guarded(f"{name}/{method}", entrance, request, _answering(entrance, serve))
        )
    for method, (stream, request) in service.streams.items():
        handlers[method] = grpc.unary_stream_rpc_method_handler(
            _guarded(f"{name}/{method}", entrance, request, _streaming(entrance, stream))
        )
    return grpc.method_handlers_generic_handler(service.name, handlers)


def _answering(entrance: Entrance, method: Method[bytes]) -> Method[bytes]:
    """Return a method whose answer leaves when it is on record."""
    recorder, begun = entrance.recorder, entrance.begun

    async def answer(request: Message, call: Call) -> bytes:
        task = asyncio.current_task()
        assert task is not None, "calls are served in tasks"
        begun[task] = (time.monotonic(), call.context)
        try:
            reply = await method(request, call)
        except asyncio.CancelledError:
            entrance.raise_ended(task)
            raise
        finally:
            del begun[task]
        await recorder.answered(call)
        return reply

    return answer


def _streaming(entrance: Entrance, method: Method[None]) -> Method[None]:
    """Return a method whose messages leave when it is on record."""
    recorder = entrance.recorder

    async def stream(request: Message, call: Call) -> None:
        recorded = recorder.stream(call)
        call.context = recorded.context
        try:
            with entrance.streaming(call):
                await method(request, call)
            recorded.ended()
        finally:
            recorder.closed(recorded)

    return stream


def _guarded(
    name: str, entrance: Entrance, request_type: type[Message], method: Method[R]
) -> Callable[[bytes | GatewayError, Context], Awaitable[R | None]]:
    """Return a method that tells its caller known errors in full and unknown ones never.

    It takes a request, or why the call is refused without one.
    """
    recorder = entrance.recorder

    def unknown(data: bytes, context: Context) -> Call:
        return Call(name, request_type, data, UNKNOWN, entrance.nothing, context)

    async def call(request: bytes | GatewayError, context: Context) -> R | None:
        began = time.perf_counter()
        admitted: Call | None = None
        data = request if isinstance(request, bytes) else b""
        try:
            admitted = entrance.admit(name, request_type, data, context)
            entrance.require_served(admitted)
            return await method(_decoded(request_type, request), admitted)
        except GatewayError as error:
            told = await recorder.refused(admitted or unknown(data, context), error)
            milliseconds = round((time.perf_counter() - began) * 1e3, 2)
            _log.info("call refused", method=name, error=str(told), ms=milliseconds)
            status = to_status(told)
            if admitted is not None and recorder.is_under_way(admitted):
                # To abort would wait until the caller has read everything, and what is raised
                # takes the place of the details.
                context.set_trailing_metadata(status.trailing_metadata or ())
                context.set_code(status.code)
                context.set_details(status.details)
                return None
            # The stubs lack this method of grpc.aio.
            await context.abort_with_status(status)  # type: ignore[attr-defined]
            raise
        except asyncio.CancelledError:
            recorder.broken_off(admitted or unknown(data, context), LEFT)
            raise
        except Exception:
            _log.exception("call failed", method=name)
            recorder.broken_off(admitted or unknown(data, context), FAILED)
            await context.abort(
                grpc.StatusCode.INTERNAL, "the gateway failed; the operators can see why"
            )
            raise

    return call


def _decoded(request_type: type[Message], data: bytes | GatewayError) -> Message:
    """Return a request.

    Raises:
        InvalidRequest: If the bytes are none.
        GatewayError: If that is what there is in place of bytes.
    """
    if isinstance(data, GatewayError):
        raise data
    try:
        return request_type.FromString(data)
    except DecodeError as error:
        name = request_type.DESCRIPTOR.full_name
        raise InvalidRequest(
            [("request", f"{len(data)} bytes that are no {name}: call with its own schema")]
        ) from error
