"""Tokens for pages and watches: opaque to the client, bound to its selection."""

import base64
import binascii

from gateway.errors import InvalidRequest


def encode(kind: str, bound_to: str, position: str) -> str:
    """Return a token.

    Args:
        kind: ``page`` or ``watch``.
        bound_to: Digest of the selection.
        position: Where to go on.
    """
    return base64.urlsafe_b64encode(f"{kind}\n{bound_to}\n{position}".encode()).decode().rstrip("=")


def decode(field: str, token: str, kind: str, bound_to: str) -> str:
    """Return a token's position.

    Raises:
        InvalidRequest: If it is no token of this kind, or of another selection.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        found, digest, position = base64.urlsafe_b64decode(padded).decode().split("\n", 2)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest([(field, "is no token of this gateway: begin without one")]) from error
    if found != kind:
        raise InvalidRequest([(field, f"is a {found} token, expected a {kind} token")])
    if digest != bound_to:
        raise InvalidRequest(
            [(field, "belongs to another selection: ask with the selection it was made for")]
        )
    return position
