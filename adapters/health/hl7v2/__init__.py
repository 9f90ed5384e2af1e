"""HL7 version 2: movements, results and the rest, without whom they are about."""

from adapters.health.hl7v2.adapter import Hl7v2
from adapters.health.hl7v2.decoder import Hl7BlockDecoder, Hl7StreamDecoder
from adapters.health.hl7v2.message import Hl7Message
from adapters.health.hl7v2.options import Hl7v2Options, Ward

__all__ = [
    "Hl7BlockDecoder",
    "Hl7Message",
    "Hl7StreamDecoder",
    "Hl7v2",
    "Hl7v2Options",
    "Ward",
]
