"""Looking on at a gateway: its calls, their ends and times, and what watchers are sent.

It sees what a caller sees, and knows nothing of how it comes about. How long a record takes
from the city's stream to a watcher is measured on one record a second, by its trace.
"""

import asyncio
import functools
import itertools
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from adapters.sdk.durations import Durations
from adapters.sdk.stamp import TRACE_HEADER
from broker.delivery import Delivery
from ops.handlers import Around, Context, Handler, Serve, Writing

Send = Callable[[bytes], Awaitable[None]]
CODES: Final[dict[int, str]] = {code.value[0]: code.name for code in grpc.StatusCode}
_DETAILS: Final = "grpc-status-details-bin"
_PROBE_EVERY_NS: Final = 1_000_000_000
_PROBES: Final = 10
_NEWS_NS: Final = 60_000_000_000


@dataclass(slots=True)
class MethodCalls:
    """The calls of one method.

    Attributes:
        codes: How many ended with which code.
        durations: How long those took that are answered at once; those of streams say nothing.
        open: How many are being served.
    """

    # Prometheus does not see the first of a series that begins with it.
    codes: Counter[str] = field(default_factory=lambda: Counter({"OK": 0, "INTERNAL": 0}))
    durations: Durations = field(default_factory=Durations)
    open: int = 0


@dataclass(frozen=True, slots=True)
class _Probe:
    """A record whose way to watchers is timed."""

    number: int
    trace_id: bytes
    stored_ns: int


class CallLog:
    """What is known of a gateway's calls.

    Attributes:
        methods: By method, ``Service/Method``.
        refusals: How many calls were refused for which reason.
        delivering: From the storing of a record in the city's stream to its being written to
            a watcher.
    """

    def __init__(self) -> None:
        self.methods: dict[str, MethodCalls] = {}
        # An alert looks at it, and Prometheus does not see the first of a series.
        self.refusals: Counter[str] = Counter({"CERTIFICATE_REVOKED": 0})
        self.delivering = Durations()
        self._numbers = itertools.count(1)
        self._probes: deque[_Probe] = deque(maxlen=_PROBES)

    def around(self, handler: Handler) -> Handler:
        """Return a handler that serves the same and is looked at."""
        return Around(handler, functools.partial(_unary, self), functools.partial(_stream, self))

    def passed(self, delivery: Delivery) -> None:
        """Choose a record to be timed, one a second."""
        stored_ns = delivery.timestamp_ns
        last_ns = self._probes[-1].stored_ns if self._probes else 0
        # What a gateway reads when it starts was stored long ago: it is no watcher's delay.
        if stored_ns - last_ns < _PROBE_EVERY_NS or time.time_ns() - stored_ns > _NEWS_NS:
            return
        trace_id = delivery.headers.get(TRACE_HEADER, "")[3:35]
        if trace_id:
            probe = _Probe(next(self._numbers), trace_id.encode(), stored_ns)
            self._probes.append(probe)

    def begin(self, method: str) -> MethodCalls:
        """Return where calls of a method are counted."""
        return self.methods.setdefault(method, MethodCalls())

    def refused(self, context: Context) -> None:
        """Count a call that was refused, by the reason that its caller was told."""
        self.refusals[_reason(context)] += 1

    @property
    def latest(self) -> int:
        """Return the number of the record that is timed last."""
        return self._probes[-1].number if self._probes else 0

    def written(self, message: bytes, after: int) -> int:
        """Look for records that are timed in what was written to a watcher.

        Args:
            message: What was written.
            after: Up to which number it has been sent them.

        Returns:
            Up to which number it has been sent them now.
        """
        for probe in tuple(self._probes):
            if probe.number > after and probe.trace_id in message:
                self.delivering.note((time.time_ns() - probe.stored_ns) / 1e9)
                after = probe.number
        return after


def _unary(log: CallLog, method: str, serve: Serve) -> Serve:
    """Return a method of one answer that is counted and timed."""
    calls = log.begin(method)

    async def call(request: bytes, context: Context) -> Any:
        began = time.perf_counter()
        calls.open += 1
        is_broken_off = False
        try:
            return await serve(request, context)
        except asyncio.CancelledError:
            is_broken_off = True
            raise
        finally:
            calls.open -= 1
            calls.durations.note(time.perf_counter() - began)
            _end(log, calls, context, is_broken_off=is_broken_off)

    return call


def _stream(log: CallLog, method: str, serve: Serve) -> Serve:
    """Return a method of many messages that is counted, and whose messages are looked at."""
    calls = log.begin(method)

    async def call(request: bytes, context: Context) -> None:
        after = log.latest

        async def write(send: Send, message: bytes) -> None:
            nonlocal after
            await send(message)
            after = log.written(message, after)

        calls.open += 1
        is_broken_off = False
        try:
            await serve(request, Writing(context, write))
        except asyncio.CancelledError:
            is_broken_off = True
            raise
        finally:
            calls.open -= 1
            _end(log, calls, context, is_broken_off=is_broken_off)

    return call


def _end(log: CallLog, calls: MethodCalls, context: Context, *, is_broken_off: bool) -> None:
    """Count how a call ended."""
    # A call that its caller breaks off has no code on this side.
    code = "CANCELLED" if is_broken_off else _code(context)
    calls.codes[code] += 1
    if code not in {"OK", "CANCELLED"}:
        log.refused(context)


def _code(context: Context) -> str:
    """Return the name of the code that a call ended with."""
    code: Any = context.code()
    number = code.value[0] if isinstance(code, grpc.StatusCode) else code or 0
    return CODES.get(int(number), "UNKNOWN")


def _reason(context: Context) -> str:
    """Return why a call was refused, as the error's details say; else its code."""
    for key, value in _trailing(context):
        if key == _DETAILS:
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                break
            info = error_details_pb2.ErrorInfo()
            for detail in status.details:
                if detail.Unpack(info):
                    return str(info.reason)
    return _code(context)


def _trailing(context: Context) -> Iterator[tuple[str, bytes]]:
    """Return what is sent after a call's answer."""
    for key, value in context.trailing_metadata() or ():
        yield str(key), value if isinstance(value, bytes) else str(value).encode()
