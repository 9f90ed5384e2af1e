"""GTFS-Realtime: vehicles, disruptions and delays of public transport."""

from adapters.transport.gtfs_rt.adapter import GtfsRt, GtfsRtOptions
from adapters.transport.gtfs_rt.dataset import GtfsDataset, GtfsEntity, GtfsRtDecoder

__all__ = ["GtfsDataset", "GtfsEntity", "GtfsRt", "GtfsRtDecoder", "GtfsRtOptions"]
