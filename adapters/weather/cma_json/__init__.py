"""The weather service's public JSON: observations and warnings as its web pages read them."""

from adapters.weather.cma_json.adapter import CmaJson, CmaJsonOptions
from adapters.weather.cma_json.document import CmaDecoder, CmaItem

__all__ = ["CmaDecoder", "CmaItem", "CmaJson", "CmaJsonOptions"]
