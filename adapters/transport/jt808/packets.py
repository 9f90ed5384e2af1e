"""Split messages put together from their packets (JT/T 808-2013, 7.12)."""

from collections import OrderedDict
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.transport.jt808.frame import Frame

_SERIALS: Final = 0x10000

Key = tuple[bytes, int, int, int]


class Packets:
    """Remembers the packets of split messages; the oldest messages are forgotten first.

    Packets of a message have serial numbers that follow each other, so the serial of the
    first tells messages apart. A complete message is still remembered, so that a packet
    sent again gives the whole again. One that grows too long is let go: each of its packets
    is a record of its own, so nothing is lost but the whole.

    Args:
        open_messages: How many messages are remembered.
        longest: Most bytes of one.
    """

    def __init__(self, open_messages: int, longest: int) -> None:
        self._room = open_messages
        self._longest = longest
        self._open: OrderedDict[Key, dict[int, Frame] | None] = OrderedDict()

    def add(self, packet: Frame) -> None:
        """Remember a packet.

        Raises:
            Untranslatable: Its number lies beyond how many there are.
        """
        if not 1 <= packet.index <= packet.total:
            raise Untranslatable(
                "packet",
                f"{packet.index} of {packet.total}",
                expected="the packet's number, from 1 to how many there are",
                cause="packet",
            )
        key = _key(packet)
        known = self._open.setdefault(key, {})
        self._open.move_to_end(key)
        if known is not None:
            known[packet.index] = packet
            if sum(len(one.body) for one in known.values()) > self._longest:
                self._open[key] = None
        while len(self._open) > self._room:
            self._open.popitem(last=False)

    def whole(self, packet: Frame) -> Frame | None:
        """Return the message that a packet belongs to, once it is complete.

        It has the serial number of its first packet, and the bytes of all.
        """
        known = self._open.get(_key(packet))
        if known is None or len(known) < packet.total:
            return None
        packets = [known[index] for index in range(1, packet.total + 1)]
        first = packets[0]
        return Frame(
            b"".join(one.raw for one in packets),
            first.id,
            first.terminal,
            first.phone,
            first.serial,
            b"".join(one.body for one in packets),
            first.version,
        )

    def missing(self, packet: Frame) -> list[int]:
        """Return the numbers of the packets that lack in a packet's message.

        A message that was let go lacks none: there is no use in sending it again.
        """
        known = self._open.get(_key(packet))
        if known is None:
            return []
        return [index for index in range(1, packet.total + 1) if index not in known]


def first_serial(packet: Frame) -> int:
    """Return the serial number of the first packet of a packet's message."""
    return (packet.serial - packet.index + 1) % _SERIALS


def _key(packet: Frame) -> Key:
    return packet.terminal, packet.id, packet.total, first_serial(packet)
