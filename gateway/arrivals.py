"""Calls as they arrive: each takes a place, and its request must come in time.

By itself gRPC has a call take a place before its method knows of it, and waits for its
request for ever: with calls that never say what they ask a department could hold all places.
So each method is served as one that takes a stream of requests, of which the first is read;
on the wire that is the same.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from gateway.errors import GatewayError, InvalidRequest, RequestMissing, to_status
from gateway.identity import Context, agency_of
from gateway.limits import CallLimits, Shares
from gateway.wrapped import Wrapped

_MOMENT_S = 0.05


class Arrivals:
    """The places of all calls, and the calls whose request is waited for.

    Args:
        limits: What calls may take.
    """

    def __init__(self, limits: CallLimits) -> None:
        self._shares = Shares(limits.at_once)
        self._seconds = limits.deadline_s
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()

    def take(self, context: Context) -> None:
        """Take a place for a call, until all of its answer was sent or its caller has gone.

        Raises:
            TooManyAtOnce: If its department has its share.
        """
        agency = agency_of(context)
        self._shares.take(agency)
        context.add_done_callback(
            lambda _: self._shares.give_back(agency)  # type: ignore[arg-type]  # as grpc.aio calls it
        )

    async def request(self, context: Context) -> Any:
        """Take a place for a call, and return its request.

        Raises:
            TooManyAtOnce: If its department has its share of places.
            RequestMissing: If the request does not come in time.
            InvalidRequest: If there is none.
        """
        self.take(context)
        task = asyncio.current_task()
        assert task is not None, "calls are served in tasks"
        self._waiting[task] = time.monotonic()
        try:
            request = await context.read()
        except asyncio.CancelledError:
            if task in self._late:
                task.uncancel()
                raise RequestMissing(self._seconds) from None
            raise
        finally:
            del self._waiting[task]
            self._late.discard(task)
        if request is grpc.aio.EOF:  # type: ignore[attr-defined]  # the stubs lack it
            # If its caller has gone, gRPC tells so in a moment, and that is the end of it.
            await asyncio.sleep(_MOMENT_S)
            raise InvalidRequest([("request", "the call ended without one: send one message")])
        return request

    def end_late(self) -> None:
        """End calls whose request has not come in time, whatever their own deadline is."""
        before = time.monotonic() - self._seconds
        for task, since in self._waiting.items():
            if since < before and task not in self._late:
                self._late.add(task)
                task.cancel()


class Arriving(Wrapped):
    """A service whose calls take places and whose requests must come in time.

    Args:
        arrivals: The places.
        served: The service.
        tells: Whether its methods take what a caller is to be told in place of a request, and
            tell it; else it is told here.
    """

    def __init__(
        self, arrivals: Arrivals, served: "grpc.GenericRpcHandler[Any, Any]", *, tells: bool
    ) -> None:
        super().__init__(served)
        self._arrivals = arrivals
        self._tells = tells

    def wrap(
        self,
        method: str,  # noqa: ARG002 - all are served alike
        served: "grpc.RpcMethodHandler[Any, Any]",
    ) -> Any:
        """Return what serves a method as one of a stream of requests."""
        # The stubs know methods of threads only; these are coroutines' functions.
        made: Any = grpc.stream_stream_rpc_method_handler
        serve: Any = served.stream_stream
        if served.request_streaming:
            return made(self._each(serve), *_coding(served))
        if not served.response_streaming:
            made = grpc.stream_unary_rpc_method_handler
        return made(self._one(served.unary_unary or served.unary_stream), *_coding(served))

    def _one(self, serve: Any) -> Any:
        """Return a method of one request."""

        async def call(_: object, context: Context) -> Any:
            try:
                request = await self._arrivals.request(context)
            except GatewayError as error:
                if not self._tells:
                    return await _refuse(context, error)
                request = error
            return await serve(request, context)

        return call

    def _each(self, serve: Any) -> Any:
        """Return a method of many requests, for which nobody is hurried."""

        async def call(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
            try:
                self._arrivals.take(context)
            except GatewayError as error:
                await _refuse(context, error)
            async for answer in serve(requests, context):
                yield answer

        return call


async def _refuse(context: Context, error: GatewayError) -> None:
    """Tell a caller why it is not served; it raises, unless the caller has gone."""
    # The stubs lack this method of grpc.aio.
    await context.abort_with_status(to_status(error))  # type: ignore[attr-defined]


def _coding(served: "grpc.RpcMethodHandler[Any, Any]") -> tuple[Any, Any]:
    """Return how a method's requests are decoded, and its answers encoded."""
    return served.request_deserializer, served.response_serializer
