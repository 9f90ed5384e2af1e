"""SL 651-2014: telemetry stations of rivers, reservoirs and rain gauges."""

from adapters.water.sl651.adapter import Sl651
from adapters.water.sl651.frame import Frame, Sl651Decoder, crc

__all__ = ["Frame", "Sl651", "Sl651Decoder", "crc"]
