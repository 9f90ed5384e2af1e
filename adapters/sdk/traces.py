"""Spans of traces, as facts: what was done to a lot, from when to when.

A lot's trace id is made here and travels on: in the header ``traceparent`` (W3C Trace
Context) and in each record's provenance. Who exports spans is not the adapter's business.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple, Protocol

_SPAN_BYTES = 8


class Span(NamedTuple):
    """Something that was done within a trace.

    Attributes:
        name: What was done.
        trace_id: The trace, 32 hexadecimal digits.
        span_id: Its own id, 16 hexadecimal digits.
        parent_id: The id of what it was part of, or came of; empty: the trace begins here.
        start_ns: When it began, nanoseconds since 1970 UTC.
        end_ns: When it ended, nanoseconds since 1970 UTC.
        attributes: What is worth knowing; nothing of what records say.
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, str | int]


class Traces(Protocol):
    """Where spans go."""

    def samples(self, trace_id: str) -> bool:
        """Tell whether a trace is one of those that are followed."""

    def take(self, span: Span) -> None:
        """Take a span that has ended; this neither waits nor fails."""


def new_span_id() -> str:
    """Return a span's id as W3C Trace Context has it."""
    return os.urandom(_SPAN_BYTES).hex()
