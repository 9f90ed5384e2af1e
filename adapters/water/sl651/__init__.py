"""SL 651-2014: telemetry stations of rivers, reservoirs and rain gauges."""

from adapters.water.sl651.adapter import Sl651
from adapters.water.sl651.decoder import Sl651Decoder
from adapters.water.sl651.frame import Frame, crc
from adapters.water.sl651.options import Site, Sl651Options

__all__ = ["Frame", "Site", "Sl651", "Sl651Decoder", "Sl651Options", "crc"]
