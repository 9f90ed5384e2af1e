"""What a group of watchers watches, sees, and knows of each of them."""

from typing import NamedTuple, Protocol

from gateway.identity import Caller
from gateway.permit import Permit
from gateway.selection import Selector
from liandong.gateway.v1.shared_state_pb2 import Selection


class Waiting(Protocol):
    """A watcher, as its group knows it.

    Attributes:
        position: Before which position it has been told everything.
    """

    position: int

    def wake(self) -> None:
        """Have it look whether there is something to send."""

    def tick(self, now: float, tick_s: float, unread_s: float) -> None:
        """Have it look at the time."""


class Sight(NamedTuple):
    """What a group sees of the city now.

    Attributes:
        permit: What the caller may see.
        selector: What tells which of it the watchers are told of.
    """

    permit: Permit
    selector: Selector


class Watched(NamedTuple):
    """What a group watches.

    Attributes:
        caller: Who watches, and what for.
        selection: Which records.
        bound_to: What binds tokens to what is watched.
    """

    caller: Caller
    selection: Selection
    bound_to: str
