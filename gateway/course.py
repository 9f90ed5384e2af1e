"""What the view remembers of the stream's course, so that watches can go on after a break.

Whoever comes back with a place in the stream is told what has changed since. Most of that
the view's entries say. Here is what they do not: which stream it is, which revisions
changed nothing, where records were before they moved, and what ended meanwhile.
"""

import bisect
from array import array
from collections.abc import Iterator

from gateway.key import Key

_REVISIONS = 1 << 19
_MOVES = 16
_ENDED = 1 << 16
_NEVER = 1 << 63


class Course:
    """Remembers what was read of the city's stream.

    Attributes:
        exact_since: All that was stored from this sequence on was read, and every move since
            is known: whoever has seen all before it can be told exactly what has changed.
            Before it the last of each record was read.
    """

    def __init__(self) -> None:
        # A sequence, twice, plus one if its revision changed the state; when it was stored.
        self._passed = array("Q")
        self._stored = array("Q")
        # What a record's key was up to which sequence, earliest first.
        self._moves: dict[str, tuple[tuple[int, Key], ...]] = {}
        self._ended: list[tuple[int, str]] = []
        self._ended_since = 0
        self.exact_since = _NEVER

    def passed(self, sequence: int, stored_ns: int, *, changes: bool) -> None:
        """Note a revision, and whether it changes the state."""
        self._passed.append(sequence << 1 | changes)
        self._stored.append(stored_ns)
        if len(self._passed) > 2 * _REVISIONS:
            del self._passed[:_REVISIONS], self._stored[:_REVISIONS]

    @property
    def is_settled(self) -> bool:
        """Tell whether all that comes is read, and not the last of each record only."""
        return self.exact_since < _NEVER

    def settle(self, sequence: int) -> None:
        """Note that all after a sequence will be read."""
        self.exact_since = sequence + 1

    def moved(self, name: str, sequence: int, key: Key) -> None:
        """Note that a record had a key until a revision gave it another."""
        moves = (*self._moves.get(name, ()), (sequence, key))
        if len(moves) > _MOVES:
            self.exact_since = max(self.exact_since, moves[0][0])
            moves = moves[1:]
        self._moves[name] = moves

    def ended(self, expires: int, name: str) -> None:
        """Note that a record has ended."""
        bisect.insort(self._ended, (expires, name))
        if len(self._ended) > 2 * _ENDED:
            self._ended_since = self._ended[_ENDED][0]
            del self._ended[:_ENDED]

    def restart(self) -> None:
        """Forget the stream: it is another, or shorter, and its sequences are given anew."""
        del self._passed[:], self._stored[:]
        self._moves.clear()
        self.exact_since = _NEVER

    def goes_through(self, sequence: int, stored_ns: int) -> bool:
        """Tell whether the stream that was read can have stored this sequence at this time.

        One that lost its end in a power cut, and has grown anew, stored what is before it later.
        """
        after = bisect.bisect_left(self._passed, (sequence + 1) << 1)
        before = after - 1
        return (before < 0 or self._stored[before] <= stored_ns) and (
            after == len(self._stored) or stored_ns <= self._stored[after]
        )

    def stored(self, sequence: int) -> int:
        """Return when the last up to a sequence was stored, ns since 1970 UTC; 0: unknown."""
        index = bisect.bisect_left(self._passed, (sequence + 1) << 1) - 1
        return self._stored[index] if index >= 0 else 0

    def knows(self, sequence: int) -> bool:
        """Tell whether it is known of all after a sequence what they changed."""
        return (
            not self._passed
            or self._passed[0] >> 1 <= sequence + 1
            or len(self._passed) < _REVISIONS
        )

    def changed(self, sequence: int) -> bool:
        """Tell whether a revision changed the state when it came: it was no back-fill.

        Of what was stored before all was read nothing is known; it was stored where what
        changes the state is.
        """
        if sequence < self.exact_since:
            return True
        index = bisect.bisect_left(self._passed, sequence << 1)
        return index < len(self._passed) and self._passed[index] == sequence << 1 | 1

    def key_at(self, name: str, sequence: int, now: Key) -> Key:
        """Return which key a record had after a sequence.

        Args:
            name: The record's name.
            sequence: Of the city's stream.
            now: Its key now.
        """
        for until, key in self._moves.get(name, ()):
            if until > sequence:
                return key
        return now

    def ended_after(self, time_ns: int) -> Iterator[str] | None:
        """Return the names of records that ended after a time; None: not all are known."""
        if time_ns < self._ended_since:
            return None
        start = bisect.bisect_left(self._ended, (time_ns, ""))
        return (name for _, name in self._ended[start:])
