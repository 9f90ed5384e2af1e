"""EDXL-HAVE: what hospitals can take."""

from adapters.health.have.adapter import Have, HaveOptions
from adapters.health.have.document import HaveDecoder, HaveFacility

__all__ = ["Have", "HaveDecoder", "HaveFacility", "HaveOptions"]
