"""Water data of the US Geological Survey (NWIS): RDB tables and WaterML 1.1 as JSON or XML."""

from adapters.water.nwis.adapter import Nwis, NwisOptions
from adapters.water.nwis.document import NwisDecoder

__all__ = ["Nwis", "NwisDecoder", "NwisOptions"]
