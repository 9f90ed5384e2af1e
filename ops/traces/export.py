"""Exporting spans with OpenTelemetry, in lots, from a thread of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from adapters.sdk.traces import Span
from ops.traces.settings import TraceSettings

_EVERY_MS: Final = 1000
_PATIENCE_S: Final = 2.0
_RANGE: Final = 1 << 64
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_KINDS: Final = {"receive": SpanKind.CONSUMER, "publish": SpanKind.PRODUCER}


class ExportedTraces:
    """Takes spans, to be exported soon; when more come than leave, the newest are dropped.

    Args:
        settings: Where spans go.
        part: The part that tells them.
    """

    def __init__(self, settings: TraceSettings, part: str) -> None:
        self._bound = int(settings.sample * _RANGE)
        self._resource = Resource.create(
            {
                "service.namespace": "liandong",
                "service.name": f"liandong-{part}",
                "service.version": version("liandong"),
            }
        )
        self._scope = InstrumentationScope("liandong", version("liandong"))
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=settings.endpoint, timeout=_PATIENCE_S),
            schedule_delay_millis=_EVERY_MS,
        )

    def samples(self, trace_id: str) -> bool:
        """Tell by a trace's id, so that all parts with the same share agree."""
        return int(trace_id[16:], 16) < self._bound

    def take(self, span: Span) -> None:
        """Take a span that has ended."""
        parent = _context(span.trace_id, span.parent_id) if span.parent_id else None
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(span.trace_id, span.span_id),
                parent=parent,
                resource=self._resource,
                attributes=span.attributes,
                kind=_KINDS.get(span.name, SpanKind.INTERNAL)
                if "/" not in span.name
                else SpanKind.SERVER,
                instrumentation_scope=self._scope,
                start_time=span.start_ns,
                end_time=max(span.end_ns, span.start_ns),
            )
        )

    def close(self) -> None:
        """Export what is left, within a few seconds."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # the library lacks it


@contextlib.asynccontextmanager
async def exporting(settings: TraceSettings, part: str) -> AsyncIterator[ExportedTraces]:
    """Export spans from entering to leaving."""
    traces = ExportedTraces(settings, part)
    try:
        yield traces
    finally:
        await asyncio.to_thread(traces.close)


def _context(trace_id: str, span_id: str) -> SpanContext:
    """Return a span's place in its trace."""
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED)
