"""When the certificates of a home end."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.home import Home
from broker.tls import certificate_ends

_log = structlog.get_logger()


class CertificateCollector(Collector):
    """Tells when each certificate ends.

    Args:
        home: Where they lie.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def collect(self) -> Iterator[Metric]:
        """Read all certificates; of a folder with a damaged one nothing is told."""
        family = GaugeMetricFamily(
            "liandong_certificate_expiry_timestamp_seconds",
            "When a certificate ends.",
            labels=["certificate"],
        )
        try:
            for file, ends in certificate_ends(self._home).items():
                family.add_metric([file.removesuffix(".pem")], ends.timestamp())
        except (OSError, ValueError) as error:
            _log.warning("certificates cannot be read", error=str(error))
        yield family
