"""The outermost layer of every call: what callers are told when something goes wrong."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from gateway.agreements import Agreements
from gateway.errors import GatewayError, InvalidRequest, Starting, TooSlow, to_status
from gateway.identity import Caller, Context, identify
from gateway.key import Key
from gateway.permit import Permit

R = TypeVar("R")
_log = structlog.get_logger()


class Ask(NamedTuple):
    """A question that was put to a department, or was refused.

    Attributes:
        agency: The department.
        question: The question's name.
        agreements: Ids of the agreements that let it; empty: the own department; None: none did.
        outcome: ``OK``, or the error's code, for example ``DEADLINE_EXCEEDED``.
    """

    agency: str
    question: str
    agreements: tuple[str, ...] | None
    outcome: str


@dataclass(slots=True, eq=False)
class Call:
    """A call that is being served.

    Attributes:
        method: The method's name, ``Service/Method``.
        caller: Who calls, and what for.
        permit: What the caller may read, as it was decided when the call began.
        context: The call itself.
        read: How many records of which key have left, for the record of accesses.
        asked: Which department was asked what, for the same.
    """

    method: str
    caller: Caller
    permit: Permit
    context: Context
    read: Counter[Key] = field(default_factory=Counter)
    asked: list[Ask] = field(default_factory=list)


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
    """What every call passes: not before the view is whole, and as a known department.

    Args:
        agreements: Who may read what.
    """

    __slots__ = ("_agreements", "is_open")

    def __init__(self, agreements: Agreements) -> None:
        self._agreements = agreements
        self.is_open = False

    def admit(self, method: str, context: Context) -> Call:
        """Return a call that may be served.

        Raises:
            Starting: If the view is not whole yet.
            Unauthenticated: If the caller is no department of the city.
        """
        if not self.is_open:
            raise Starting
        caller = identify(context)
        return Call(method, caller, self._agreements.permit(caller), context)


def handler(entrance: Entrance, service: Service) -> "grpc.GenericRpcHandler[Any, Any]":
    """Return what grpc.aio serves a service by."""
    name = service.name.rpartition(".")[2]
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for method, (serve, request) in service.unaries.items():
        handlers[method] = grpc.unary_unary_rpc_method_handler(
            _guarded(f"{name}/{method}", entrance, request, serve)
        )
    for method, (stream, request) in service.streams.items():
        handlers[method] = grpc.unary_stream_rpc_method_handler(
            _guarded(f"{name}/{method}", entrance, request, stream)
        )
    return grpc.method_handlers_generic_handler(service.name, handlers)


def _guarded(
    name: str, entrance: Entrance, request_type: type[Message], method: Method[R]
) -> Callable[[bytes, Context], Awaitable[R]]:
    """Return a method that tells its caller known errors in full and unknown ones never."""

    async def call(request: bytes, context: Context) -> R:
        began = time.perf_counter()
        try:
            admitted = entrance.admit(name, context)
            return await method(_decoded(request_type, request), admitted)
        except TooSlow as error:
            # A status with details would wait until the caller has read everything.
            context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
            context.set_details(str(error))
            _log.warning("call ended", method=name, error=str(error))
            raise
        except GatewayError as error:
            milliseconds = round((time.perf_counter() - began) * 1e3, 2)
            _log.info("call refused", method=name, error=str(error), ms=milliseconds)
            # The stubs lack this method of grpc.aio.
            await context.abort_with_status(to_status(error))  # type: ignore[attr-defined]
            raise
        except Exception:
            _log.exception("call failed", method=name)
            await context.abort(
                grpc.StatusCode.INTERNAL, "the gateway failed; the operators can see why"
            )
            raise

    return call


def _decoded(request_type: type[Message], data: bytes) -> Message:
    """Return a request.

    Raises:
        InvalidRequest: If the bytes are none.
    """
    try:
        return request_type.FromString(data)
    except DecodeError as error:
        name = request_type.DESCRIPTOR.full_name
        raise InvalidRequest(
            [("request", f"{len(data)} bytes that are no {name}: call with its own schema")]
        ) from error
