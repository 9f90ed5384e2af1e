"""Reading pages of metrics."""

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

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


def names(registry: CollectorRegistry) -> set[str]:
    """Return the names of the series that are collected."""
    return {sample.name for family in registry.collect() for sample in family.samples}
