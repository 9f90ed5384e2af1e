"""Tokens for pages and watches: opaque to the client, bound to its selection."""

import base64
import binascii
import hashlib
from typing import Final

from gateway.errors import InvalidRequest

# Of a watch's token all that may be cut off is its last number, which then matches nothing.
_UNSEALED: Final = "watch"
_SEAL: Final = 8
_NONE: Final = "is no token of this gateway: begin without one"


def encode(kind: str, bound_to: str, position: str) -> str:
    """Return a token.

    Args:
        kind: ``page`` or ``watch``.
        bound_to: Digest of the selection.
        position: Where to go on.
    """
    told = f"{kind}\n{bound_to}\n{position}"
    if kind != _UNSEALED:
        told += _seal(told)
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def decode(field: str, token: str, kind: str, bound_to: str) -> str:
    """Return a token's position.

    Raises:
        InvalidRequest: If it is no token of this kind, or not a whole one, or of another selection.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        told = base64.urlsafe_b64decode(padded).decode()
        found, digest, position = told.split("\n", 2)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest([(field, _NONE)]) from error
    if found != kind:
        raise InvalidRequest([(field, f"is a {found} token, expected a {kind} token")])
    if digest != bound_to:
        raise InvalidRequest(
            [(field, "belongs to another selection: ask with the selection it was made for")]
        )
    if kind == _UNSEALED:
        return position
    if _seal(told[:-_SEAL]) != told[-_SEAL:]:
        raise InvalidRequest([(field, _NONE)])
    return position[:-_SEAL]


def _seal(told: str) -> str:
    """Return what a token ends with, by which one that was cut or altered is known."""
    return hashlib.sha256(told.encode()).hexdigest()[:_SEAL]
