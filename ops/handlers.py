"""gRPC services with something around each of their methods."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.GenericRpcHandler[Any, Any]"
Serve = Callable[[bytes, Any], Awaitable[Any]]
Wrap = Callable[[str, Serve], Serve]


class Around(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """A service whose methods have something around them; methods are wrapped once.

    Args:
        served: The service.
        unary: Wraps a method of one answer, given its name, ``Service/Method``.
        stream: Wraps one of many messages.
    """

    def __init__(self, served: Handler, unary: Wrap, stream: Wrap) -> None:
        self._served = served
        self._unary = unary
        self._stream = stream
        self._known: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return what serves a method; None: there is none."""
        method = handler_call_details.method
        known = self._known.get(method)
        if known is None:
            served = self._served.service(handler_call_details)
            if served is None:
                return None
            known = self._known[method] = self._around(_short(method), served)
        return known

    def _around(
        self, method: str, served: "grpc.RpcMethodHandler[Any, Any]"
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return what serves a method, wrapped."""
        # The stubs know methods of threads only; these are coroutines' functions.
        unary: Any = served.unary_unary
        stream: Any = served.unary_stream
        if unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._unary(method, unary))
        return grpc.unary_stream_rpc_method_handler(self._stream(method, stream))


class Writing:
    """A stream's context whose messages are looked at.

    Args:
        context: The context.
        write: Writes a message, given what the context itself writes by.
    """

    __slots__ = ("_context", "_write")

    def __init__(
        self,
        context: Context,
        write: Callable[[Callable[[bytes], Awaitable[None]], bytes], Awaitable[None]],
    ) -> None:
        self._context = context
        self._write = write

    async def write(self, message: bytes) -> None:
        """Write a message."""
        await self._write(self._context.write, message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _short(method: str) -> str:
    """Return ``Service/Method`` of a method's path."""
    service, _, name = method.removeprefix("/").rpartition("/")
    return f"{service.rpartition('.')[2]}/{name}"
