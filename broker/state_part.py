"""Parts of a city's state, which gateways of their own hold when it outgrows one process.

What parts it is what a record's subject says and no revision changes: its agency and its kind.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec

from broker.subjects import matches, share_patterns


class StatePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the state.

    Attributes:
        name: Its name; empty: it is the whole state.
        kinds: The kinds that it holds, ``water.*`` or ``water.level``; none: all.
        agencies: The departments whose records it holds; none: all.
        districts: GB/T 2260 codes; the departments of these districts are among its agencies.
        address: host:port at which clients reach its gateways; empty: they are not told.
        port: Where its gateways listen; 0: where those of the whole state do.
    """

    name: str
    kinds: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    address: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether it holds everything."""
        return not self.kinds and not self.agencies

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the patterns of the subjects of its records."""
        return share_patterns(self.agencies, self.kinds)

    @property
    def told(self) -> str:
        """Return what it holds, in words."""
        return told(self.agencies, self.kinds)

    def holds(self, agencies: Sequence[str] = (), kinds: Sequence[str] = ()) -> bool:
        """Tell whether it holds all records of departments of kinds, those to come too.

        Args:
            agencies: Whose; none: everybody's.
            kinds: Of which kinds, or patterns of kinds; none: of all.
        """
        return _within(agencies, self.agencies, str.__eq__) and _within(kinds, self.kinds, matches)


WHOLE = StatePart("")


def told(agencies: Sequence[str], kinds: Sequence[str]) -> str:
    """Return which kinds of which departments are meant, in words."""
    return f"{', '.join(kinds) or 'every kind'} of {', '.join(agencies) or 'every department'}"


def _within(asked: Sequence[str], held: Sequence[str], holds: Callable[[str, str], bool]) -> bool:
    """Tell whether all that is asked for is among what is held; none: everything."""
    return not held or (
        bool(asked) and all(any(holds(one, each) for one in held) for each in asked)
    )
