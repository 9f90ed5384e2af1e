"""How long things took, counted in classes: what a histogram is made of."""

import bisect
from collections.abc import Sequence
from typing import Final

BOUNDS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the classes, seconds: from a quiet bus to one that is away."""


class Durations:
    """Counts durations.

    Many that took the same time are counted at once, so that a lot of records costs what
    one does.

    Args:
        bounds: Upper bounds of the classes, seconds, ascending.

    Attributes:
        bounds: The same.
        counts: How many there were in each class; the last is of those above all bounds.
        total_s: What all took together, seconds.
    """

    def __init__(self, bounds: Sequence[float] = BOUNDS_S) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total_s = 0.0

    def note(self, seconds: float, count: int = 1) -> None:
        """Count some that took equally long; the clock may have gone back meanwhile."""
        seconds = max(seconds, 0.0)
        self.counts[bisect.bisect_left(self.bounds, seconds)] += count
        self.total_s += seconds * count
