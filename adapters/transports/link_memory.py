"""What is known of the documents that an index links to: which are settled, which fail."""

import base64
import hashlib
import time
from collections.abc import Iterable
from typing import Final

from adapters.transports.http_fetch import Absent
from adapters.transports.retry import Trouble

REMEMBERED: Final = 6000
"""How many settled links are known, whether or not the index still lists them."""
_KEY_BYTES: Final = 12
_DOUBLINGS: Final = 32


class SettledLinks:
    """What is settled, by keys, in memory bounded by number.

    Args:
        most: How many are known; what has not been asked for longest is forgotten.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._keys: dict[str, None] = {}

    def restore(self, keys: Iterable[str]) -> None:
        """Take up what was known before a restart."""
        self._keys = dict.fromkeys(keys)

    @property
    def keys(self) -> list[str]:
        """Return what is known; what was asked for last comes last."""
        return list(self._keys)

    def has(self, key: str) -> bool:
        """Tell whether something is settled, and keep it in mind if so."""
        if key not in self._keys:
            return False
        self.add(key)
        return True

    def add(self, key: str) -> None:
        """Note that something is settled."""
        self._keys.pop(key, None)
        self._keys[key] = None
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]


class Tries:
    """How often a link has led nowhere, and when it is tried again: ever more rarely.

    Attributes:
        absent: How often there was no document.
    """

    __slots__ = ("_due", "_failed", "absent")

    def __init__(self) -> None:
        self._failed = 0
        self._due = 0.0
        self.absent = 0

    @property
    def is_due(self) -> bool:
        """Tell whether it is time to try."""
        return self._due <= time.monotonic()

    def fail(self, trouble: Trouble, interval_s: float, longest_s: float) -> None:
        """Note a failure; after the first, which may just be early, the next poll tries again."""
        wait_s = interval_s * (2.0 ** min(self._failed, _DOUBLINGS) - 1)
        self._due = time.monotonic() + max(min(wait_s, longest_s), trouble.wait_s)
        self._failed += 1
        self.absent += isinstance(trouble, Absent)


def key_of(*what: str) -> str:
    """Return by what something is known."""
    text = "\0".join(what).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=_KEY_BYTES).digest()
    return base64.b85encode(digest).decode()
