"""A legacy system's bytes as a person reads them: as text if they are text, else in hexadecimal."""

import re
from typing import Final

from adapters.sdk.text import encoding_of

_ROW: Final = 12
_MOST_BYTES: Final = 192
_MOST_SIGNS: Final = 400
# What a terminal would act on instead of showing it.
_STEERING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NAMES: Final = {"\r": r"\r", "\n": r"\n", "\t": r"\t"}
_IN_TEXT: Final = frozenset("\r\n\t")


def visible(text: str) -> str:
    """Return others' text as it can be shown: on one line, with nothing that steers a terminal."""
    return _STEERING.sub(lambda sign: _NAMES.get(sign[0], f"\\x{ord(sign[0]):02x}"), text)


def text_of(raw: bytes) -> str | None:
    """Return the text that bytes are in UTF-8 or GB 18030; None: they are none to be read."""
    encoding = encoding_of(raw)
    if encoding is None:
        return None
    text = raw.decode(encoding)
    return text if set(_STEERING.findall(text)) <= _IN_TEXT else None


def shown(raw: bytes) -> str:
    """Return bytes for a person, cut when they are many."""
    text = text_of(raw)
    if text is None:
        return "\n".join(_dump(raw))
    if len(text) <= _MOST_SIGNS:
        return visible(text)
    return f"{visible(text[:_MOST_SIGNS])}… ({len(raw)} bytes)"


def short(raw: bytes) -> str:
    """Return bytes for a person, on one line."""
    text = text_of(raw)
    return raw.hex(" ").upper() if text is None else visible(text)


def _dump(raw: bytes) -> list[str]:
    """Return lines of bytes in hexadecimal, and what of them is ASCII beside it."""
    lines = []
    for at in range(0, min(len(raw), _MOST_BYTES), _ROW):
        row = raw[at : at + _ROW]
        signs = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)  # noqa: PLR2004
        lines.append(f"{row.hex(' ').upper():<{3 * _ROW - 1}}  {signs}")
    if len(raw) > _MOST_BYTES:
        lines.append(f"… ({len(raw)} bytes)")
    return lines
