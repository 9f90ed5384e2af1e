"""What a responder tells of the questions that it is asked."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.sdk.responder import ResponderConfig
from broker.answering import Answering
from ops.metrics.families import gauge


class ResponderCollector(Collector):
    """Tells how much a responder is asked, and how often in vain.

    Args:
        responder: The responder.
        answering: What answers for it.
    """

    def __init__(self, responder: ResponderConfig, answering: Answering) -> None:
        self._labels = {"agency": responder.agency, "responder": responder.id}
        self._answering = answering

    def collect(self) -> Iterator[Metric]:
        """Tell what was counted until now."""
        stats, labels = self._answering.stats, self._labels
        for name, told, values in (
            (
                "questions_total",
                "Questions that came.",
                {question: one.requests for question, one in stats.items()},
            ),
            (
                "errors_total",
                "Questions that were not answered.",
                {question: one.errors for question, one in stats.items()},
            ),
            (
                "processing_seconds_total",
                "How long questions were worked on.",
                {question: one.spent_ns / 1e9 for question, one in stats.items()},
            ),
        ):
            family = CounterMetricFamily(
                f"liandong_responder_{name}", told, labels=(*labels, "question")
            )
            for question, value in values.items():
                family.add_metric((*labels.values(), question), value)
            yield family
        yield gauge(
            "liandong_responder_working",
            "Questions that are being worked on.",
            labels,
            self._answering.working,
        )
