"""Reading pages of metrics."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series_of(page: str) -> Series:
    """Return each series of a page and its value."""
    found: Series = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            known = (sample.name, frozenset(sample.labels.items()))
            assert known not in found, known
            found[known] = sample.value
    return found


def value(page: str, name: str, **labels: str) -> float:
    """Return the value of a series; 0 if there is none."""
    return series_of(page).get((name, frozenset(labels.items())), 0.0)


def names(collected: Iterator[Metric] | CollectorRegistry | Collector) -> set[str]:
    """Return the names of the series that are collected."""
    families = collected if isinstance(collected, Iterator) else collected.collect()
    return {sample.name for family in families for sample in family.samples}
