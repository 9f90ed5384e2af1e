"""What integrators import to write an adapter."""

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.answers import Caller, answers
from adapters.sdk.errors import AdapterError, CannotAnswer, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Decoder, Link, Message, Undecodable
from adapters.sdk.numbers import number, whole_number
from adapters.sdk.responder import NoOptions, Responder
from adapters.sdk.times import in_utc

__all__ = [
    "Adapter",
    "AdapterError",
    "Caller",
    "CannotAnswer",
    "Decoder",
    "FeedConfig",
    "Link",
    "Message",
    "NoOptions",
    "Outcome",
    "Responder",
    "Translated",
    "Undecodable",
    "Untranslatable",
    "answers",
    "in_utc",
    "number",
    "whole_number",
]
