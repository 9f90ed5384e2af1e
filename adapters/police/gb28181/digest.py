"""Digest authentication of a registration (RFC 7616, RFC 2617; GB/T 28181-2022, 9.1.2.1)."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Final

_PARAMETER: Final = re.compile(r"""([A-Za-z]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))""")
_FRESH_S: Final = 300
_TIME_DIGITS: Final = 8
_MARK_DIGITS: Final = 24
_ALGORITHMS: Final = {"": "md5", "md5": "md5", "sha-256": "sha256"}


def credentials(header: str) -> dict[str, str]:
    """Return the parameters of an ``Authorization`` header by their names in small letters.

    Empty: it is no Digest.
    """
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}


def is_right(given: dict[str, str], method: str, password: str) -> bool:
    """Tell whether credentials prove that whoever made them knows a password.

    Args:
        given: The parameters of the header.
        method: The request's method.
        password: The password.
    """
    algorithm = _ALGORITHMS.get(given.get("algorithm", "").lower())
    if algorithm is None:
        return False

    def digest(*parts: str) -> str:
        # Names and passwords are ASCII in practice; anything else counts as UTF-8.
        return hashlib.new(algorithm, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    def said(name: str) -> str:
        # Headers are read byte by byte, so that they can be copied.
        return given.get(name, "").encode("latin-1").decode("utf-8", "replace")

    who = digest(said("username"), said("realm"), password)
    what = digest(method, said("uri"))
    nonce = said("nonce")
    if given.get("qop"):
        expected = digest(who, nonce, said("nc"), said("cnonce"), said("qop"), what)
    else:
        expected = digest(who, nonce, what)
    return hmac.compare_digest(expected.encode(), said("response").lower().encode())


class Nonces:
    """Makes nonces and knows them again, without keeping any.

    Each is for one device at one address, and for five minutes.

    Args:
        key: A secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new(self, device: str, host: str, now: datetime) -> str:
        """Return a nonce."""
        stamp = f"{int(now.timestamp()):0{_TIME_DIGITS}x}"
        return stamp + self._mark(stamp, device, host)

    def is_fresh(self, nonce: str, device: str, host: str, now: datetime) -> bool:
        """Tell whether a nonce was made here for this device and address, not long ago."""
        stamp = nonce[:_TIME_DIGITS]
        expected = stamp + self._mark(stamp, device, host)
        if not hmac.compare_digest(nonce.encode(), expected.encode()):
            return False
        made = datetime.fromtimestamp(int(stamp, 16), UTC)
        return abs((now - made).total_seconds()) <= _FRESH_S

    def _mark(self, stamp: str, device: str, host: str) -> str:
        """Return what nobody else can write behind a time."""
        said = f"{stamp}\n{device}\n{host}".encode()
        return hmac.digest(self._key, said, "sha256").hex()[:_MARK_DIGITS]
