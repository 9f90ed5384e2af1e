"""The stream cipher of bodies (JT/T 809, 数据加密), as implementations have it.

A linear congruential generator, begun with the key of the header, makes the bytes that
are XORed into the body; its three constants are agreed by the two platforms. It keeps
nobody out who has a day, and is read here because platforms use it.
"""

from functools import lru_cache
from typing import Annotated, Final

import msgspec

_WORD: Final = 0xFFFFFFFF
_STEP: Final = 256
_Constant = Annotated[int, msgspec.Meta(ge=0, le=_WORD)]


class Cipher(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The constants of one subordinate platform (``ciphers.<access code>``)."""

    m1: _Constant
    """Modulus."""
    ia1: _Constant
    """Factor."""
    ic1: _Constant
    """Summand."""

    def apply(self, data: bytes, key: int) -> bytes:
        """Return a body decrypted or, which is the same, encrypted."""
        size = len(data)
        stream = _stream(key, self.m1, self.ia1, self.ic1, -(-size // _STEP) * _STEP)
        mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")
        return mixed.to_bytes(size, "big")


@lru_cache(maxsize=256)
def _stream(key: int, modulus: int, factor: int, summand: int, size: int) -> bytes:
    """Return the generator's first bytes.

    Each depends on the one before, so this is a loop; platforms keep their key, so it is
    run once a key and length.
    """
    state, modulus = key or 1, modulus or 1
    stream = bytearray(size)
    for at in range(size):
        state = (factor * (state % modulus) + summand) & _WORD
        stream[at] = state >> 20 & 0xFF
    return bytes(stream)
