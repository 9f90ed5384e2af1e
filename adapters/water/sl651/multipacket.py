"""Messages in several packets (SYN frames, mode M3): collected within bounds, then joined.

A station sends all packets one after another and expects one answer (clause 6.3.1.2 c).
"""

from typing import Final, NamedTuple

import msgspec

from adapters.sdk.message import Undecodable

OPEN_MESSAGES: Final = 16
OPEN_BYTES: Final = 1_000_000
"""Of all open messages together. A message must fit into one of the bus (1 MiB) to be
put into quarantine; the largest picture of the schema, in packets of 256 bytes, does."""
_TIMES_ASKED: Final = 2
"""How often a station sends a packet again (clause 6.3.1.2 c)."""
_PIECE: Final = 256 << 10
_SHOWN: Final = 10


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One packet.

    Attributes:
        raw: The exact bytes of its frame.
        content: What it carries, after the counters.
        total: In how many packets the message comes.
        number: Which one this is, from 1.
        end: The character that ended it.
    """

    raw: bytes
    content: bytes
    total: int
    number: int
    end: int


class Asked(NamedTuple):
    """What to ask a station for.

    Attributes:
        number: The number of a packet that has not come.
        first: What the first packet carries: the serial number; empty while it is missing.
    """

    number: int
    first: bytes


Key = tuple[bool, bytes]
"""Whether in ASCII, and the head of a message's frames."""


class _Open:
    """A message whose packets have not all come."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.packets: dict[int, Packet] = {}
        self.asked: dict[int, int] = {}
        self.size = 0

    def missing(self) -> list[int]:
        """Return the numbers of the packets that have not come."""
        return [number for number in range(1, self.total + 1) if number not in self.packets]


class Reassembly:
    """Holds the packets of messages that are not complete, of one connection.

    A message is known by the head of its frames; the same packet again changes nothing,
    and another one under its number begins another message.
    """

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}
        self._bytes = 0

    def add(
        self, is_ascii: bool, head: bytes, packet: Packet, told: list[Undecodable]
    ) -> list[Packet]:
        """Take a packet; return all packets in order when it was the last that lacked.

        Args:
            is_ascii: How its frame is written.
            head: Centre, station, password and function of its frame.
            packet: The packet.
            told: Where to put what is given up.
        """
        if not 1 <= packet.number <= packet.total:
            reason = f"packet {packet.number} of {packet.total}: there is no such packet"
            told.append(Undecodable(packet.raw, "packet", reason))
            return []
        key = (is_ascii, head)
        message = self._open.get(key)
        if message is not None and _is_other(message, packet):
            told += self._give_up(key)
            message = None
        if message is None:
            message = self._open[key] = _Open(packet.total)
        if packet.number not in message.packets:
            message.packets[packet.number] = packet
            message.size += len(packet.raw)
            self._bytes += len(packet.raw)
        if len(message.packets) == message.total:
            self._forget(key)
            return [message.packets[number] for number in range(1, message.total + 1)]
        while len(self._open) > OPEN_MESSAGES or self._bytes > OPEN_BYTES:
            told += self._give_up(next(iter(self._open)))
        return []

    def ask(self, is_ascii: bool, head: bytes, told: list[Undecodable]) -> Asked | None:
        """Say which packet to ask for now that the last one has come; None: none.

        Args:
            is_ascii: How its frames are written.
            head: Whose.
            told: Where to put the message when it has been asked for often enough.
        """
        key = (is_ascii, head)
        message = self._open.get(key)
        if message is None:
            return None
        number = message.missing()[0]
        times = message.asked.get(number, 0)
        if times >= _TIMES_ASKED:
            told += self._give_up(key)
            return None
        message.asked[number] = times + 1
        first = message.packets.get(1)
        return Asked(number, first.content if first else b"")

    def close(self) -> list[Undecodable]:
        """Return what did not come complete."""
        return [piece for key in tuple(self._open) for piece in self._give_up(key)]

    def _forget(self, key: Key) -> _Open:
        """Hold a message's packets no longer."""
        message = self._open.pop(key)
        self._bytes -= message.size
        return message

    def _give_up(self, key: Key) -> list[Undecodable]:
        """Return an incomplete message with what came of it, in pieces."""
        message = self._forget(key)
        missing = message.missing()
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        station = key[1][1:6].hex().upper()
        reason = f"of {message.total} packets of station {station} these never came: {shown}"
        pieces = [b""]
        for number in sorted(message.packets):
            raw = message.packets[number].raw
            if len(pieces[-1]) + len(raw) > _PIECE:
                pieces.append(b"")
            pieces[-1] += raw
        return [Undecodable(piece, "incomplete", reason) for piece in pieces]


def _is_other(message: _Open, packet: Packet) -> bool:
    """Tell whether a packet belongs to another message than the open one of its station."""
    held = message.packets.get(packet.number)
    return packet.total != message.total or (held is not None and held.content != packet.content)
