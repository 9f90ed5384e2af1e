"""What a gateway tells: calls, refusals, watchers, and what it holds."""

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway.server import Gateway
from ops.metrics.calls import CallLog
from ops.metrics.families import add_durations, counter, gauge, histogram

_WATCH = "SharedStateService/WatchRecords"


class GatewayCollector(Collector):
    """Tells how a gateway fares.

    Args:
        gateway: The gateway.
        calls: What is known of its calls.
    """

    def __init__(self, gateway: Gateway, calls: CallLog) -> None:
        self._gateway = gateway
        self._calls = calls

    def collect(self) -> Iterator[Metric]:
        """Tell how it fares now."""
        yield from self._ends()
        refusals = CounterMetricFamily(
            "liandong_gateway_refusals_total",
            "Calls that were refused, by the reason that the caller was told.",
            labels=["reason"],
        )
        for reason, count in self._calls.refusals.items():
            refusals.add_metric([reason], count)
        yield refusals
        tally, watching = self._gateway.tally, self._calls.methods.get(_WATCH)
        for name, told, value in (
            ("gateway_records", "Records in the shared state.", len(self._gateway.view)),
            ("gateway_watchers", "Watches that are open.", watching.open if watching else 0),
            ("audit_journal_entries", "Accesses not in the log yet.", tally.audit_waiting()),
        ):
            yield gauge(f"liandong_{name}", told, {}, value)
        for name, told, value in (
            ("gateway_conflations", "Revisions that a later one overtook.", tally.conflated),
            (
                "gateway_refused_records",
                "Messages of CITY that are no records, or not those that their subjects are for.",
                self._gateway.view.refused,
            ),
            ("audit_failures", "Accesses that could not be recorded.", tally.audit_failures()),
        ):
            yield counter(f"liandong_{name}_total", told, {}, value)
        yield histogram(
            "liandong_gateway_delivery_duration_seconds",
            "From a record's storing in CITY to its being written to a watcher.",
            {},
            self._calls.delivering,
        )

    def _ends(self) -> Iterator[Metric]:
        """Tell how many calls ended how, and how long they took."""
        ends = CounterMetricFamily(
            "liandong_gateway_calls_total", "Calls that ended.", labels=["method", "code"]
        )
        under_way = GaugeMetricFamily(
            "liandong_gateway_open_calls", "Calls that are being served.", labels=["method"]
        )
        took = HistogramMetricFamily(
            "liandong_gateway_call_duration_seconds",
            "How long calls took that are answered at once.",
            labels=["method"],
        )
        for method, calls in self._calls.methods.items():
            for code, count in calls.codes.items():
                ends.add_metric([method, code], count)
            under_way.add_metric([method], calls.open)
            if any(calls.durations.counts):
                add_durations(took, (method,), calls.durations)
        yield from (ends, under_way, took)
