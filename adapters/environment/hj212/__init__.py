"""HJ 212: what pollution data loggers send (HJ/T 212-2005, HJ 212-2017, HJ 212-2025)."""

from adapters.environment.hj212.adapter import Hj212
from adapters.environment.hj212.answers import framed
from adapters.environment.hj212.crc import checksum
from adapters.environment.hj212.frame import Frame, Hj212Decoder
from adapters.environment.hj212.options import Hj212Options, Site
from adapters.environment.hj212.segment import MalformedSegment, Segment

__all__ = [
    "Frame",
    "Hj212",
    "Hj212Decoder",
    "Hj212Options",
    "MalformedSegment",
    "Segment",
    "Site",
    "checksum",
    "framed",
]
