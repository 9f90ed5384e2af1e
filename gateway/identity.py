"""Who calls: the department that the client's certificate names."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from gateway.errors import Unauthenticated

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
else:
    Context = grpc.aio.ServicerContext

OPERATORS = "ops"
PURPOSE = "liandong-purpose"
_URI = re.compile(r"liandong://agency/([a-z][a-z0-9_-]{0,31})/([a-z][a-z0-9_-]{0,31})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what for.

    Attributes:
        agency: The department.
        role: Its role, for example ``client``.
        purpose: The purpose that the caller states; empty: none.
    """

    agency: str
    role: str
    purpose: str


def identify(context: Context) -> Caller:
    """Return who calls.

    Raises:
        Unauthenticated: If the certificate names no department of a city.
    """
    names = context.auth_context().get("x509_subject_alternative_name", ())
    for name in names:
        match = _URI.fullmatch(name.decode(errors="replace"))
        if match is not None:
            return Caller(match[1], match[2], _purpose(context))
    raise Unauthenticated(", ".join(name.decode(errors="replace") for name in names))


def _purpose(context: Context) -> str:
    """Return the purpose that the metadata state."""
    for key, value in context.invocation_metadata() or ():
        if key == PURPOSE:
            return value if isinstance(value, str) else value.decode(errors="replace")
    return ""
