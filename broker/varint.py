"""Protobuf's varint: numbers in as few bytes as they need, seven bits in each.

Source: Protocol Buffers, Encoding, "Base 128 Varints".
"""

_CONTINUED = 0x80
_BITS = 14
_LOW = (1 << _BITS) - 1


def _short(value: int) -> bytes:
    """Return a number below 2^14."""
    if value < _CONTINUED:
        return bytes((value,))
    return bytes((value & _CONTINUED - 1 | _CONTINUED, value >> 7))


_SHORT = tuple(map(_short, range(1 << _BITS)))
_CONTINUING = tuple(
    bytes((value & _CONTINUED - 1 | _CONTINUED, value >> 7 | _CONTINUED))
    for value in range(1 << _BITS)
)


def varint(value: int) -> bytes:
    """Return a number, which is not negative, as a varint."""
    if value <= _LOW:
        return _SHORT[value]
    return _CONTINUING[value & _LOW] + varint(value >> _BITS)
