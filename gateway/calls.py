"""The outermost layer of every call: what callers are told when something goes wrong."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from gateway.errors import GatewayError, InvalidRequest, Starting, TooSlow, to_status
from gateway.identity import Context

R = TypeVar("R")
Method = Callable[[Any, Context], Awaitable[R]]
_log = structlog.get_logger()


class Gate:
    """Whether calls are served: not before the view is whole."""

    __slots__ = ("is_open",)

    def __init__(self) -> None:
        self.is_open = False

    def require_open(self) -> None:
        """Fail while calls are not served.

        Raises:
            Starting: If the view is not whole yet.
        """
        if not self.is_open:
            raise Starting


def guarded(name: str, gate: Gate, request_type: type[Message], method: Method[R]) -> Method[R]:
    """Return a method that tells its caller known errors in full and unknown ones never.

    Args:
        name: The method's name, for the log.
        gate: While it is closed, callers are told to come back.
        request_type: What the bytes of a request are.
        method: The method.
    """

    async def call(request: bytes, context: Context) -> R:
        began = time.perf_counter()
        try:
            gate.require_open()
            return await method(_decoded(request_type, request), context)
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
