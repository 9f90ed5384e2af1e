"""Which connection speaks for which station, and when two speak for one.

A station's number is typed in by hand, and the same one is typed twice. Readings of two
stations would then be one series, and nobody would see it. A connection that ended, or
that a logger left behind without a word, is no second station: only when two open
connections speak the same name in turn is it contested.
"""

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

V = TypeVar("V")
_MOST: Final = 100_000
_SILENT_S: Final = 900.0
"""After this long without a word a connection speaks for nobody: datagrams never hang up."""


class Claim(enum.Enum):
    """What a connection may say of a name."""

    SOLE = enum.auto()
    """It is the only one that speaks for it."""
    FIRST = enum.auto()
    """Others do, too; it was the first."""
    OTHER = enum.auto()
    """Another was the first."""


@dataclass(slots=True)
class _Shared:
    """Connections that spoke one name while each was open, the first of them first."""

    speakers: list[str]
    is_contested: bool = False


class Claims:
    """Names, each with the connection that speaks for it.

    The memory is bounded: the oldest claims are forgotten, and made anew by the next record.

    Args:
        most: How many names and connections are remembered.
        now: Tells a time in seconds that never goes back.
    """

    def __init__(self, most: int = _MOST, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._holders: dict[str, str] = {}
        self._shared: dict[str, _Shared] = {}
        self._heard: dict[str, float] = {}

    def hear(self, speaker: str) -> None:
        """Note that a connection is open and speaks."""
        _put(self._heard, speaker, self._now(), self._most)

    def release(self, speaker: str) -> None:
        """Note that a connection has ended; whatever it spoke for is free."""
        self._heard.pop(speaker, None)

    def claim(self, name: str, speaker: str, *, is_repeat: bool = False) -> Claim:
        """Return what a connection that says something of a name may say.

        Args:
            name: The record's name.
            speaker: The connection.
            is_repeat: It said this before, and it is only tried again; that claims nothing.
        """
        holder = self._holders.get(name)
        if holder == speaker:
            return Claim.SOLE
        return self._decide(name, speaker, holder, is_repeat=is_repeat)

    def _decide(self, name: str, speaker: str, holder: str | None, *, is_repeat: bool) -> Claim:
        """Decide about a name that is free, held by another, or contested."""
        shared = self._shared.get(name)
        if shared is not None and shared.is_contested:
            return self._contested(name, speaker, shared, is_repeat=is_repeat)
        if is_repeat:
            return Claim.SOLE
        if holder is None or not self._is_open(holder):
            self._shared.pop(name, None)
        else:
            shared = shared or _Shared([holder])
            shared.speakers = [one for one in shared.speakers if self._is_open(one)]
            if speaker in shared.speakers:
                shared.is_contested = True
                self._holders.pop(name)
                return self._contested(name, speaker, shared, is_repeat=False)
            shared.speakers.append(speaker)
            _put(self._shared, name, shared, self._most)
        _put(self._holders, name, speaker, self._most)
        return Claim.SOLE

    def _contested(self, name: str, speaker: str, shared: _Shared, *, is_repeat: bool) -> Claim:
        """Decide about a contested name; it is so while two that speak it are open."""
        speakers = [one for one in shared.speakers if one == speaker or self._is_open(one)]
        if not is_repeat:
            if speaker not in speakers:
                speakers.append(speaker)
            shared.speakers = speakers
            if len(speakers) == 1:
                del self._shared[name]
                _put(self._holders, name, speaker, self._most)
        if speakers == [speaker] or not speakers:
            return Claim.SOLE
        return Claim.FIRST if speakers[0] == speaker else Claim.OTHER

    def _is_open(self, speaker: str) -> bool:
        """Tell whether a connection may still speak."""
        heard = self._heard.get(speaker)
        return heard is not None and self._now() - heard < _SILENT_S


def _put(table: dict[str, V], key: str, value: V, most: int) -> None:
    """Put an entry into a table; forget the oldest when there is no room."""
    if key not in table and len(table) >= most:
        del table[next(iter(table))]
    table[key] = value
