"""Traces from the legacy frame to the answer, exported by OTLP where that is configured."""

from ops.traces.settings import TraceSettings, settings_of, tracing

__all__ = ["TraceSettings", "settings_of", "tracing"]
