"""Messages in several packets (SYN frames, mode M3): collected within bounds, then joined."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Self

from adapters.sdk.message import Undecodable

_OPEN_MESSAGES: Final = 16
_OPEN_BYTES: Final = 2 << 20
_COUNTERS: Final = 3


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its frame, its number of how many, and what it carries."""

    raw: bytes
    total: int
    number: int
    content: bytes

    @classmethod
    def of(cls, raw: bytes, body: bytes) -> Self:
        """Read a body's first three bytes: 12 bits total, 12 bits number (clause 6.2.2)."""
        counters = int.from_bytes(body[:_COUNTERS], "big")
        return cls(raw, counters >> 12, counters & 0xFFF, body[_COUNTERS:])


class Reassembly:
    """Holds the packets of messages that are not complete."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, int], dict[int, Packet]] = OrderedDict()
        self._bytes = 0

    def add(self, key: tuple[str, int], packet: Packet) -> list[Packet] | Undecodable | None:
        """Take a packet; return all packets in order when it was the last that lacked."""
        if not 1 <= packet.number <= packet.total:
            reason = f"packet {packet.number} of {packet.total}: there is no such packet"
            return Undecodable(packet.raw, "packet", reason)
        held = self._open.get(key)
        if held and next(iter(held.values())).total != packet.total:
            # The station began another message; the first will not be completed.
            given_up = self._give_up(key)
            self._hold(key, packet)
            return given_up
        self._hold(key, packet)
        packets = self._open[key]
        if len(packets) == packet.total:
            self._forget(key)
            return [packets[number] for number in sorted(packets)]
        if len(self._open) > _OPEN_MESSAGES or self._bytes > _OPEN_BYTES:
            return self._give_up(next(iter(self._open)))
        return None

    def close(self) -> list[Undecodable]:
        """Return what did not come complete."""
        return [self._give_up(key) for key in tuple(self._open)]

    def _hold(self, key: tuple[str, int], packet: Packet) -> None:
        """Keep a packet; one that was sent again replaces the first."""
        packets = self._open.setdefault(key, {})
        replaced = packets.get(packet.number)
        self._bytes += len(packet.raw) - (len(replaced.raw) if replaced else 0)
        packets[packet.number] = packet

    def _forget(self, key: tuple[str, int]) -> dict[int, Packet]:
        """Hold a message's packets no longer."""
        packets = self._open.pop(key)
        self._bytes -= sum(len(packet.raw) for packet in packets.values())
        return packets

    def _give_up(self, key: tuple[str, int]) -> Undecodable:
        """Return an incomplete message with what came of it."""
        packets = self._forget(key)
        total = next(iter(packets.values())).total
        missing = [number for number in range(1, total + 1) if number not in packets]
        shown = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")  # noqa: PLR2004
        raw = b"".join(packets[number].raw for number in sorted(packets))
        reason = f"of {total} packets of station {key[0]} these never came: {shown}"
        return Undecodable(raw, "incomplete", reason)
