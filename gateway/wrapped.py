"""gRPC services whose methods are served by others, around their own."""

import abc
from typing import Any

import grpc


class Wrapped(grpc.GenericRpcHandler, abc.ABC):  # type: ignore[type-arg]  # generic in the stubs alone
    """A service whose methods are wrapped, each once.

    Args:
        served: The service.
    """

    def __init__(self, served: "grpc.GenericRpcHandler[Any, Any]") -> None:
        self._served = served
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
            known = self._known[method] = self.wrap(method, served)
        return known

    @abc.abstractmethod
    def wrap(
        self, method: str, served: "grpc.RpcMethodHandler[Any, Any]"
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return what serves a method.

        Args:
            method: Its path, ``/package.Service/Method``.
            served: What serves it otherwise.
        """
