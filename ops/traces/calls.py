"""A gateway's part of traces: records coming into the view, and leaving in answers.

A call is told in the trace of each record that it answers, so that one trace leads from the
legacy frame to whoever read it; and in its caller's own trace, if that has one.
"""

import functools
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.sdk.stamp import TRACE_HEADER
from adapters.sdk.traces import Span, Traces, new_span_id
from broker.delivery import Delivery
from ops.handlers import Around, Context, Handler, Serve, Writing

_PARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f][13579bdf]")
# A trace's id in a record, after the byte of its length.
_IN_ANSWER: Final = re.compile(rb" ([0-9a-f]{32})")
_FOLLOWED: Final = tuple("13579bdf")
_NEWS_NS: Final = 60_000_000_000
_KNOWN: Final = 10_000
_LOOKED_AT: Final = 1 << 16
_EACH: Final = 16


class CallTraces:
    """Tells a gateway's spans.

    Args:
        traces: Where they go.
    """

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def passed(self, delivery: Delivery) -> None:
        """Tell that a record of a trace that is followed is in the view now."""
        parent = delivery.headers.get(TRACE_HEADER, "")
        if not parent.endswith(_FOLLOWED):
            return
        match, now_ns = _PARENT.fullmatch(parent), time.time_ns()
        # When a gateway starts, what comes was stored long ago: it is no part of its way.
        if match is None or now_ns - delivery.timestamp_ns > _NEWS_NS:
            return
        trace_id, parent_id, span_id = match[1], match[2], new_span_id()
        if not self._traces.samples(trace_id):
            return
        facts = {"liandong.subject": delivery.subject.rpartition(".")[0]}
        self._traces.take(
            Span("share", trace_id, span_id, parent_id, delivery.timestamp_ns, now_ns, facts)
        )
        self._known[trace_id.encode()] = span_id
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)

    def around(self, handler: Handler) -> Handler:
        """Return a handler that serves the same and is traced."""
        unary = functools.partial(_unary, self)
        return Around(handler, unary, functools.partial(_stream, self))

    def answered(self, method: str, message: bytes, start_ns: int) -> None:
        """Tell in the traces of records that they have left in a message."""
        if not self._known:
            return
        found = dict.fromkeys(_IN_ANSWER.findall(message, 0, _LOOKED_AT))
        ours = [(trace_id, self._known[trace_id]) for trace_id in found if trace_id in self._known]
        for trace_id, parent_id in ours[:_EACH]:
            self._tell(method, trace_id.decode(), parent_id, start_ns)

    def called(self, method: str, context: Context, start_ns: int) -> None:
        """Tell a call in its caller's trace, if that is followed."""
        for key, value in context.invocation_metadata() or ():
            match = _PARENT.fullmatch(str(value)) if key == TRACE_HEADER else None
            if match is not None:
                self._tell(method, match[1], match[2], start_ns)

    def _tell(self, method: str, trace_id: str, parent_id: str, start_ns: int) -> None:
        """Tell a call that ends now."""
        facts = {"rpc.system": "grpc", "rpc.method": method}
        self._traces.take(
            Span(method, trace_id, new_span_id(), parent_id, start_ns, time.time_ns(), facts)
        )


def _unary(traces: CallTraces, method: str, serve: Serve) -> Serve:
    """Return a method of one answer that is traced."""

    async def call(request: bytes, context: Context) -> bytes:
        start_ns = time.time_ns()
        try:
            answer: bytes = await serve(request, context)
        finally:
            traces.called(method, context, start_ns)
        traces.answered(method, answer, start_ns)
        return answer

    return call


def _stream(traces: CallTraces, method: str, serve: Serve) -> Serve:
    """Return a method of many messages that is traced."""

    async def write(send: Callable[[bytes], Awaitable[None]], message: bytes) -> None:
        start_ns = time.time_ns()
        await send(message)
        traces.answered(method, message, start_ns)

    async def call(request: bytes, context: Context) -> None:
        start_ns = time.time_ns()
        try:
            await serve(request, Writing(context, write))
        finally:
            traces.called(method, context, start_ns)

    return call
