"""What Prometheus is told: by each part of its own, and by one endpoint of the whole machine."""

from ops.metrics.endpoint import MetricsAddress, place_of, registry_of, serve

__all__ = ["MetricsAddress", "place_of", "registry_of", "serve"]
