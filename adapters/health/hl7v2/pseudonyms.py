"""Names that say nothing: keyed digests that only the key's holder can tell apart.

HMAC-SHA-256 (FIPS 198-1). Visit and patient numbers are few and guessable, so a digest
without a key could be undone by trying them all.
"""

import contextlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32
_LEAST_BYTES: Final = 16
_DIGITS: Final = 32


class Pseudonyms:
    """Digests under one key.

    Args:
        key: The secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, purpose: str, *parts: str | bytes) -> str:
        """Return 128 bits as hexadecimal digits; the same parts give the same.

        Args:
            purpose: What the name is for; names for two purposes cannot be compared.
            parts: What to name; where one ends and the next begins matters.
        """
        said = [purpose.encode()]
        for part in parts:
            piece = part.encode() if isinstance(part, str) else part
            said += (len(piece).to_bytes(8, "big"), piece)
        return hmac.digest(self._key, b"".join(said), "sha256").hex()[:_DIGITS]


def random_key() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(KEY_BYTES)


def read_key(path: Path) -> bytes:
    """Return the key in a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is too short.
    """
    key = path.read_bytes().strip()
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"it has {len(key)} bytes, expected at least {_LEAST_BYTES}")
    return key


def read_or_make_key(path: Path) -> bytes:
    """Return the key in a file, which is made, for its owner alone, when it is not there.

    Raises:
        OSError: It can neither be read nor made.
        ValueError: It is too short.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(random_key().hex().encode())
        # Linked into place whole: another feed that starts now has made it, or reads this one.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return read_key(path)
