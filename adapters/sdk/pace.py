"""How fast a feed may be taken."""

import asyncio
import contextlib
import sys


class Pace:
    """Lets messages pass no faster than a rate; what is faster waits, and its transport with it.

    Args:
        per_s: Messages a second; 0: as fast as they come.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._next = 0.0
        self._released = asyncio.Event()

    @property
    def at_once(self) -> int:
        """Return how many messages may pass in a second, one at least."""
        is_limited = self._per_s and not self._released.is_set()
        return max(1, int(self._per_s)) if is_limited else sys.maxsize

    async def keep(self, count: int) -> None:
        """Wait until this many messages may pass."""
        if not self._per_s or self._released.is_set():
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + count / self._per_s
        if start > now:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(start - now):
                    await self._released.wait()

    def release(self) -> None:
        """Let all pass from here on: what was read is to be settled before the end."""
        self._released.set()
