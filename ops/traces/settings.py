"""Whether and where traces are exported: by OpenTelemetry's variables, or the city's file."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from adapters.sdk.traces import Traces
from ops.city import City
from ops.failure import USAGE, Failure

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_SAMPLE: Final = "OTEL_TRACES_SAMPLER_ARG"
_DISABLED: Final = "OTEL_SDK_DISABLED"
_PATH: Final = "/v1/traces"


class TraceSettings(msgspec.Struct, frozen=True):
    """Where spans go.

    Attributes:
        endpoint: The address of a collector that takes OTLP over HTTP.
        sample: Which part of all traces is followed, 0 to 1.
    """

    endpoint: str
    sample: float


def settings_of(city: City, environ: Mapping[str, str]) -> TraceSettings | None:
    """Return where spans go; None: nowhere.

    Raises:
        Failure: If the part to be followed is none.
    """
    base = environ.get(_ENDPOINT) or city.traces.endpoint
    endpoint = environ.get(_TRACES_ENDPOINT) or (base and base.rstrip("/") + _PATH)
    if not endpoint or environ.get(_DISABLED, "").lower() == "true":
        return None
    told = environ.get(_SAMPLE, "")
    try:
        sample = float(told) if told else city.traces.sample
    except ValueError:
        sample = -1.0
    if not 0 <= sample <= 1:
        raise Failure(f"{_SAMPLE} is {told!r}: write a number from 0 to 1", USAGE)
    return TraceSettings(endpoint, sample)


@contextlib.asynccontextmanager
async def tracing(settings: TraceSettings | None, part: str) -> AsyncIterator[Traces | None]:
    """Export spans from entering to leaving; None: nothing is traced.

    Args:
        settings: Where spans go; None: nowhere.
        part: The part that tells them.

    Raises:
        Failure: If OpenTelemetry is not installed.
    """
    if settings is None:
        yield None
        return
    try:
        # A part that traces nothing does not load it, and need not have it.
        from ops.traces.export import exporting  # noqa: PLC0415
    except ImportError as error:
        raise Failure(
            f"traces cannot be exported to {settings.endpoint}, for OpenTelemetry is not "
            "installed: `pip install 'liandong[otel]'`, or take the endpoint away"
        ) from error
    async with exporting(settings, part) as traces:
        yield traces
