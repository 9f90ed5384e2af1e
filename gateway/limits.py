"""What calls may take: how often a department may call, and how long a call may last."""

import time
from collections.abc import Callable

import msgspec

from gateway.errors import TooMany


class CallLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What calls may take.

    Attributes:
        per_s: Calls a second that one department may make over time.
        burst: Calls that it may make at once.
        deadline_s: How long a call may last whose caller names no deadline; streams may
            last for ever.
    """

    per_s: float = 20_000.0
    burst: float = 40_000.0
    deadline_s: float = 30.0


class Rates:
    """The rates of all departments, each its own.

    Args:
        per_s: Calls a second that a department may make over time.
        burst: Calls that it may make at once.
        clock: Seconds that never jump.
    """

    __slots__ = ("_buckets", "_burst", "_clock", "_per_s")

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, agency: str) -> None:
        """Count a department's call.

        Raises:
            TooMany: If it has made too many; it says when to come back.
        """
        now = self._clock()
        left, since = self._buckets.get(agency, (self._burst, now))
        left = min(left + (now - since) * self._per_s, self._burst)
        if left < 1:
            self._buckets[agency] = (left, now)
            raise TooMany(agency, self._per_s, (1 - left) / self._per_s)
        self._buckets[agency] = (left - 1, now)
