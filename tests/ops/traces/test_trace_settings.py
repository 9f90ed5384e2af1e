"""Whether and where traces are exported."""

import sys
from pathlib import Path

import pytest

from ops.city import City, read_city
from ops.failure import Failure
from ops.traces import TraceSettings, settings_of, tracing

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}


def city(folder: Path, traces: str = "") -> City:
    """Describe a city."""
    file = folder / "city.toml"
    file.write_text(f'[city]\nname = "t"\n{traces}\n[[agency]]\nname = "water"\n')
    return read_city(file)


def test_nothing_is_exported_unless_it_is_configured(tmp_path: Path) -> None:
    """Neither by file nor by variable; OpenTelemetry's own switch turns it off again."""
    plain = city(tmp_path)

    assert settings_of(plain, {}) is None
    assert settings_of(plain, BASE | {"OTEL_SDK_DISABLED": "true"}) is None


def test_the_standard_variables_come_before_the_file(tmp_path: Path) -> None:
    """The base address gets the path of traces, an address of traces alone is taken as it is."""
    file = city(tmp_path, '[traces]\nendpoint = "http://here:4318"\nsample = 0.5')
    exact = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other/t", "OTEL_TRACES_SAMPLER_ARG": "1"}

    told = [settings_of(file, variables) for variables in ({}, BASE, BASE | exact)]

    assert told == [
        TraceSettings("http://here:4318/v1/traces", 0.5),
        TraceSettings("http://collector:4318/v1/traces", 0.5),
        TraceSettings("http://other/t", 1.0),
    ]


@pytest.mark.parametrize("sample", ["much", "1.5", "-1", "nan"])
def test_a_share_that_is_none_is_refused(tmp_path: Path, sample: str) -> None:
    """The sentence names the variable."""
    with pytest.raises(Failure, match=r"OTEL_TRACES_SAMPLER_ARG is '.*': write a number from 0"):
        settings_of(city(tmp_path), BASE | {"OTEL_TRACES_SAMPLER_ARG": sample})


async def test_without_opentelemetry_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endpoint is configured, and what would export is not there."""
    monkeypatch.delitem(sys.modules, "ops.traces.export", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(Failure, match=r"pip install 'liandong\[otel\]'"):
        async with tracing(TraceSettings("http://nowhere:1/v1/traces", 1.0), "gateway"):
            pass
