"""Metrics of one set of labels, made without repeating it."""

import itertools
from collections.abc import Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from adapters.sdk.durations import Durations


def gauge(name: str, told: str, labels: Mapping[str, str], value: float) -> Metric:
    """Return a gauge of one series."""
    family = GaugeMetricFamily(name, told, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def counter(name: str, told: str, labels: Mapping[str, str], value: float) -> Metric:
    """Return a counter of one series."""
    family = CounterMetricFamily(name, told, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def histogram(name: str, told: str, labels: Mapping[str, str], durations: Durations) -> Metric:
    """Return a histogram of one set of series."""
    family = HistogramMetricFamily(name, told, labels=tuple(labels))
    add_durations(family, tuple(labels.values()), durations)
    return family


def add_durations(
    family: HistogramMetricFamily, labels: Sequence[str], durations: Durations
) -> None:
    """Add durations to a histogram, whose classes are each of all that took no longer."""
    bounds = [*map(str, durations.bounds), "+Inf"]
    counts = itertools.accumulate(durations.counts)
    buckets = [(bound, float(count)) for bound, count in zip(bounds, counts, strict=True)]
    family.add_metric(tuple(labels), buckets, durations.total_s)
