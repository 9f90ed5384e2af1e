"""What integrators import to write an adapter."""

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.errors import AdapterError, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Decoder, Message, Undecodable

__all__ = [
    "Adapter",
    "AdapterError",
    "Decoder",
    "FeedConfig",
    "Message",
    "Outcome",
    "Translated",
    "Undecodable",
    "Untranslatable",
]
