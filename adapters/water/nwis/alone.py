"""What the quarantine keeps before the bytes of a moment or a site, to read them alone again.

A value has neither its site nor its parameter beside it, a row no header: what the document
said of them is kept as it was understood, in one line of JSON behind a mark.
"""

from dataclasses import replace
from typing import Final

import msgspec

from adapters.water.nwis.readings import NwisMessage, Readings, SiteRow

_MARK: Final = b"#liandong "


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    readings: Readings | None = None
    row: SiteRow | None = None


_decoder: Final = msgspec.json.Decoder(_Kept)


def opening_of(message: NwisMessage) -> bytes:
    """Return the line that goes before a message's bytes."""
    if isinstance(message, SiteRow):
        kept = _Kept(row=replace(message, raw=b""))
    else:
        kept = _Kept(readings=replace(message, raw=b""))
    return _MARK + msgspec.json.encode(kept) + b"\n"


def opened_by(line: bytes) -> NwisMessage | None:
    """Return the message that a line goes before, without its bytes; None: it is no such line."""
    if not line.startswith(_MARK):
        return None
    try:
        kept = _decoder.decode(line[len(_MARK) :])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return kept.readings or kept.row
