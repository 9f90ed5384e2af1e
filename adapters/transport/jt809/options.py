"""What the city file can say about a JT/T 809 feed."""

import hashlib
import hmac
from typing import Annotated

import msgspec

from adapters.sdk.coordinates import CoordinateSystem
from adapters.transport.jt809.cipher import Cipher


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a subordinate platform logs in (``logins.<access code>``)."""

    user: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    """Its user number."""
    password_sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of its password, so that the city file holds no password."""

    def has_password(self, password: bytes) -> bool:
        """Tell whether a password is right."""
        return hmac.compare_digest(hashlib.sha256(password).hexdigest(), self.password_sha256)


class Jt809Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[feed.options]`` of a JT/T 809 feed."""

    coordinates: CoordinateSystem = CoordinateSystem.WGS84
    """The system of points that are not marked as encrypted by the secrecy plug-in."""
    logins: dict[str, Login] = {}
    """Platforms that may send, by access code in decimal digits; none: any may."""
    ciphers: dict[str, Cipher] = {}
    """Constants for platforms that encrypt, by access code in decimal digits."""
    longest_frame: Annotated[int, msgspec.Meta(ge=256, le=393_216)] = 65_536
    """Most bytes of a frame on the wire."""
