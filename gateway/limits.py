"""What calls may take: how many and how often a department's, and how long each may last."""

import time
from collections import Counter
from collections.abc import Callable

import msgspec

from gateway.errors import TooMany, TooManyAtOnce


class CallLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What calls may take.

    Attributes:
        per_s: Calls a second that one department may make over time.
        burst: Calls that it may make at once.
        at_once: Calls of all departments that are served at once.
        deadline_s: How long a call may last whose caller names no deadline, and how long any
            call's request may take to come; streams may last for ever.
    """

    per_s: float = 20_000.0
    burst: float = 40_000.0
    at_once: int = 10_000
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


class Shares:
    """The places of calls: no department takes more of them than it leaves to all others.

    One alone can have half of them, two a third each, and however many want all that they can
    get, as much as each of them has is free for whoever comes then.

    Args:
        places: How many there are.
    """

    __slots__ = ("_free", "_taken")

    def __init__(self, places: int) -> None:
        self._free = places
        self._taken: Counter[str] = Counter()

    def take(self, agency: str) -> None:
        """Take a place for a department's call.

        Raises:
            TooManyAtOnce: If it has as many as are free.
        """
        taken = self._taken[agency]
        if taken >= self._free:
            raise TooManyAtOnce(agency, taken)
        self._taken[agency] = taken + 1
        self._free -= 1

    def give_back(self, agency: str) -> None:
        """Give a place back."""
        self._taken[agency] -= 1
        self._free += 1
