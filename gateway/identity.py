"""Who calls: the department that the client's certificate names."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from cryptography import x509

from broker.tls import SERIAL
from gateway.errors import Unauthenticated

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
else:
    Context = grpc.aio.ServicerContext

OPERATORS = "ops"
_ALTERNATIVE_NAMES = "x509_subject_alternative_name"
PURPOSE = "liandong-purpose"
TRACE = "traceparent"
# W3C Trace Context, 3.2; a later version may append to it.
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)")
_URI = re.compile(r"liandong://agency/([a-z][a-z0-9_-]{0,31})/([a-z][a-z0-9_-]{0,31})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what for.

    Attributes:
        agency: The department.
        role: Its role, for example ``client``.
        purpose: The purpose that the caller states; empty: none.
        serial: Its certificate's serial number, hexadecimal; empty: the certificate does not
            repeat it among its names.
    """

    agency: str
    role: str
    purpose: str
    serial: str = ""


UNKNOWN = Caller("", "", "")
"""Whoever is no department of the city."""


def identify(context: Context) -> tuple[Caller, str]:
    """Return who calls, and the call's trace id; empty: none.

    Raises:
        Unauthenticated: If the certificate names no department of a city.
    """
    # A fifth of what auth_context() costs, which copies the whole certificate.
    names = tuple(context.peer_identities() or ())
    if context.peer_identity_key() != _ALTERNATIVE_NAMES:
        raise Unauthenticated(_joined(names))
    purpose, trace = _stated(context)
    return _caller(names, purpose), trace


def agency_of(context: Context) -> str:
    """Return which department calls, as far as its certificate says; empty: none of the city."""
    return _agency(tuple(context.peer_identities() or ()))


@functools.lru_cache(maxsize=4096)
def _agency(names: tuple[bytes, ...]) -> str:
    """Return the department of a certificate's alternative names; empty: none."""
    try:
        return _caller(names, "").agency
    except Unauthenticated:
        return ""


@functools.lru_cache(maxsize=4096)
def _caller(names: tuple[bytes, ...], purpose: str) -> Caller:
    """Return who a certificate's alternative names say calls."""
    decoded = [name.decode(errors="replace") for name in names]
    serial = next((name.removeprefix(SERIAL) for name in decoded if name.startswith(SERIAL)), "")
    for name in decoded:
        match = _URI.fullmatch(name)
        if match is not None:
            return Caller(match[1], match[2], purpose, serial)
    raise Unauthenticated(_joined(names))


def _joined(names: Sequence[bytes]) -> str:
    """Return names for a sentence."""
    return ", ".join(name.decode(errors="replace") for name in names)


def _stated(context: Context) -> tuple[str, str]:
    """Return the purpose that the metadata state, and the trace id."""
    purpose = trace = ""
    for key, value in context.invocation_metadata() or ():
        if key == PURPOSE:
            purpose = value if isinstance(value, str) else value.decode(errors="replace")
        elif key == TRACE:
            match = _TRACE.match(value if isinstance(value, str) else value.decode("latin-1"))
            trace = match[1] if match is not None else ""
    return purpose, trace


def serial_of(context: Context) -> str:
    """Return the serial number of a caller's certificate, hexadecimal; it costs some 100 us."""
    (pem,) = context.auth_context()["x509_pem_cert"]
    return f"{x509.load_pem_x509_certificate(pem).serial_number:x}"
