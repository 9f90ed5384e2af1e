"""How fast a feed may be taken."""

import asyncio


class Pace:
    """Lets messages pass no faster than a rate; what is faster waits, and its transport with it.

    Args:
        per_s: Messages a second; 0: as fast as they come.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._next = 0.0

    async def keep(self, count: int) -> None:
        """Wait until this many messages may pass."""
        if not self._per_s:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + count / self._per_s
        if start > now:
            await asyncio.sleep(start - now)
