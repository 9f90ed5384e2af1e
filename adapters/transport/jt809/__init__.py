"""JT/T 809: what platforms of vehicles tell each other (JT/T 809-2011, -2019)."""

from adapters.transport.jt809.adapter import Jt809
from adapters.transport.jt809.cipher import Cipher
from adapters.transport.jt809.frame import Frame, Jt809Decoder
from adapters.transport.jt809.options import Jt809Options, Login

__all__ = ["Cipher", "Frame", "Jt809", "Jt809Decoder", "Jt809Options", "Login"]
