"""Take people out of free texts: numbers by which someone can be called or identified."""

import re
from typing import Final

_MASK: Final = "***"
_PERSONAL: Final = re.compile(
    r"(?<!\d)(?:"
    r"[1-9]\d{16}[\dXx]"  # identity number, GB 11643
    r"|(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"  # mobile
    r"|0\d{2,3}[- ]\d{7,8}"  # land line
    r")(?!\d)",
    re.ASCII,
)


def masked(text: str) -> str:
    """Return a text without telephone and identity numbers; ``***`` stands where one was."""
    return _PERSONAL.sub(_MASK, text)
