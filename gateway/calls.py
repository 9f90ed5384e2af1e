"""The outermost layer of every call: on record, and told what goes wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from gateway.audit.recorder import FAILED, LEFT
from gateway.call import Call
from gateway.entrance import Entrance
from gateway.errors import GatewayError, InvalidRequest, to_status
from gateway.identity import UNKNOWN, Context

__all__ = ["Call", "Method", "Service", "handler"]
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
