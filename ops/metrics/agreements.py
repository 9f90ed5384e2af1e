"""Whether the file of agreements can be read, as the gateways would read it."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.errors import BrokerError
from gateway.agreements_file import read_agreements
from ops.city import City


class AgreementsCollector(Collector):
    """Tells whether the file of agreements is right.

    Args:
        city: The city that names it.
    """

    def __init__(self, city: City) -> None:
        self._city = city

    def collect(self) -> Iterator[Metric]:
        """Read the file; of a city that names none nothing is told."""
        family = GaugeMetricFamily(
            "liandong_agreements_right",
            "Whether the file of agreements is right; while it is not, those before it hold.",
        )
        if self._city.agreements is not None:
            family.add_metric([], self._is_right())
        yield family

    def _is_right(self) -> bool:
        assert self._city.agreements is not None, "the city names a file"
        try:
            read_agreements(self._city.agreements, self._city.plan.agencies)
        except BrokerError:
            return False
        return True
