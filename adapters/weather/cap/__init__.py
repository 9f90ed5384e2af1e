"""Warnings: CAP 1.0, 1.1 and 1.2, and the Chinese national message that resembles them."""

from adapters.weather.cap.adapter import Cap, CapOptions
from adapters.weather.cap.document import CapDecoder, CapDocument

__all__ = ["Cap", "CapDecoder", "CapDocument", "CapOptions"]
