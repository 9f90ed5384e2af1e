"""The command that serves the metrics of the bus, and of all parts on this machine."""

import uvloop

from ops import logs
from ops.failure import USAGE, Failure
from ops.limits import allow_connections
from ops.metrics import MetricsAddress
from ops.metrics.city import serve_city
from ops.options import CITY, HOME, CityOption, HomeOption, MetricsOption, open_home
from ops.parts import until_told


def metrics_run(
    home: HomeOption = HOME, city: CityOption = CITY, metrics: MetricsOption = ""
) -> None:
    """Serve the metrics of the bus and of all parts on this home, until told to end."""
    logs.configure("info")
    allow_connections()
    folder, described = open_home(home, city)
    place = described.metrics
    if not metrics and not place.port:
        raise Failure(f"{described.path} has no [metrics] port: write one, or --metrics", USAGE)
    at = MetricsAddress.of(metrics) if metrics else MetricsAddress(place.host, place.port)

    async def run() -> None:
        async with serve_city(folder, described, at) as where:
            await until_told("metrics", where)

    uvloop.run(run())
