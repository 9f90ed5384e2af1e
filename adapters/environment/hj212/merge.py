"""Packets of a split message, put together as far as they have come."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from adapters.environment.hj212.items import Factor
from adapters.environment.hj212.segment import Segment
from adapters.sdk.errors import Untranslatable

MOST_FACTORS = 2048
"""As many as a record may hold."""
_MOST_PACKETS = 9999


class Union(NamedTuple):
    """What has come of one message."""

    total: int
    """How many packets its sender announced."""
    merged: tuple[int, ...]
    """Which of them are here, in order."""
    factors: list[Factor]
    """All their factors, in the order of the packets."""


def packet_of(segment: Segment) -> tuple[int, int]:
    """Return PNO and PNUM; ``(0, 0)``: the message is not split, or says that it is in none.

    Raises:
        Untranslatable: They are no numbers, or PNO lies beyond PNUM.
    """
    if not segment.packets.strip("0") and not segment.packet.strip("0"):
        return 0, 0
    try:
        number, total = int(segment.packet), int(segment.packets)
    except ValueError:
        number, total = 0, 0
    if not 1 <= number <= total <= _MOST_PACKETS:
        raise Untranslatable(
            "PNO/PNUM",
            f"{segment.packet}/{segment.packets}",
            expected="the packet's number, from 1 to how many there are",
            cause="packet",
        )
    return number, total


class Merger:
    """Remembers split messages by MN, CN and DataTime; the oldest are forgotten first.

    Factors differ from packet to packet (6.3.3), so their union is the message. A
    complete message is still remembered, so that a repeated packet gives the whole
    again and not itself alone.
    """

    def __init__(self, open_messages: int) -> None:
        self._room = open_messages
        self._open: OrderedDict[tuple[str, str, str], tuple[int, dict[int, list[Factor]]]] = (
            OrderedDict()
        )
        self._latest: dict[tuple[str, str], tuple[str, str, str]] = {}

    def begun(self, mn: str, cn: str, number: int, total: int, factors: Sequence[Factor]) -> str:
        """Return the DataTime of the message that a packet without one continues, or nothing.

        Some loggers write DataTime into the first packet alone; the others then belong to
        the logger's latest message, unless that has another packet of their number.
        """
        key = self._latest.get((mn, cn))
        known, packets = self._open.get(key, (0, {})) if key else (0, {})
        fits = known == total and packets.get(number, factors) == factors
        return key[2] if key and fits else ""

    def add(
        self, key: tuple[str, str, str], number: int, total: int, factors: list[Factor]
    ) -> Union:
        """Return all that has come of the message, this packet included.

        Raises:
            Untranslatable: Together they hold more factors than a record may.
        """
        known, packets = self._open.get(key, (total, {}))
        if known != total:
            packets = {}
        held = {**packets, number: factors}
        if sum(map(len, held.values())) > MOST_FACTORS:
            raise Untranslatable(
                "PNUM",
                total,
                expected=f"packets with at most {MOST_FACTORS} factors together",
                cause="packet",
            )
        self._open[key] = (total, held)
        self._open.move_to_end(key)
        self._latest[key[:2]] = key
        while len(self._open) > self._room:
            forgotten, _ = self._open.popitem(last=False)
            if self._latest[forgotten[:2]] == forgotten:
                del self._latest[forgotten[:2]]
        merged = tuple(sorted(held))
        return Union(total, merged, [factor for packet in merged for factor in held[packet]])
