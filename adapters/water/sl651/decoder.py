"""Cuts a connection's bytes into frames, and accounts for every byte that is none.

What it gives depends on the bytes alone, never on how they were cut into chunks.
"""

from typing import Final, NamedTuple

from adapters.sdk.message import Undecodable
from adapters.water.sl651.answers import Answers
from adapters.water.sl651.encoding import (
    LENGTH,
    START,
    Encoding,
    begun,
    encoding_at,
    start_fault,
)
from adapters.water.sl651.frame import DOWN, ETX, STX, Frame, crc
from adapters.water.sl651.multipacket import Packet, Reassembly

# Stations end queries and reports of events with control characters of the downlink.
_ENDS: Final = frozenset({0x03, 0x17, 0x04, 0x05, 0x06, 0x15, 0x1B})
_LINE_ENDS: Final = b"\r\n"
"""Modems write them after each frame."""
_COUNTER: Final = 0xFFF
_RUN: Final = 4096
"""Bytes that are no frame are given in pieces of at most this size."""


class _Fault(NamedTuple):
    """Why bytes belong to no frame; empty: they do not begin as one."""

    cause: str = ""
    reason: str = ""


_NONE: Final = _Fault()


class Sl651Decoder:
    """Cuts one connection's bytes into messages, in either encoding.

    Holds at most one frame (4,124 bytes), a run of bytes that are none, and the packets
    of open messages within the bounds of :mod:`multipacket`.

    Args:
        answers: Writes the requests for missing packets; None: nothing is asked for (M1).
        packets: Holds the packets of messages beyond these bytes, as each datagram has a
            decoder of its own; None: they come over one connection.
    """

    def __init__(self, answers: Answers | None = None, packets: Reassembly | None = None) -> None:
        self._answers = answers
        self._held = b""
        self._need = 0
        self._run = b""
        self._fault = _NONE
        self._is_whole = packets is None
        self._packets = Reassembly() if packets is None else packets

    def feed(self, data: bytes) -> list[Frame | Undecodable]:
        """Take the bytes that came next; return what they complete, in order."""
        held = self._held + data if self._held else data
        if len(held) < self._need:
            self._held = held
            return []
        return self._cut(held, ended=False)

    def close(self) -> list[Frame | Undecodable]:
        """Return what is left: half a frame, and messages whose packets did not all come."""
        rest = self._cut(self._held, ended=True)
        return [*rest, *self._packets.close()] if self._is_whole else rest

    def _cut(self, held: bytes, *, ended: bool) -> list[Frame | Undecodable]:
        """Return what stands in the bytes; keep what may be the beginning of a frame."""
        found: list[Frame | Undecodable] = []
        at, size = 0, len(held)
        self._need = 0
        while at < size:
            if START.match(held, at) is None:
                start = START.search(held, at)
                rest = size if ended else begun(held, at)
                stop = start.start() if start is not None else rest
                self._gather(held[at:stop], found)
                at = stop
                if start is None:
                    break
            self._end_run(found)
            encoding = encoding_at(held, at)
            length = encoding.length(held, at)
            end = at + encoding.head + (length & LENGTH) + encoding.tail
            if end <= size:
                at += self._take(held[at:end], encoding, length >> 12, found)
            elif ended:
                at += _half(held[at:], end - at, found)
            else:
                self._need = end - at
                break
        self._held = held[at:]
        if ended:
            self._end_run(found)
        return found

    def _gather(self, piece: bytes, found: list[Frame | Undecodable]) -> None:
        """Add bytes to the run of those that are no frame; report it when it is long."""
        if not piece:
            return
        run = self._run + piece if self._run else piece
        first = 0
        while len(run) - first > _RUN:
            found.append(_no_frame(run[first : first + _RUN], self._fault))
            first += _RUN
        self._run = run[first:]

    def _end_run(self, found: list[Frame | Undecodable]) -> None:
        """Report the run of bytes that are no frame; line ends between frames are nothing."""
        if self._run and (self._fault is not _NONE or self._run.strip(_LINE_ENDS)):
            found.append(_no_frame(self._run, self._fault))
        self._run, self._fault = b"", _NONE

    def _take(
        self, raw: bytes, encoding: Encoding, direction: int, found: list[Frame | Undecodable]
    ) -> int:
        """Check one frame; return how many bytes it took."""
        checked = 1 - encoding.tail
        said, is_so = encoding.number(raw[checked:]), crc(raw[:checked])
        if said != is_so:
            shown = raw[checked:].decode("ascii", "replace") if said < 0 else f"{said:04X}"
            is_swapped = said == (is_so & 0xFF) << 8 | is_so >> 8
            why = (
                "its bytes are swapped, let the station send the high byte first"
                if is_swapped
                else "damaged on its way, or a wrong length"
            )
            size = len(raw) + checked
            reason = f"the checksum is {shown}, calculated is {is_so:04X} over {size} bytes: {why}"
            return self._damaged(raw, reason, found)
        end = raw[-encoding.tail]
        if direction == DOWN:
            reason = "a downlink frame (direction 8) came from a station, expected uplink (0)"
            found.append(Undecodable(raw, "direction", reason))
        elif end not in _ENDS:
            reason = f"the end character is {end:02X}, expected 03 (ETX) or 17 (ETB)"
            found.append(Undecodable(raw, "end", reason))
        elif raw[encoding.head - 1] == STX:
            body = raw[encoding.head : -encoding.tail]
            found.append(Frame(raw, encoding.address(raw), body, end, is_ascii=encoding.is_ascii))
        else:
            self._collect(raw, encoding, found)
        return len(raw)

    def _damaged(self, raw: bytes, reason: str, found: list[Frame | Undecodable]) -> int:
        """Report a frame with a wrong checksum; return how many bytes it took.

        A wrong length swallows what follows: a frame that begins inside is kept. Whether
        its last bytes begin one, the next will tell; else they belong to it.
        """
        start = START.search(raw, 1)
        size = start.start() if start else begun(raw, 1)
        self._run, self._fault = raw[:size], _Fault("crc", reason)
        if start or size == len(raw):
            self._end_run(found)
        return size

    def _collect(self, raw: bytes, encoding: Encoding, found: list[Frame | Undecodable]) -> None:
        """Take a packet; with the last one, give the message or ask for what is missing."""
        content = raw[encoding.head : -encoding.tail]
        counters = encoding.number(content[: encoding.counters])
        if len(content) < encoding.counters or counters < 0:
            counters = 0
        total, number = counters >> 12, counters & _COUNTER
        head, end = encoding.address(raw), raw[-encoding.tail]
        told: list[Undecodable] = []
        packet = Packet(raw, content[encoding.counters :], total, number, end)
        packets = self._packets.add(encoding.is_ascii, head, packet, told)
        if packets:
            whole = b"".join(packet.raw for packet in packets)
            body = b"".join(packet.content for packet in packets)
            last = packets[-1].end
            found.append(Frame(whole, head, body, last, len(packets), encoding.is_ascii))
        elif self._answers is not None and _is_last(end, number, total):
            asked = self._packets.ask(encoding.is_ascii, head, told)
            if asked is not None:
                serial = asked.first[: encoding.serial]
                answer = self._answers.repeat_request(
                    encoding.is_ascii, head, serial, total, asked.number
                )
                reason = (
                    f"the last of {total} packets came and packet {asked.number} had not; this "
                    "one is kept until it comes"
                )
                told.append(Undecodable(raw, "missing", reason, answer))
        found += told


def _is_last(end: int, number: int, total: int) -> bool:
    """Tell whether a station now waits for an answer: packets sent again end with ETX too."""
    return 1 <= number <= total and (end == ETX or number == total)


def _half(held: bytes, size: int, found: list[Frame | Undecodable]) -> int:
    """Report a frame of which not all came; return where in it another one begins."""
    start = START.search(held, 1)
    piece = held[: start.start()] if start else held
    reason = f"the connection ended within a frame: {len(piece)} of its {size} bytes came"
    found.append(Undecodable(piece, "half", reason))
    return len(piece)


def _no_frame(run: bytes, damage: _Fault) -> Undecodable:
    """Report bytes that belong to no frame, or to the damaged one with this fault."""
    if damage.cause:
        return Undecodable(run, damage.cause, damage.reason)
    fault = start_fault(run)
    if fault:
        return Undecodable(run, "start", fault)
    reason = f"{len(run)} bytes that are no frame: one begins with 7E7E, or SOH (01) in ASCII"
    return Undecodable(run, "garbage", reason)
