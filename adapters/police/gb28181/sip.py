"""The SIP request in which a device sends a document (GB/T 28181, 9.4 and 9.6; RFC 3261).

Nothing of SIP is spoken but what keeps a device from sending again: a MESSAGE or NOTIFY is
unwrapped, and its final response copies what RFC 3261, 8.2.6.2 says. Registration and
everything that liandong would have to begin stay with the video platform.
"""

import hashlib
import re
from typing import Final

_CARRIER: Final = re.compile(rb"(?:MESSAGE|NOTIFY) \S{1,512} SIP/2\.0\r\n")
_HEADERS: Final = re.compile(rb"(?:[^\r\n]+\r\n)+\r\n\s*")
_REQUEST: Final = re.compile(rb"([A-Z]{3,16}) sips?:\S{1,512} SIP/2\.0\r\n")
_HEADER: Final = re.compile(rb"^([A-Za-z-]{1,32})[ \t]*:[ \t]*([^\r\n]*)\r$", re.MULTILINE)
_COMPACT: Final = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id"}
_COPIED: Final = (b"via", b"from", b"to", b"call-id", b"cseq")
_NAMES: Final = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
_TAG: Final = re.compile(rb";\s*tag=", re.IGNORECASE)


def head_before(piece: bytes) -> bytes:
    """Return the SIP head with which bytes before a document end; empty: there is none."""
    begun = [found.span() for found in _CARRIER.finditer(piece)]
    if not begun:
        return b""
    # Only the last can carry what follows; to try the others would take the square of the time.
    start, end = begun[-1]
    return piece[start:] if _HEADERS.fullmatch(piece, end) else b""


def method_of(request: bytes) -> str:
    """Return the method of a SIP request; empty: it is none."""
    found = _REQUEST.match(request)
    return found[1].decode("ascii") if found else ""


def response(request: bytes, status: str) -> bytes:
    """Return the final response to a request.

    Args:
        request: Its head.
        status: Code and reason, ``200 OK``.
    """
    headers: dict[bytes, list[bytes]] = {name: [] for name in _COPIED}
    for written, value in _HEADER.findall(request):
        name = written.lower()
        name = _COMPACT.get(name, name)
        if name in headers:
            headers[name].append(value)
    headers[b"to"] = [_tagged(value, request) for value in headers[b"to"]]
    lines = [b"SIP/2.0 " + status.encode("ascii")]
    for name, shown in zip(_COPIED, _NAMES, strict=True):
        lines += [shown + b": " + value for value in headers[name]]
    return b"\r\n".join((*lines, b"Content-Length: 0", b"", b""))


def _tagged(to: bytes, request: bytes) -> bytes:
    """Return whom a request was for, with the tag that a response adds; a resend gets the same."""
    if _TAG.search(to):
        return to
    return to + b";tag=" + hashlib.blake2s(request, digest_size=8).hexdigest().encode("ascii")
