"""How long a group of entries waits for more before it is written.

A group costs some 300 us of a processor whatever its size: a signature, a write, a flush.
Where many call at once, to wait a moment makes that a few microseconds of each call; where
few do, it would only make each of them slow.
"""

import asyncio
import time
from collections.abc import Sized
from typing import Final

GROUP: Final = 500
"""How many entries are in a group at most."""
_FEW = 4
_MOMENT_S = 0.001
_WINDOW_S = 0.005


class Gathering:
    """Decides by the last group whether there are many."""

    def __init__(self) -> None:
        self._last = 0

    def wrote(self, size: int) -> None:
        """Take note of how many entries were written together."""
        self._last = size

    async def gather(self, waiting: Sized) -> None:
        """Wait while each moment brings more, if many come, but not for longer than a window.

        Args:
            waiting: What is written when this returns.
        """
        if self._last <= _FEW >= len(waiting):
            return
        until, seen = time.monotonic() + _WINDOW_S, 0
        while seen < len(waiting) < GROUP and time.monotonic() < until:
            seen = len(waiting)
            await asyncio.sleep(_MOMENT_S)
