"""JT/T 808: what vehicle terminals send (JT/T 808-2011, -2013, -2019)."""

from adapters.transport.jt808.adapter import Jt808
from adapters.transport.jt808.frame import Frame, Jt808Decoder, check_code, framed
from adapters.transport.jt808.options import Jt808Options, Vehicle

__all__ = [
    "Frame",
    "Jt808",
    "Jt808Decoder",
    "Jt808Options",
    "Vehicle",
    "check_code",
    "framed",
]
