"""How many candidates each index has, and the run of candidates of the one with the fewest."""

import math
from dataclasses import dataclass
from typing import Final

from gateway.key import Key
from gateway.order import Position
from gateway.selection import Selector
from gateway.shapes import Shape
from gateway.space import Near
from gateway.view import StateView

START: Final[Position] = (-math.inf, "")
"""Before all records."""
END: Final[Position] = (math.inf, "\U0010ffff")
"""Behind them."""


@dataclass(slots=True)
class Run:
    """Candidates that stand together in the order.

    Attributes:
        names: Their names, and others.
        low: They stand after this,
        high: and not after that.
        is_sorted: Whether the names are just these, in order.
        region: Where points lie that are candidates besides those that are named,
        near: and what lies about it.
    """

    names: list[str]
    low: Position
    high: Position
    is_sorted: bool = False
    region: Shape | None = None
    near: Near | None = None


class Estimate:
    """How many candidates each index has for a selector."""

    def __init__(self, view: StateView, selector: Selector) -> None:
        self._view = view
        self._keys: list[Key] = selector.keys(view.names)
        self.by_key = view.names.count(self._keys)
        self.by_time = self.by_space = len(view)
        if selector.shapes:
            found = [(view.space.near(shape.boxes), shape) for shape in selector.shapes]
            self._near, self._shape = min(found, key=lambda one: len(one[0]))
            self.by_space = len(self._near)
        if selector.observed is not None:
            minutes = view.times.minutes(*selector.observed)
            self._time = [view.times.within(minute) for minute in minutes]
            self.by_time = sum(map(len, self._time))
        self.least = min(self.by_key, self.by_time, self.by_space)

    def walked(self, count: int) -> float:
        """Return which part of all is walked, if what is selected lies evenly, to find a few."""
        return min(self.of(count) / max(len(self._view), 1), 1.0)

    def of(self, count: int) -> float:
        """Return among how many of all a few are found, if what is selected lies evenly."""
        total = max(len(self._view), 1)
        share = self.by_key * self.by_time * self.by_space / total**3
        return count / max(share, 1.0 / total)

    def run(self, low: Position) -> Run:
        """Return a run of all candidates after a position, in the index that has the fewest."""
        everything = len(self._view)
        if self.by_space == self.least < everything:
            near = self._near
            return Run(near.areas(), low, END, region=self._shape, near=near)
        if self.by_time == self.least < everything:
            return Run(list(set().union(*self._time)), low, END)
        return Run(list(self._view.names.after("", self._keys)), low, END)
