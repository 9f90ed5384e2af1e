"""Cuts a connection's bytes into frames, and accounts for every byte that is none.

What it gives depends on the bytes alone, never on how they were cut into chunks.
"""

import re
from typing import Final

from adapters.sdk.message import Undecodable
from adapters.water.sl651.answers import Answers
from adapters.water.sl651.frame import (
    ADDRESS,
    COUNTERS,
    DOWN,
    ETX,
    HEAD,
    LENGTH,
    MARK,
    STX,
    SYN,
    TAIL,
    Frame,
    crc,
)
from adapters.water.sl651.multipacket import Packet, Reassembly

_START: Final = re.compile(rb"\x7e\x7e.{11}[\x02\x16]", re.DOTALL)
_BEGUN: Final = re.compile(rb"\x7e(?:\x7e.{0,11})?\Z", re.DOTALL)
_BEGUN_BYTES: Final = HEAD - 1
# Stations end queries and reports of events with control characters of the downlink.
_ENDS: Final = frozenset({0x03, 0x17, 0x04, 0x05, 0x06, 0x15, 0x1B})
_LENGTH: Final = 0x0FFF
_RUN: Final = 4096
"""Bytes that are no frame are given in pieces of at most this size."""


class Sl651Decoder:
    """Cuts one connection's bytes into messages.

    Holds at most one frame (4,112 bytes), a run of bytes that are none, and the packets
    of open messages within the bounds of :mod:`multipacket`.

    Table 22 lets the length of a SYN frame reach FFFFH, which the four bits of the
    direction in the same field contradict; it is read as 12 bits, as table 20 has it.

    Args:
        answers: Writes the requests for missing packets; None: nothing is asked for (M1).
    """

    def __init__(self, answers: Answers | None = None) -> None:
        self._answers = answers
        self._held = b""
        self._need = 0
        self._run = b""
        self._packets = Reassembly()

    def feed(self, data: bytes) -> list[Frame | Undecodable]:
        """Take the bytes that came next; return what they complete, in order."""
        held = self._held + data if self._held else data
        if len(held) < self._need:
            self._held = held
            return []
        return self._cut(held, ended=False)

    def close(self) -> list[Frame | Undecodable]:
        """Return what is left: half a frame, and messages whose packets did not all come."""
        return [*self._cut(self._held, ended=True), *self._packets.close()]

    def _cut(self, held: bytes, *, ended: bool) -> list[Frame | Undecodable]:
        """Return what stands in the bytes; keep what may be the beginning of a frame."""
        found: list[Frame | Undecodable] = []
        at, size = 0, len(held)
        self._need = 0
        while at < size:
            if _START.match(held, at) is None:
                start = _START.search(held, at)
                rest = size if ended else _begun(held, at)
                stop = start.start() if start is not None else rest
                self._gather(held[at:stop], found)
                at = stop
                if start is None:
                    break
            self._end_run(found)
            end = at + HEAD + (int.from_bytes(held[at + 11 : at + 13], "big") & _LENGTH) + TAIL
            if end <= size:
                at += self._take(held[at:end], found)
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
        run = self._run + piece if self._run else piece
        first = 0
        while len(run) - first > _RUN:
            found.append(_no_frame(run[first : first + _RUN]))
            first += _RUN
        self._run = run[first:]

    def _end_run(self, found: list[Frame | Undecodable]) -> None:
        """Report the run of bytes that are no frame."""
        if self._run:
            found.append(_no_frame(self._run))
            self._run = b""

    def _take(self, raw: bytes, found: list[Frame | Undecodable]) -> int:
        """Check one frame; return how many bytes it took."""
        said, is_so = int.from_bytes(raw[-2:], "big"), crc(raw[:-2])
        if said != is_so:
            # A wrong length swallows what follows: a frame that begins inside is kept.
            start = _START.search(raw, 1)
            piece = raw[: start.start() if start else _begun(raw, 1)]
            reason = (
                f"the checksum is {said:04X}, calculated is {is_so:04X} over {len(raw) - 2} bytes: "
                "damaged on its way, or a wrong length"
            )
            found.append(Undecodable(piece, "crc", reason))
            return len(piece)
        if raw[LENGTH] >> 4 == DOWN:
            reason = "a downlink frame (direction 8) came from a station, expected uplink (0)"
            found.append(Undecodable(raw, "direction", reason))
        elif raw[-3] not in _ENDS:
            reason = f"the end character is {raw[-3]:02X}, expected 03 (ETX) or 17 (ETB)"
            found.append(Undecodable(raw, "end", reason))
        elif raw[HEAD - 1] == STX:
            found.append(Frame(raw, raw[ADDRESS:LENGTH], raw[HEAD:-TAIL], raw[-3]))
        else:
            self._collect(raw, found)
        return len(raw)

    def _collect(self, raw: bytes, found: list[Frame | Undecodable]) -> None:
        """Take a packet; with the last one, give the message or ask for what is missing."""
        head, counters = raw[ADDRESS:LENGTH], int.from_bytes(raw[HEAD : HEAD + COUNTERS], "big")
        content = raw[HEAD + COUNTERS : -TAIL]
        total, number = counters >> 12, counters & 0xFFF
        if len(raw) < HEAD + COUNTERS + TAIL:
            total, number = 0, 0
        told: list[Undecodable] = []
        packets = self._packets.add(head, Packet(raw, content, total, number, raw[-3]), told)
        if packets:
            whole = b"".join(packet.raw for packet in packets)
            body = b"".join(packet.content for packet in packets)
            found.append(Frame(whole, head, body, packets[-1].end, len(packets)))
        elif self._answers is not None and _is_last(raw[-3], number, total):
            asked = self._packets.ask(head, told)
            if asked is not None:
                answer = self._answers.repeat_request(head, asked[1], total, asked[0])
                reason = (
                    f"the last of {total} packets came and packet {asked[0]} had not; this one "
                    "is kept until it comes"
                )
                told.append(Undecodable(raw, "missing", reason, answer))
        found += told


def _is_last(end: int, number: int, total: int) -> bool:
    """Tell whether a station now waits for an answer: packets sent again end with ETX too."""
    return 1 <= number <= total and (end == ETX or number == total)


def _begun(held: bytes, at: int) -> int:
    """Return where at the end of the bytes a frame may have begun; their end if nowhere."""
    begun = _BEGUN.search(held, max(at, len(held) - _BEGUN_BYTES))
    return begun.start() if begun else len(held)


def _half(held: bytes, size: int, found: list[Frame | Undecodable]) -> int:
    """Report a frame of which not all came; return where in it another one begins."""
    start = _START.search(held, 1)
    piece = held[: start.start()] if start else held
    reason = f"the connection ended within a frame: {len(piece)} of its {size} bytes came"
    found.append(Undecodable(piece, "half", reason))
    return len(piece)


def _no_frame(run: bytes) -> Undecodable:
    """Report bytes that belong to no frame."""
    if run.startswith(MARK) and len(run) >= HEAD:
        reason = (
            f"the frame's start character is {run[HEAD - 1]:02X}, "
            f"expected {STX:02X} (STX) or {SYN:02X} (SYN)"
        )
        return Undecodable(run, "start", reason)
    return Undecodable(run, "garbage", f"{len(run)} bytes that are no frame: one begins with 7E7E")
