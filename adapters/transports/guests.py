"""All who are connected at once: a stranger who says nothing gives way to whoever comes.

Whoever has said nothing yet holds a place at no cost. So when there is no place left, the
stranger who has been silent for longest is cut off, unless everybody has only just come: then
there is no telling them apart, and the newcomer is the one too many.
"""

import asyncio
from typing import Final, Generic, Protocol, TypeVar

FAIR_S: Final = 1.0
"""How long everybody has for the first word, seconds."""


class Guest(Protocol):
    """One who is connected."""

    @property
    def is_stranger(self) -> bool:
        """Tell whether nothing that it said was understood yet."""

    def cut(self) -> None:
        """Hang up at once."""


G = TypeVar("G", bound=Guest)


class Guests(Generic[G]):
    """All who are connected at once.

    Args:
        most: How many there may be.

    Attributes:
        members: Who they are.
        most: How many there may be.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.members: dict[G, None] = {}
        # In the order in which they came; who has spoken since is left out when it is met.
        self._strangers: dict[G, float] = {}

    def enter(self, guest: G) -> bool:
        """Take one more; tell whether there is a place."""
        if len(self.members) >= self.most and not self._make_room():
            return False
        self.members[guest] = None
        self._strangers[guest] = asyncio.get_running_loop().time()
        return True

    def leave(self, guest: G) -> None:
        """Know one no more."""
        self.members.pop(guest, None)
        self._strangers.pop(guest, None)

    def _make_room(self) -> bool:
        """Cut off whoever gives way; tell whether somebody does."""
        guest = self._who_gives_way(asyncio.get_running_loop().time() - FAIR_S)
        if guest is None:
            return False
        self.leave(guest)
        guest.cut()
        return True

    def _who_gives_way(self, before: float) -> G | None:
        """Return the first stranger who came before a time; None: there is none."""
        while self._strangers:
            guest, came = next(iter(self._strangers.items()))
            if not guest.is_stranger:
                del self._strangers[guest]
            else:
                return guest if came <= before else None
        return None
