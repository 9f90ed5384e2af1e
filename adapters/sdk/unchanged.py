"""Since when a source has been saying the same.

A source that is polled says everything again each time. What it repeats must get the same
message id, so that it is stored once; what it says again after it said something else must
get a new one, or the change back would be taken for a resend and lost.
"""

import hashlib
from collections import OrderedDict
from datetime import datetime
from typing import Final

REMEMBERED: Final = 100_000
_DIGEST_BYTES: Final = 16


class Unchanged:
    """What was last said of each thing, and since when, in memory bounded by number.

    Args:
        most: How many things are remembered; one that is forgotten counts as new.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._said: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()

    def forget(self, thing: str) -> None:
        """Drop a thing: what is said of it next is new."""
        self._said.pop(thing, None)

    def since(self, thing: str, content: bytes, at: datetime) -> datetime:
        """Return since when ``content`` has been said of a thing without a break.

        Args:
            thing: What it is said of.
            content: What is said, in bytes that are the same while it is.
            at: When it is said now.
        """
        digest = hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
        known = self._said.get(thing)
        since = known[1] if known is not None and known[0] == digest else at
        self._said[thing] = (digest, since)
        self._said.move_to_end(thing)
        if len(self._said) > self._most:
            self._said.popitem(last=False)
        return since
