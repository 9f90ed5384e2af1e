"""Surface reports of land stations: SYNOP (WMO-No. 306, FM 12; also FM 13 and FM 14)."""

from adapters.weather.synop.adapter import Synop, SynopOptions
from adapters.weather.synop.report import SynopDecoder, SynopReport

__all__ = ["Synop", "SynopDecoder", "SynopOptions", "SynopReport"]
