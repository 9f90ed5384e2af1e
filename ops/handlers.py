"""gRPC services with something around each of their methods."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc

from gateway.wrapped import Wrapped

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.GenericRpcHandler[Any, Any]"
Serve = Callable[[bytes, Any], Awaitable[Any]]
Wrap = Callable[[str, Serve], Serve]


class Around(Wrapped):
    """A service whose methods have something around them; methods are wrapped once.

    Args:
        served: The service.
        unary: Wraps a method of one answer, given its name, ``Service/Method``.
        stream: Wraps one of many messages.
    """

    def __init__(self, served: Handler, unary: Wrap, stream: Wrap) -> None:
        super().__init__(served)
        self._unary = unary
        self._stream = stream

    def wrap(
        self, method: str, served: "grpc.RpcMethodHandler[Any, Any]"
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return what serves a method, wrapped."""
        name = _short(method)
        # The stubs know methods of threads only; these are coroutines' functions.
        unary: Any = served.unary_unary
        stream: Any = served.unary_stream
        if unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._unary(name, unary))
        return grpc.unary_stream_rpc_method_handler(self._stream(name, stream))


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
