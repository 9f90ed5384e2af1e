"""What an adapter tells of its feed: its books, read when somebody asks.

Nothing is counted for metrics alone, so a record costs nothing more. Series are those of the
feed, whatever the number of its entities.
"""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger
from ops.metrics.families import counter, gauge, histogram


class FeedCollector(Collector):
    """Tells the books of a feed.

    Args:
        feed: The feed.
        ledger: Its books.
    """

    def __init__(self, feed: FeedConfig, ledger: Ledger) -> None:
        self._labels = {"agency": feed.agency, "feed": feed.id}
        self._ledger = ledger
        self._limit = feed.spool.max_mb << 20 if feed.spool.enabled else 0

    def collect(self) -> Iterator[Metric]:
        """Tell what the books say now."""
        counts, labels, ledger = self._ledger.since_start, self._labels, self._ledger
        for name, told, value in (
            ("received", "Records that arrived.", counts.received),
            ("stored", "Records that were stored on the bus.", counts.stored),
            ("duplicates", "Records that were stored before already.", counts.duplicates),
            ("quarantined", "Messages that went to quarantine.", counts.quarantined),
            ("withdrawn", "Records that could not be settled and come again.", ledger.withdrawn),
        ):
            yield counter(f"liandong_feed_{name}_total", told, labels, value)
        spooled, size = ledger.spooled
        for name, told, value in (
            ("in_flight_records", "Records received and not settled yet.", ledger.in_flight),
            ("spool_records", "Records on this machine's disk and not on the bus.", spooled),
            ("spool_bytes", "What the spool holds.", size),
            ("spool_limit_bytes", "What the spool may hold; 0: it takes nothing.", self._limit),
        ):
            yield gauge(f"liandong_feed_{name}", told, labels, value)
        yield histogram(
            "liandong_feed_store_duration_seconds",
            "From the receipt of a record until it is on disk; the spool's are not in it.",
            labels,
            ledger.storing,
        )
