"""The one endpoint of a machine: the bus, the certificates, and all parts that run here."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.home import Home
from ops.city import City
from ops.metrics.agreements import AgreementsCollector
from ops.metrics.bus import HearingCollector, ReplicaCollector, ServerCollector, StreamCollector
from ops.metrics.bus_watch import BusWatch
from ops.metrics.certificates import CertificateCollector
from ops.metrics.endpoint import MetricsAddress, listening, registry_of
from ops.metrics.parts import joined, told_by_parts
from ops.metrics.process import ProcessCollector

PART = "metrics"


@contextlib.asynccontextmanager
async def serve_city(home: Home, city: City, address: MetricsAddress) -> AsyncIterator[str]:
    """Serve what is known of a city from this machine; yield where.

    Raises:
        Failure: If it cannot listen there.
    """
    async with BusWatch(home, city) as watch:
        parts = PartsCollector()
        registry = registry_of(
            ServerCollector(watch),
            StreamCollector(watch),
            ReplicaCollector(watch),
            HearingCollector(watch, city),
            CertificateCollector(home),
            AgreementsCollector(city),
            ProcessCollector(PART),
            parts,
        )

        async def render() -> bytes:
            await watch.refresh()
            parts.told = await told_by_parts(home)
            pages = [page for page in parts.told.values() if page is not None]
            return joined([generate_latest(registry), *pages])

        async with listening(PART, render, address) as where:
            yield where


class PartsCollector(Collector):
    """Tells whether each part answers that was started here.

    Attributes:
        told: What each told when it was last asked; None: it did not answer.
    """

    def __init__(self) -> None:
        self.told: Mapping[str, bytes | None] = {}

    def collect(self) -> Iterator[Metric]:
        """Tell which answered."""
        family = GaugeMetricFamily(
            "liandong_part_up", "Whether a part that was started here answers.", labels=["part"]
        )
        for part, page in self.told.items():
            family.add_metric([part], page is not None)
        yield family
