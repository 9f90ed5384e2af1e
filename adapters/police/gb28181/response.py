"""Final responses to SIP requests (RFC 3261, 8.2.6; RFC 3581)."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from adapters.police.gb28181.sip import SipHead

OK: Final = "200 OK"
BAD_REQUEST: Final = "400 Bad Request"
UNAUTHORIZED: Final = "401 Unauthorized"
FORBIDDEN: Final = "403 Forbidden"
NOT_ALLOWED: Final = "405 Method Not Allowed"
TOO_LARGE: Final = "413 Request Entity Too Large"
UNSUPPORTED: Final = "415 Unsupported Media Type"
ALLOW: Final = ("Allow", "REGISTER, MESSAGE, NOTIFY, OPTIONS, ACK")
_COPIED: Final = (
    ("via", "Via"),
    ("from", "From"),
    ("to", "To"),
    ("call-id", "Call-ID"),
    ("cseq", "CSeq"),
)
_TAG: Final = re.compile(r";\s*tag=", re.IGNORECASE)
_SENT_BY: Final = re.compile(r"SIP\s*/\s*2\.0\s*/\s*\w+\s+(\[[^\]]*\]|[^:;,\s]+)")
_RPORT: Final = re.compile(r";\s*rport(?=\s*(?:;|,|$))", re.IGNORECASE)
_RECEIVED: Final = re.compile(r";\s*received=", re.IGNORECASE)


def response(request: SipHead, status: str, *more: tuple[str, str]) -> bytes:
    """Return the final response to a request; the request sent again has the same.

    Args:
        request: Its head. An ACK has no response (RFC 3261, 17).
        status: Code and reason, ``200 OK``.
        more: Headers beside those that are copied.
    """
    if request.method in {"ACK", ""}:
        return b""
    lines = [f"SIP/2.0 {status}"]
    for name, shown in _COPIED:
        values = request.headers.get(name, [])
        if name == "via":
            values = _routed(values, request)
        elif name == "to":
            values = [_tagged(value, request) for value in values]
        lines += [f"{shown}: {value}" for value in values]
    lines += [f"{name}: {value}" for name, value in more]
    return "\r\n".join((*lines, "Content-Length: 0", "", "")).encode("latin-1")


def _routed(values: Sequence[str], request: SipHead) -> list[str]:
    """Say in the topmost Via where the request came from (RFC 3261, 18.2.1; RFC 3581, 4)."""
    if not values or not request.peer:
        return [*values]
    first, comma, others = values[0].partition(",")
    port = request.peer.rpartition(":")[2]
    asked = _RPORT.search(first)
    if asked:
        first = f"{first[: asked.start()]};rport={port}{first[asked.end() :]}"
    sent_by = _SENT_BY.match(first)
    is_elsewhere = sent_by is None or sent_by[1].strip("[]") != request.host
    if (asked or is_elsewhere) and not _RECEIVED.search(first):
        first = f"{first};received={request.host}"
    return [first + comma + others, *values[1:]]


def _tagged(to: str, request: SipHead) -> str:
    """Return whom a request was for, with the tag that a response adds."""
    if _TAG.search(to):
        return to
    return f"{to};tag={hashlib.blake2s(request.raw, digest_size=8).hexdigest()}"
